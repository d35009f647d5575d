import { describe, expect, test } from "vitest";
import { hasPassword, withoutPassword } from "./url-password.ts";

describe("what is shown of a URL has no password", () => {
  test.each([
    ["behind the user", "postgresql://ann:geheim@db.example:5433/mlb", "postgresql://ann:***@db.example:5433/mlb"],
    ["an empty one", "postgresql://ann:@db/mlb", "postgresql://ann:***@db/mlb"],
    ["as a parameter", "postgresql://ann@db/mlb?password=geheim&sslmode=require", "postgresql://ann@db/mlb?password=***&sslmode=require"],
    ["as the first of two", "postgresql:///mlb?PassWord=geheim&sslpassword=geheim", "postgresql:///mlb?PassWord=***&sslpassword=***"],
    ["under an encoded name", "postgresql://db/mlb?%70%61ssword=geheim", "postgresql://db/mlb?%70%61ssword=***"],
    ["with a character that should be encoded", "postgresql://ann:ge@heim@db/mlb", "postgresql:***"],
    ["with a slash that should be encoded", "postgresql://ann:ge/heim@db/mlb", "postgresql:***"],
    ["with a space", "postgresql://ann:ge heim@db/mlb", "postgresql:***"],
    ["with a line break", "postgresql://ann:ge\nheim@db/mlb", "postgresql:***"],
    ["where the host was forgotten", "postgresql://ann:geheim/mlb", "postgresql://ann:***/mlb"],
    ["where the host was forgotten, and it begins with a digit", "postgresql://ann:1geheim/mlb", "postgresql://ann:***/mlb"],
    ["where a slash is missing", "postgresql:/ann:geheim@db/mlb", "postgresql:***"],
    ["behind two schemes", "delta:s3://key:geheim@bucket/lake", "delta:s3://key:***@bucket/lake"],
    ["as a token", "delta:s3://bucket/lake?session_token=geheim", "delta:s3://bucket/lake?session_token=***"],
  ])("%s", (_, url, shown) => {
    expect(withoutPassword(url)).toBe(shown);
    expect(hasPassword(url)).toBe(true);
  });

  test.each([
    "postgresql://ann@db.example:5433/mlb?sslmode=verify-full&passfile=/home/ann/pass&connect_timeout=5",
    "postgresql://[::1]:5432/mlb",
    "postgresql:///mlb?host=/var/run/postgresql",
    "/home/ann@work/a:b",
    "C:\\work",
    "duckdb:/home/ann@work/a:b.duckdb",
    "delta:s3://bucket/lake",
  ])("nothing is hidden of %s", (url) => {
    expect(withoutPassword(url)).toBe(url);
    expect(hasPassword(url)).toBe(false);
  });
});
