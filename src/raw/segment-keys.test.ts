import { copyFile, mkdtemp, readFile, readdir, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { BodyChecker } from "./body.ts";
import type { CheckedCapture } from "./capture.ts";
import { checkCapture } from "./check-capture.ts";
import { SegmentStore } from "./segment-store.ts";

const TABLE = "game.feed";
const LIMITS = { maxBytes: 1 << 20, maxCaptures: 3 };
const checker = new BodyChecker();
let root: string;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "segment-keys-"));
});

afterEach(async () => {
  await rm(root, { recursive: true, force: true });
});

function capture(n: number, request = n): CheckedCapture {
  const body = Buffer.from(`{"n":${String(n)}}`);
  return checkCapture(
    { endpoint: "game", method: "feed", parameters: { game_pk: String(request) }, url: null, status: 200, kind: "answer", body },
    checker,
    () => "2024-07-13T04:19:09.000000Z",
  ).checked;
}

/** A writer as a new process has it. */
function open(folder: string): SegmentStore {
  return new SegmentStore({ root: folder, limits: LIMITS });
}

/** Three segments: captures 1-3, 4-6, 7. */
async function fill(folder: string, from = 1): Promise<void> {
  for (let n = from; n < from + 7; n++) await open(folder).append([capture(n)]);
}

function keys(folder: string, segment: number): string {
  return join(folder, TABLE, `00000${String(segment)}.keys`);
}

async function append(folder: string, ...captures: readonly CheckedCapture[]): Promise<(readonly [string, number, boolean])[]> {
  const results = await open(folder).append(captures);
  return results.map(({ outcome, capture: { id }, sharedBody }) => [outcome, id, sharedBody] as const);
}

/** What is there before is found: a capture as such, and a body that another request has. */
async function expectFound(folder: string): Promise<void> {
  expect(await append(folder, capture(2), capture(6), capture(7))).toEqual([
    ["duplicate", 2, true],
    ["duplicate", 6, true],
    ["duplicate", 7, true],
  ]);
  const [[outcome, id, sharedBody] = []] = await append(folder, capture(1, 1000 + (await open(folder).lastId(TABLE))));
  expect([outcome, sharedBody]).toEqual(["stored", true]);
  for await (const { body } of open(folder).readBodies(open(folder).capturesByIds(TABLE, [id ?? 0])))
    expect(body.toString("utf8")).toBe('{"n":1}');
}

describe("the keys of full segments", () => {
  test("stand beside these, and not beside the last one", async () => {
    await fill(root);
    await expectFound(root);
    expect((await readdir(join(root, TABLE))).filter((name) => name.includes("keys"))).toEqual(["000001.keys", "000002.keys"]);
  });

  test("spare the writer the manifests: what stands between the ends of one is not read", async () => {
    await fill(root);
    const manifest = join(root, TABLE, "000001.captures.jsonl");
    const text = await readFile(manifest, "utf8");
    await writeFile(manifest, text.replace('{"id":2,', '["id":2,'));
    expect(await append(root, capture(3), capture(8))).toEqual([
      ["duplicate", 3, true],
      ["stored", 8, false],
    ]);
    // A line that is needed is read, and its damage said.
    await expect(append(root, capture(2))).rejects.toMatchObject({ code: "raw.damaged" });
  });

  test("are made again where they are missing, or a writer that was killed left a part of them", async () => {
    await fill(root);
    const whole = await readFile(keys(root, 1));
    await rm(keys(root, 1));
    await writeFile(`${keys(root, 1)}.new`, whole.subarray(0, 50));
    await expectFound(root);
    expect(await readFile(keys(root, 1))).toEqual(whole);
    expect((await readdir(join(root, TABLE))).filter((name) => name.endsWith(".new"))).toEqual([]);
  });

  test("are made again where they were torn or changed at any byte", async () => {
    await fill(root);
    const whole = await readFile(keys(root, 1));
    for (let at = 0; at < whole.length; at += 5) {
      await writeFile(keys(root, 1), whole.subarray(0, at));
      expect(await append(root, capture(2))).toEqual([["duplicate", 2, true]]);
      expect(await readFile(keys(root, 1))).toEqual(whole);
      const changed = Buffer.from(whole);
      changed[at] = (changed[at] ?? 0) ^ 0x10;
      await writeFile(keys(root, 1), changed);
      expect(await append(root, capture(2))).toEqual([["duplicate", 2, true]]);
      expect(await readFile(keys(root, 1))).toEqual(whole);
    }
  });

  test("of another raw table or segment are not believed", async () => {
    const other = join(root, "other");
    await fill(other, 100);
    await fill(root);
    const whole = await readFile(keys(root, 1));
    for (const foreign of [keys(other, 1), keys(root, 2)]) {
      await copyFile(foreign, keys(root, 1));
      await expectFound(root);
      expect(await readFile(keys(root, 1))).toEqual(whole);
    }
  });

  test("of raw that was restored from elsewhere are made again", async () => {
    const other = join(root, "other");
    await fill(other, 100);
    await fill(root);
    for (const name of await readdir(join(other, TABLE)))
      if (!name.endsWith(".keys")) await copyFile(join(other, TABLE, name), join(root, TABLE, name));
    expect(await append(root, capture(1), capture(101), capture(104))).toEqual([
      ["stored", 8, false],
      ["duplicate", 2, true],
      ["duplicate", 5, true],
    ]);
  });

  test("are looked through again when another writer fills a segment meanwhile", async () => {
    const slow = open(root);
    await slow.append([capture(1)]);
    await fill(root);
    expect((await slow.append([capture(4), capture(7), capture(8)])).map(({ outcome, capture: { id } }) => [outcome, id])).toEqual([
      ["duplicate", 4],
      ["duplicate", 7],
      ["stored", 8],
    ]);
  });

  test("name no segment that does not go on where the one before ended", async () => {
    await fill(root);
    await copyFile(join(root, TABLE, "000001.captures.jsonl"), join(root, TABLE, "000002.captures.jsonl"));
    await expect(append(root, capture(8))).rejects.toMatchObject({ code: "raw.damaged" });
  });

  test("take less room than a tenth of a kilobyte for a capture", async () => {
    await fill(root);
    expect((await stat(keys(root, 1))).size).toBe(8 + 32 + 8 + 3 * 2 * 14 + 32);
  });
});
