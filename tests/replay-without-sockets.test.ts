import { spawnSync } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { expect, test } from "vitest";

const root = join(import.meta.dirname, "..");
const deny = pathToFileURL(join(import.meta.dirname, "deny-sockets.mjs")).href;
const tsx = pathToFileURL(join(root, "node_modules", "tsx", "dist", "loader.mjs")).href;

function runDenied(...words: string[]): { readonly status: number | null; readonly output: string } {
  const done = spawnSync(process.execPath, ["--import", tsx, "--import", deny, ...words], { cwd: root, encoding: "utf8" });
  return { status: done.status, output: `${done.stdout}${done.stderr}` };
}

test("a replay opens no socket", async () => {
  const home = await mkdtemp(join(tmpdir(), "mlb-denied-"));
  try {
    const replay = runDenied(
      join(root, "src", "cli", "main.ts"),
      "--home",
      home,
      ..."transform --endpoint game --method live_game_v1 --game-pks 747175 --stub-mode replay --save".split(" "),
    );
    expect(replay.output).toContain("1 applied");
    expect(replay.status).toBe(0);
  } finally {
    await rm(home, { recursive: true, force: true });
  }
});

test("the guard of that test ends a process that opens a socket", () => {
  expect(runDenied("--eval", "require('node:net').connect(9, '127.0.0.1')").status).toBe(99);
});
