import { expect, test } from "vitest";
import { UserError } from "../core/errors.ts";
import { resolveSettings } from "./settings.ts";

function failureOf(flags: { readonly store?: string }, environment: Readonly<Record<string, string>> = {}): UserError | null {
  try {
    resolveSettings(flags, environment, null);
    return null;
  } catch (error) {
    if (error instanceof UserError) return error;
    throw error;
  }
}

test.each(["postgresql://ann:geheim@db/mlb", "postgresql://ann@db/mlb?password=geheim", "postgresql://ann:ge@heim@db/mlb"])(
  "a store with a password is refused as a flag, and not repeated: %s",
  (store) => {
    const failure = failureOf({ store });
    expect(failure).toMatchObject({ code: "config.store-password", exit: 2 });
    expect(failure?.text.next).toContain("PGPASSWORD");
    expect(failure?.message).not.toContain("geheim");
    // The environment may hold it.
    expect(failureOf({}, { MLB_STORE: store })?.code).not.toBe("config.store-password");
    expect(failureOf({}, { MLB_STORE: store })?.message ?? "").not.toContain("geheim");
  },
);

test("the name of a file is no password", () => {
  expect(failureOf({ store: "duckdb:/home/ann:1@work/a.duckdb" })).toBeNull();
});

test("what is shown of a server has no password; what connects has it", () => {
  const url = "postgresql://ann:geheim@db/mlb";
  const { values, urls } = resolveSettings({}, { MLB_STORE: url }, null);
  expect(values).toMatchObject({ store: "postgresql://ann:***@db/mlb", raw: "postgresql://ann:***@db/mlb" });
  expect(urls).toEqual({ store: url, raw: url });
});

test("captures are where the store is, where nothing else is said", () => {
  const rawOf = (flags: { readonly store?: string; readonly raw?: string }): string => resolveSettings(flags, {}, null).values.raw;
  expect(rawOf({})).toBe("home");
  expect(rawOf({ store: "duckdb:a.duckdb" })).toBe("home");
  expect(rawOf({ store: "postgresql://db/mlb" })).toBe("postgresql://db/mlb");
  expect(rawOf({ store: "postgresql://db/mlb", raw: "home" })).toBe("home");
  expect(rawOf({ store: "duckdb:a.duckdb", raw: "postgresql://db/mlb" })).toBe("postgresql://db/mlb");
  expect(() => rawOf({ raw: "files" })).toThrow("captures are at no such place");
  expect(() => rawOf({ raw: "postgresql://ann:geheim@db/mlb" })).toThrow("--raw holds a password");
});
