/**
 * What ingest costs, in units of JSON.parse of the same bytes, in one process: `npx tsx bench/ingest.ts DIR` with a folder of real bodies (.json, .json.gz).
 * The target is 6, the aim 4.
 */
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { argv, hrtime, stdout } from "node:process";
import { gunzipSync } from "node:zlib";
import { appendCaptures } from "../src/raw/append-captures.ts";
import { BodyChecker, DEFAULT_BODY_LIMITS } from "../src/raw/body.ts";
import type { CheckedCapture, NewCapture } from "../src/raw/capture.ts";
import { checkCapture } from "../src/raw/check-capture.ts";
import { JsonScanner } from "../src/raw/scan-json.ts";
import { SegmentStore } from "../src/raw/segment-store.ts";

const ROUNDS = 5;

const [, , folder] = argv;
if (folder === undefined) throw new Error("usage: npx tsx bench/ingest.ts DIR");
const bodies: Buffer[] = [];
for (const name of (await readdir(folder)).toSorted()) {
  if (!/\.json(\.gz)?$/.test(name)) continue;
  const bytes = await readFile(join(folder, name));
  bodies.push(name.endsWith(".gz") ? gunzipSync(bytes) : bytes);
}
const total = bodies.reduce((sum, body) => sum + body.length, 0);
stdout.write(`${String(bodies.length)} bodies, ${(total / 1e6).toFixed(1)} MB\n`);

const work = await mkdtemp(join(tmpdir(), "bench-ingest-"));
let round = 0;
const figures = new Map<string, number[]>();
async function measure(name: string, run: () => void | Promise<void>): Promise<void> {
  const from = hrtime.bigint();
  await run();
  const ms = Number(hrtime.bigint() - from) / 1e6;
  if (round > 0) figures.set(name, [...(figures.get(name) ?? []), ms]);
}

function check(body: Buffer, at: number, checker: BodyChecker): CheckedCapture {
  const capture = captureOf(body, at);
  return checkCapture(capture, checker, () => capture.capturedAt).checked;
}

function captureOf(body: Buffer, at: number): NewCapture {
  const capturedAt = `2024-07-13T04:19:${String(at % 60).padStart(2, "0")}.${String(at).padStart(6, "0")}Z`;
  return {
    endpoint: "game",
    method: "live_game_v1",
    parameters: { game_pk: String(at) },
    url: null,
    status: 200,
    capturedAt,
    kind: "answer",
    body,
  };
}

async function ingest(root: string, gzipLevel: number): Promise<void> {
  const checker = new BodyChecker();
  const store = new SegmentStore({ root, gzipLevel });
  function* checked(): Generator<CheckedCapture> {
    for (const [at, body] of bodies.entries()) yield check(body, at, checker);
  }
  let stored = 0;
  for await (const results of appendCaptures(store, checked())) stored += results.length;
  if (stored !== bodies.length) throw new Error(`${String(stored)} stored`);
}

try {
  // Round 0 warms up and does not count.
  for (round = 0; round <= ROUNDS; round++) {
    await measure("JSON.parse (with decoding)", () => {
      for (const body of bodies) JSON.parse(body.toString("utf8"));
    });
    const scanner = new JsonScanner(DEFAULT_BODY_LIMITS);
    await measure("scan alone", () => {
      for (const body of bodies) scanner.scan(body);
    });
    const checker = new BodyChecker();
    await measure("check and hash", () => {
      for (const [at, body] of bodies.entries()) check(body, at, checker);
    });
    for (const level of [1, 4, 6])
      await measure(
        `whole ingest, gzip level ${String(level)}`,
        async () => await ingest(join(work, `${String(round)}-${String(level)}`), level),
      );
    const store = new SegmentStore({ root: join(work, `${String(round)}-1`) });
    await measure("read all back", async () => {
      for await (const { body } of store.readBodies(store.captures("game.live_game_v1"))) if (body.length === 0) throw new Error("empty");
    });
    await measure("read 1 in 10 back", async () => {
      const ids = bodies.map((_, at) => at + 1).filter((id) => id % 10 === 1);
      for await (const { body } of store.readBodies(store.capturesByIds("game.live_game_v1", ids)))
        if (body.length === 0) throw new Error("empty");
    });
  }
  const median = (name: string): number => figures.get(name)?.toSorted((left, right) => left - right)[ROUNDS >> 1] ?? Number.NaN;
  const parse = median("JSON.parse (with decoding)");
  for (const name of figures.keys()) {
    stdout.write(
      `${name.padEnd(34)} ${(median(name) / bodies.length).toFixed(2).padStart(7)} ms/body  ${(median(name) / parse).toFixed(2).padStart(6)} x JSON.parse\n`,
    );
  }
} finally {
  await rm(work, { recursive: true, force: true });
}
