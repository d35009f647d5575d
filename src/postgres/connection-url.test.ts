import { describe, expect, test } from "vitest";
import { UserError } from "../core/errors.ts";
import { parseConnectionUrl } from "./connection-url.ts";

describe("a URL says", () => {
  test.each([
    ["nothing", "postgresql://", {}],
    ["a database", "postgres:///mlb", { dbname: "mlb" }],
    [
      "all in front",
      "postgresql://ann:geheim@db.example:5433/mlb",
      { user: "ann", password: "geheim", host: "db.example", port: "5433", dbname: "mlb" },
    ],
    ["an address of version 6", "postgresql://[::1]:5433/mlb", { host: "::1", port: "5433", dbname: "mlb" }],
    ["the folder of a socket", "postgresql://ann@/mlb?host=/run/pg&port=1", { user: "ann", dbname: "mlb", host: "/run/pg", port: "1" }],
    ["the folder of a socket, encoded", "postgresql://%2Frun%2Fpg/mlb", { host: "/run/pg", dbname: "mlb" }],
    ["what is encoded", "postgresql://a%40n:p%3Aw%2F%40@h/m%20l", { user: "a@n", password: "p:w/@", host: "h", dbname: "m l" }],
    ["a password with a colon", "postgresql://ann:a:b@h", { user: "ann", password: "a:b", host: "h" }],
    [
      "parameters",
      "postgresql://h/m?sslmode=verify-ca&connect_timeout=3",
      { host: "h", dbname: "m", sslmode: "verify-ca", connect_timeout: "3" },
    ],
    ["a value with an equals sign", "postgresql://h?application_name=a=b", { host: "h", application_name: "a=b" }],
  ])("%s", (_, url, expected) => {
    expect(parseConnectionUrl(url)).toEqual(expected);
  });
});

const refusal = (url: string): UserError => {
  try {
    parseConnectionUrl(url);
  } catch (error) {
    if (error instanceof UserError) return error;
    throw error;
  }
  throw new Error("nothing is wrong with it");
};

describe("a URL is refused", () => {
  test.each([
    ["of another kind", "mysql://h/m", "cannot be read"],
    ["without slashes", "postgresql:h/m", "cannot be read"],
    ["with several hosts", "postgresql://a,b/m", "names several hosts"],
    ["with several hosts and ports", "postgresql://a:1,b:2/m", "names several hosts"],
    ["with a port that is none", "postgresql://h:x/m", "cannot be read"],
    ["with an @ in the password", "postgresql://ann:ge@heim@h/m", "cannot be read"],
    ["with a slash in the password", "postgresql://ann:ge/heim@h/m", "cannot be read"],
    ["with two paths", "postgresql://h/m/n", "cannot be read"],
    ["with a fragment", "postgresql://h/m#n", "cannot be read"],
    ["with a wrong code", "postgresql://h/%zz", "wrongly encoded"],
    ["with U+0000", "postgresql://h/m%00", "wrongly encoded"],
    ["with a line break", "postgresql://h/m?application_name=a%0Ab", "wrongly encoded"],
    ["that says the host twice", "postgresql://h/m?host=i", "says host twice"],
    ["that says a parameter twice", "postgresql:///m?user=a&user=b", "says user twice"],
    ["with a parameter without value", "postgresql:///m?user=", "gives no value to user"],
    ["with a parameter without equals sign", "postgresql:///m?user", "gives no value to user"],
  ])("%s", (_, url, message) => {
    const error = refusal(url);
    expect(error.message).toContain(message);
    expect(error.code).toBe("postgres.url");
    expect(error.exit).toBe(2);
    expect(error.message).not.toMatch(/geheim|heim/);
  });

  test("with an unknown parameter, which is named with the nearest one and without its value", () => {
    const error = refusal("postgresql://h/m?sslmod=geheim");
    expect(error.code).toBe("postgres.parameter");
    expect(error.text.message).toContain('"sslmod"');
    expect(error.text.next).toBe("did you mean sslmode?");
    expect(error.message).not.toContain("geheim");
  });
});
