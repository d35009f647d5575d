import { execFile } from "node:child_process";
import { join } from "node:path";
import { execPath } from "node:process";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { OUTPUT_SCHEMAS } from "../src/cli/output-schemas.ts";
import { parseFault } from "../src/core/faults.ts";
import { SmallCli } from "./small-cli.ts";

const execute = promisify(execFile);

test("a fault at each step of a short matrix is reached, and after a restart all is as without it", async () => {
  const main = join(import.meta.dirname, "../src/cli/main.ts");
  const { stdout } = await execute(execPath, ["--import", "tsx", main, "verify", "crash", "--short", "--json", "--no-progress"], {
    cwd: join(import.meta.dirname, ".."),
    maxBuffer: 1 << 24,
  });
  const report: unknown = JSON.parse(stdout);
  expect(OUTPUT_SCHEMAS["verify-crash"].safeParse(report).error?.issues ?? []).toEqual([]);
  expect(report).toMatchObject({ store: "embedded", equal: 4, not_reached: 0, different: 0, exit: 0 });
}, 900_000);

test("a fault is a kind at a step; what is none stops the program before it does anything", async () => {
  expect(parseFault("kill@commit.begin")).toEqual({ kind: "kill", step: "commit.begin", nth: 1 });
  expect(parseFault("enospc@apply.staged#3")).toEqual({ kind: "enospc", step: "apply.staged", nth: 3 });
  for (const text of ["kill", "kill@nowhere", "explode@commit.begin", "kill@commit.begin#0", "kill@commit.begin "])
    expect(() => parseFault(text)).toThrow("MLB_FAULT is no fault");
  await using cli = await SmallCli.open();
  expect((await cli.json(["verify", "crash", "--step", "nowhere"], false)).data).toMatchObject({ error: { code: "usage.crash" }, exit: 2 });
});
