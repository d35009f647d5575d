import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type Answer, SmallPlatform, mappingOf } from "../../tests/small-platform.ts";
import { writeCaptureLine } from "../raw/capture-line.ts";
import { DICTIONARY_FILE, writeEntry } from "../raw/dictionary-file.ts";
import { manifestFile } from "../raw/manifest.ts";
import { SegmentStore } from "../raw/segment-store.ts";
import { type PathType, encodeShape } from "../raw/shape.ts";
import { compilePlan } from "../plan/compile-plan.ts";
import { type DriftOptions, type DriftResult, findDrift } from "./find-drift.ts";
import { measureCoverage } from "./measure-coverage.ts";

const MAPPING = mappingOf(`
source: {endpoint: lab, method: things, raw_table: lab.things, document_key: [id]}
fields: [{name: id, type: INT, json_path: $.id}]
targets:
  - name: lab.thing
    primary_key: [id]
    fields: [{name: title, type: TEXT, json_path: $.title}]
`);
const TABLE = "lab.things";

/** A document that is known; the number makes its body another one. */
const known = (id: number): Record<string, unknown> => ({
  id,
  title: `thing ${String(id)}`,
  size: 5,
  speed: 1.5,
  small: 7,
  open: true,
  gone: 1,
  goneText: "x",
  tags: ["a", "b"],
  note: null,
  later: null,
  place: { city: "Town", zip: 123, point: { x: 1, y: 2 } },
  label: { text: "one" },
  list: [1, 2],
  shelf: { depth: 3, width: 4 },
  plays: [{ index: 0, what: "run", lost: 1 }],
  people: { ID11: { name: "Ann", age: 30 }, ID12: { name: "Bob", age: 31 } },
  games: { "745001": { score: 1 } },
  "odd key": 1,
  empty: [],
});

/** The same with twenty novelties. */
const planted = {
  id: 900,
  title: "thing 900", // as it was
  size: "large", // 1 new type: string
  speed: 2, // 2 new type: int32 among numbers
  small: 5_000_000_000, // 3 new type: int64
  open: null, // 4 new type: null
  // 5, 6 vanished: gone, goneText
  tags: ["a", 1], // 7 new type in an array
  note: null,
  later: "now", // 8 new type where only null was
  place: { city: "Town", zip: 123, point: "1,2", street: "Main" }, // 9 a container became a text; 10, 11 point.x and point.y vanished; 12 new path
  label: "one", // 13 became a text; 14 label.text vanished
  list: { first: 1 }, // 15 became an object; 16 new path list.first; 17 list[*] vanished
  shelf: { depth: 3, width: 4 },
  plays: [{ index: 0, what: "run", reviews: [] }], // 18 new container; 19 vanished: lost
  people: { ID11: { name: "Ann", age: 30, bats: "L" } }, // 20 new path below an id
  games: { "745001": { score: 1 } },
  "odd key": 1,
  empty: [],
};

const NOVELTIES = [
  "new_path $.list.first int32",
  "new_path $.people.*.bats string",
  "new_path $.place.street string",
  "new_container $.plays[*].reviews array",
  "new_type $.later string",
  "new_type $.open null",
  "new_type $.size string",
  "new_type $.small int64",
  "new_type $.speed int32",
  "new_type $.tags[*] int32",
  "container_changed $.label string",
  "container_changed $.list object",
  "container_changed $.place.point string",
  "vanished $.gone int32",
  "vanished $.goneText string",
  "vanished $.label.text string",
  "vanished $.list[*] int32",
  "vanished $.place.point.x int32",
  "vanished $.place.point.y int32",
  "vanished $.plays[*].lost int32",
];

const day = (n: number): string => `2024-07-${String(n).padStart(2, "0")}T12:00:00.000000Z`;
const answers = (count: number, from = 1): Answer[] =>
  Array.from({ length: count }, (_, at) => ({ body: known(from + at), capturedAt: day(1 + (at % 9)) }));

async function drift(platform: SmallPlatform, options: Partial<DriftOptions> = {}): Promise<DriftResult> {
  return findDrift(
    { table: TABLE, filter: null },
    { known: { by: "time", before: "2024-07-20T00:00:00.000000Z" }, vanishedShare: 0.95, ...options },
    { raw: platform.raw },
  );
}

const told = ({ findings }: DriftResult): string[] => findings.map(({ kind, path, types }) => `${kind} ${path} ${types.join("|")}`);

describe("drift", () => {
  test("finds each of twenty planted novelties, and nothing else", async () => {
    await using platform = await SmallPlatform.open();
    await platform.capture(MAPPING, [...answers(20), { body: planted, capturedAt: day(21) }]);
    const result = await drift(platform);
    expect(NOVELTIES).toHaveLength(20);
    expect(told(result)).toEqual(NOVELTIES);
    expect(result).toMatchObject({ known: 20, fresh: 1, repeated: 0 });
  });

  test("finds each of them when it comes alone", async () => {
    for (const novelty of NOVELTIES) {
      const key = /^[a-z_]+ \$\.([a-z]+)/i.exec(novelty)?.[1] ?? "";
      const { [key]: _, ...rest } = known(900);
      const body = key in planted ? { ...rest, [key]: planted[key as keyof typeof planted] } : rest;
      await using platform = await SmallPlatform.open();
      await platform.capture(MAPPING, [...answers(3), { body, capturedAt: day(21) }]);
      const found = told(await drift(platform));
      expect(found).toContain(novelty);
      expect(found.filter((one) => !NOVELTIES.includes(one))).toEqual([]);
    }
  });

  test("finds nothing on documents that it knows, nor on others of the same form", async () => {
    await using platform = await SmallPlatform.open();
    await platform.capture(MAPPING, [...answers(20), { body: known(3), capturedAt: day(21) }, { body: known(500), capturedAt: day(22) }]);
    expect(await drift(platform)).toMatchObject({ known: 20, fresh: 2, repeated: 1, findings: [] });
  });

  test("a known document that lacks what nearly all others have takes nothing away", async () => {
    await using platform = await SmallPlatform.open();
    const { gone: _, ...sparse } = known(0);
    await platform.capture(MAPPING, [...answers(40), { body: sparse, capturedAt: day(9) }, { body: sparse, capturedAt: day(21) }]);
    expect(await drift(platform)).toMatchObject({ fresh: 1, repeated: 1, findings: [] });
    await platform.capture(MAPPING, [{ body: { ...sparse, id: 501 }, capturedAt: day(22) }]);
    expect(told(await drift(platform))).toEqual(["vanished $.gone int32"]);
    expect(told(await drift(platform, { vanishedShare: 1 }))).toEqual([]);
  });

  test("says how often, when first and last, and shows a value with its place", async () => {
    await using platform = await SmallPlatform.open();
    await platform.capture(MAPPING, [
      ...answers(20),
      { body: { ...known(901), extra: { deep: "b" } }, capturedAt: day(25) },
      { body: { ...known(902), extra: { deep: "a" } }, capturedAt: day(23) },
      { body: known(903), capturedAt: day(26) },
    ]);
    const { findings } = await drift(platform);
    expect(findings).toEqual([
      {
        kind: "new_path",
        path: "$.extra.deep",
        types: ["string"],
        known_types: [],
        captures: 2,
        first: { capture: 22, captured_at: day(23) },
        last: { capture: 21, captured_at: day(25) },
        example: { capture: 22, pointer: "/extra/deep", value: '"a"', texts: ["a"] },
      },
      expect.objectContaining({ kind: "new_container", path: "$.extra", types: ["object"], captures: 2 }),
    ]);
  });

  test("what vanished is told with its last capture and its last value", async () => {
    await using platform = await SmallPlatform.open();
    const { gone: _, ...without } = known(900);
    await platform.capture(MAPPING, [...answers(20), { body: without, capturedAt: day(21) }]);
    expect((await drift(platform)).findings).toMatchObject([
      { kind: "vanished", path: "$.gone", captures: 20, last: { capture: 18, captured_at: day(9) }, example: { capture: 18, value: "1" } },
    ]);
  });

  test("divides by a capture's id, and by the last day", async () => {
    await using platform = await SmallPlatform.open();
    await platform.capture(MAPPING, [...answers(5), { body: planted, capturedAt: day(21) }]);
    expect(told(await drift(platform, { known: { by: "capture", upTo: 5 } }))).toEqual(NOVELTIES);
    expect(await drift(platform, { known: { by: "capture", upTo: 6 } })).toMatchObject({ known: 6, fresh: 0, findings: [] });
    const lastDay = await drift(platform, { known: { by: "last-day" } });
    expect(lastDay).toMatchObject({ since: day(20), known: 5, fresh: 1 });
    expect(told(lastDay)).toEqual(NOVELTIES);
  });
});

describe("over ten thousand captures without a single body", () => {
  let root: string;
  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), "manifests-"));
  });
  afterEach(async () => {
    await rm(root, { recursive: true });
  });

  const COUNT = 10_000;
  const PER_SEGMENT = 4096;
  const dictionary: readonly PathType[] = [
    { path: "$", type: "object" },
    { path: "$.id", type: "int32" },
    { path: "$.title", type: "string" },
    { path: "$.title", type: "null" },
    { path: "$.rare", type: "int32" },
    { path: "$.even", type: "boolean" },
  ];

  /** Manifests as the store writes them; the files of bodies are not there at all. */
  async function write(): Promise<SegmentStore> {
    await mkdir(join(root, TABLE));
    await writeFile(join(root, TABLE, DICTIONARY_FILE), dictionary.map((entry, id) => writeEntry(id, entry)).join(""));
    for (let segment = 1; (segment - 1) * PER_SEGMENT < COUNT; segment++) {
      const lines: string[] = [];
      for (let id = (segment - 1) * PER_SEGMENT + 1; id <= Math.min(COUNT, segment * PER_SEGMENT); id++) {
        const pairs = [0, 1, id % 10 === 0 ? 3 : 2, ...(id % 1000 === 0 ? [4] : []), ...(id % 2 === 0 ? [5] : [])];
        lines.push(
          writeCaptureLine({
            id,
            endpoint: "lab",
            method: "things",
            parameters: { part: String(id % 4) },
            url: null,
            status: 200,
            capturedAt: day(1 + Math.floor((id - 1) / 500)),
            kind: "answer",
            contentHash: id.toString(16).padStart(64, "0"),
            bytes: 100,
            shape: encodeShape(pairs),
            failure: null,
            place: { segment, offset: 0, length: 100 },
          }),
        );
      }
      await writeFile(join(root, TABLE, manifestFile(segment)), lines.join(""));
    }
    return new SegmentStore({ root });
  }

  test("coverage and drift give the right answer", async () => {
    const raw = await write();
    const plan = compilePlan(MAPPING);
    const ignore = [{ path: "$.rare", reason: "test" }];
    expect((await measureCoverage(plan, ignore, () => [null], { raw })).groups).toEqual([
      { group: null, captures: COUNT, leafPaths: 4, mapped: 2, ignored: 1, unknown: [{ path: "$.even", types: { boolean: 5000 } }] },
    ]);
    const parts = await measureCoverage(plan, ignore, ({ parameters }) => [parameters["part"] ?? ""], { raw });
    expect(parts.groups.map(({ group, captures, ignored, unknown }) => [group, captures, ignored, unknown.length])).toEqual([
      ["0", 2500, 1, 1],
      ["1", 2500, 0, 0],
      ["2", 2500, 0, 1],
      ["3", 2500, 0, 0],
    ]);
    const result = await findDrift(
      { table: TABLE, filter: null },
      { known: { by: "time", before: day(15) }, vanishedShare: 0.95 },
      { raw },
    );
    expect(result).toMatchObject({ known: 7000, fresh: 3000, findings: [] });
  });
});
