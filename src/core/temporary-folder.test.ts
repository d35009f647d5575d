import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execPath } from "node:process";
import { afterEach, beforeEach, expect, test } from "vitest";
import { openTemporaryFolder } from "./temporary-folder.ts";

let root = "";
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "temporary-folder-"));
});
afterEach(async () => {
  await rm(root, { recursive: true, force: true });
});

test("a folder is there until it is given back", async () => {
  let path = "";
  {
    await using folder = await openTemporaryFolder(root);
    ({ path } = folder);
    await writeFile(join(path, "a"), "");
    expect(existsSync(path)).toBe(true);
  }
  expect(existsSync(path)).toBe(false);
});

test("what a killed process left is removed by the next one, and what a living one has stays", async () => {
  const module = new URL("temporary-folder.ts", import.meta.url).href;
  const script = `const { openTemporaryFolder } = await import(${JSON.stringify(module)}); await openTemporaryFolder(${JSON.stringify(root)}); console.log("made"); setInterval(() => {}, 1000);`;
  const child = spawn(execPath, ["--import", "tsx", "--input-type=module", "--eval", script], { stdio: ["ignore", "pipe", "inherit"] });
  await once(child.stdout, "data");
  const left = await readdir(root);
  expect(left).toHaveLength(1);
  await using mine = await openTemporaryFolder(root);
  expect(await readdir(root)).toEqual(expect.arrayContaining(left));
  child.kill("SIGKILL");
  await once(child, "exit");
  await using next = await openTemporaryFolder(root);
  expect((await readdir(root)).map((name) => join(root, name)).toSorted()).toEqual([mine.path, next.path].toSorted());
});

test("folders of others are left alone", async () => {
  await mkdir(join(root, "other"));
  await mkdir(join(root, "mlb-etl-being-made"));
  await writeFile(join(root, "mlb-etl-file"), "");
  await using folder = await openTemporaryFolder(root);
  expect((await readdir(root)).toSorted()).toEqual(
    ["mlb-etl-being-made", "mlb-etl-file", "other", folder.path.slice(root.length + 1)].toSorted(),
  );
});
