import { expect, test } from "vitest";
import { appendCaptures } from "./append-captures.ts";
import { BodyChecker } from "./body.ts";
import type { CheckedCapture } from "./capture.ts";
import { checkCapture } from "./check-capture.ts";
import type { AppendResult } from "./raw-store.ts";

const checker = new BodyChecker();

function captures(count: number): CheckedCapture[] {
  return Array.from(
    { length: count },
    (_, n) =>
      checkCapture(
        {
          endpoint: "game",
          method: "feed",
          parameters: { n: String(n) },
          url: null,
          status: 200,
          kind: "answer",
          body: Buffer.from(`[${String(n)}]`),
        },
        checker,
        () => "2024-07-13T04:19:09.000000Z",
      ).checked,
  );
}

/** Remembers the batches; the results carry nothing but the captures' parameters. */
function memoryStore(failAt = Number.POSITIVE_INFINITY): {
  readonly batches: string[][];
  readonly store: { append: (batch: readonly CheckedCapture[]) => Promise<AppendResult[]> };
} {
  const batches: string[][] = [];
  const append = async (batch: readonly CheckedCapture[]): Promise<AppendResult[]> => {
    await Promise.resolve();
    if (batches.length >= failAt) throw new Error("disk full");
    batches.push(batch.map(({ parameters }) => parameters["n"] ?? ""));
    return batch.map(({ contentHash, ...capture }, at) => ({
      capture: { ...capture, id: at, contentHash, bytes: capture.body.length, shape: null, place: { segment: 1, offset: 0, length: 0 } },
      outcome: "stored",
      sharedBody: false,
    }));
  };
  return { batches, store: { append } };
}

test("captures are stored in order, in batches bounded in number and bytes", async () => {
  const { batches, store } = memoryStore();
  const results: number[] = [];
  for await (const batch of appendCaptures(store, captures(7), { batchBytes: 1000, batchCaptures: 3 })) results.push(batch.length);
  expect(batches).toEqual([["0", "1", "2"], ["3", "4", "5"], ["6"]]);
  expect(results).toEqual([3, 3, 1]);
  const bounded = memoryStore();
  for await (const batch of appendCaptures(bounded.store, captures(4), { batchBytes: 6, batchCaptures: 100 }))
    expect(batch).toHaveLength(2);
  expect(bounded.batches).toEqual([
    ["0", "1"],
    ["2", "3"],
  ]);
});

test("nothing is stored after a batch that failed", async () => {
  const { batches, store } = memoryStore(1);
  const run = async (): Promise<void> => {
    for await (const batch of appendCaptures(store, captures(9), { batchBytes: 1000, batchCaptures: 2 })) expect(batch).toHaveLength(2);
  };
  await expect(run()).rejects.toThrow("disk full");
  expect(batches).toEqual([["0", "1"]]);
});

test("no captures are no batches", async () => {
  const { batches, store } = memoryStore();
  for await (const batch of appendCaptures(store, [])) expect(batch).toHaveLength(-1);
  expect(batches).toEqual([]);
});
