import { describe, expect, test } from "vitest";
import { decidingFlags, repeatFlags } from "./repeat-flags.ts";

const flags = decidingFlags({ home: "/data/my home", configDir: "cfg", json: true, maxMemory: "512" });

describe("the flags of a command", () => {
  test("that decide what it works on stand in the command that it names as the next", () => {
    expect(repeatFlags("1 change\n  next: mlb-etl rebuild --endpoint game", flags)).toBe(
      "1 change\n  next: mlb-etl --home '/data/my home' --config-dir cfg rebuild --endpoint game",
    );
  });

  test("are repeated in each command of the line, and not where one has them already", () => {
    expect(repeatFlags("next: mlb-etl schema apply; then mlb-etl transform --save", [["--store", "duckdb:a"]])).toBe(
      "next: mlb-etl --store duckdb:a schema apply; then mlb-etl --store duckdb:a transform --save",
    );
    expect(repeatFlags("next: mlb-etl transform --store duckdb:b", [["--store", "duckdb:a"]])).toBe(
      "next: mlb-etl transform --store duckdb:b",
    );
  });

  test("are in no other line", () => {
    expect(repeatFlags("mlb-etl transform is told of here", flags)).toBe("mlb-etl transform is told of here");
    expect(repeatFlags("next: mlb-etl --help", flags)).toBe("next: mlb-etl --help");
  });

  test("are none where none was given", () => {
    expect(repeatFlags("next: mlb-etl rebuild", decidingFlags({ json: true }))).toBe("next: mlb-etl rebuild");
  });
});
