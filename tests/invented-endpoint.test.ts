import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { TransformResult } from "../src/pipeline/transform.ts";
import { inventedMapping } from "./invented-endpoint.ts";
import { SmallPlatform, withJson } from "./small-platform.ts";

const mapping = inventedMapping();
const FIRST = "2031-05-01T08:00:00.000000Z";
const SECOND = "2031-05-01T09:30:00.250000Z";

const express = {
  no: 7,
  rev: "r0001",
  route: { from: { code: "AAA", km: 0 }, to: { code: "BBB", km: "312.45" } },
  speed: "200 km/h",
  delay: null,
  fare: 49.9,
  tags: { b: [1, 2], a: null },
  stopCount: 2,
  vehicle: { series: "X2", cars: "8" },
  crew: { C31: { id: 31, name: "Ada" }, C4: { id: 4, name: "Ben" } },
  guests: { "55": { name: "Gus" }, "31": { name: "not Ada" } },
  tracks: [{ side: "left" }, { side: "right" }],
  stops: [
    {
      station: "AAA",
      delay: 3,
      arrival: "2031-05-01T10:00:00+02:00",
      events: [
        { kind: "door", by: 31, track: 1, weight: 1.5 },
        { kind: "food", by: 4, track: 0, weight: 1 },
        { kind: "signal", by: 55, track: 7, weight: 2 },
      ],
    },
    {
      station: "BBB",
      delay: null,
      events: [
        { kind: "door", by: 99, weight: 0.25 },
        { kind: "door", by: 31 },
      ],
    },
  ],
  cars: { "1": { class: 1, rows: { "10": { taken: true }, "11": { taken: false } } }, "2": { class: 2, rows: {} } },
  remarks: ["late", "it's full; -- really", "late"],
  platforms: { from: [{ name: "4a", open: true }], to: [] },
};

/** A local train: containers that are empty, values that are missing, the optional vehicle absent. */
const local = {
  no: "12",
  rev: "r0001",
  route: { from: { code: "AAA", km: "-" }, to: { code: "CCC" } },
  speed: "slow",
  fare: "-",
  stopCount: 0,
  crew: {},
  stops: [],
  cars: {},
  remarks: [],
  platforms: { from: [], to: [{ name: "1", open: "false" }] },
};

const TABLES = mapping.targets.map((target) => target.name);
/** Rows of all tables without lineage, in the order of their keys. */
async function tables(platform: SmallPlatform): Promise<Record<string, readonly Readonly<Record<string, unknown>>[]>> {
  const results = await platform.queries(
    ...mapping.targets.map(
      (target) =>
        `SELECT ${target.fields.map((field) => `"${field.name}"`).join(", ")} FROM store.${target.name} ORDER BY ${target.primaryKey.map((column) => `"${column}"`).join(", ")}`,
    ),
  );
  return Object.fromEntries(TABLES.map((name, at) => [name, withJson(results[at] ?? [], "tags")]));
}

const seven = { day: "2031-05-01", train_no: 7n, zone: 3, operator: "unknown" };
const twelve = { day: "2031-05-01", train_no: 12n, zone: 3, operator: "unknown" };
const sevenLater = { day: "2031-05-02", train_no: 7n, zone: 3, operator: "Rail & Sons" };

const EXPECTED = {
  "railway.train": [
    {
      ...seven,
      seen_at: FIRST,
      place_on_board: 1,
      day_on_board: 0,
      from_station: "AAA",
      from_km: "0.0",
      to_station: "BBB",
      to_km: "312.5",
      kilometres: 312.5,
      speed_text: "200 km/h",
      speed: 200,
      is_fast: true,
      delay: 0,
      fare: "49.90",
      tags: { b: [1, 2], a: null },
      stop_count: 2,
    },
    {
      ...twelve,
      seen_at: FIRST,
      place_on_board: 2,
      day_on_board: 0,
      from_station: "AAA",
      from_km: null,
      to_station: "CCC",
      to_km: null,
      kilometres: null,
      speed_text: "slow",
      speed: null,
      is_fast: null,
      delay: 0,
      fare: null,
      tags: null,
      stop_count: 0,
    },
    {
      ...sevenLater,
      seen_at: FIRST,
      place_on_board: 1,
      day_on_board: 2,
      from_station: "AAA",
      from_km: null,
      to_station: "CCC",
      to_km: null,
      kilometres: null,
      speed_text: "slow",
      speed: null,
      is_fast: null,
      delay: 0,
      fare: null,
      tags: null,
      stop_count: 0,
    },
  ],
  "railway.vehicle": [{ ...seven, series: "X2", cars: 8 }],
  "railway.crew": [
    { ...seven, crew_key: "C4", crew_id: 4n, name: "Ben" },
    { ...seven, crew_key: "C31", crew_id: 31n, name: "Ada" },
  ],
  "railway.stop": [
    { ...seven, stop_index: 0, station: "AAA", delay: 3, arrival: "2031-05-01T08:00:00.000000Z", from_station: "AAA" },
    { ...seven, stop_index: 1, station: "BBB", delay: null, arrival: null, from_station: "AAA" },
  ],
  "railway.event": [
    { ...seven, stop_index: 0, event_index: 0, kind: "door", station: "AAA", by_id: 31n, by_name: "Ada", track_side: "right", doubled: 3 },
    { ...seven, stop_index: 0, event_index: 2, kind: "signal", station: "AAA", by_id: 55n, by_name: "Gus", track_side: null, doubled: 4 },
    { ...seven, stop_index: 1, event_index: 0, kind: "door", station: "BBB", by_id: 99n, by_name: null, track_side: null, doubled: 0.5 },
  ],
  "railway.seat": [
    { ...seven, car: "1", seat_row: 10, taken: true, class: 1 },
    { ...seven, car: "1", seat_row: 11, taken: false, class: 1 },
  ],
  "railway.remark": [
    { ...seven, remark_no: 1, remark: "late" },
    { ...seven, remark_no: 2, remark: "it's full; -- really" },
    { ...seven, remark_no: 3, remark: "late" },
  ],
  "railway.from_platform": [{ ...seven, platform: "4a", open: true }],
  "railway.to_platform": [
    { ...twelve, platform: "1", open: false },
    { ...sevenLater, platform: "1", open: false },
  ],
};

describe("a mapping written in a test for an endpoint that the code has never seen goes from capture to checked rows", () => {
  let platform: SmallPlatform;
  let result: TransformResult;

  beforeAll(async () => {
    platform = await SmallPlatform.open();
    await platform.capture(mapping, [
      {
        capturedAt: FIRST,
        parameters: { zone: "3" },
        body: {
          days: [
            { date: "2031-05-01", trains: [express, local] },
            { date: "2031-05-03", trains: [] },
            { date: "2031-05-02", operator: { name: "Rail & Sons" }, trains: [{ ...local, no: 7 }] },
          ],
        },
      },
      // Not for this mapping: its filter says so.
      { capturedAt: SECOND, parameters: { zone: "3", preview: "1" }, body: { days: "nothing" } },
    ]);
    result = await platform.transform(mapping);
  });
  afterAll(async () => {
    await platform[Symbol.asyncDispose]();
  });

  test("with exactly the rows that the answer states", async () => {
    expect(await platform.rows("SELECT rule, pointer, value FROM store.mlb.quarantine")).toEqual([]);
    expect(await tables(platform)).toEqual(EXPECTED);
    expect(result.exit).toBe(0);
  });

  test("with all of it accounted for", () => {
    expect(result.record.run).toMatchObject({
      selected: 3n,
      applied: 3n,
      unchanged: 0n,
      stale: 0n,
      quarantined: 0n,
      bad_values: 0n,
      warnings: 1n,
      status: "done",
    });
    expect(result.record.targets.map(({ target, rows_in, inserted }) => [target, Number(rows_in), Number(inserted)])).toEqual(
      TABLES.map((name) => [name, EXPECTED[name as keyof typeof EXPECTED].length, EXPECTED[name as keyof typeof EXPECTED].length]),
    );
  });

  test("with each row traceable to its capture", async () => {
    const rows = await platform.rows("SELECT source_version, source_captured_at, source_raw_id FROM store.railway.event");
    expect(rows).toEqual(Array.from({ length: 3 }, () => ({ source_version: "r0001", source_captured_at: FIRST, source_raw_id: 1n })));
  });

  test("and a newer answer changes what it changes, deletes what it no longer states, and leaves the rest", async () => {
    const changed = {
      ...express,
      rev: "r0002",
      delay: 5,
      crew: { C31: { id: 31, name: "Ada L." } },
      stops: [{ ...express.stops[0], events: [{ kind: "door", by: 4, track: 1, weight: 1.5 }] }],
      stopCount: 1,
      vehicle: undefined,
      remarks: ["late", "it's full; -- really"],
    };
    await platform.capture(mapping, [
      {
        capturedAt: SECOND,
        parameters: {},
        body: { days: [{ date: "2031-05-01", operator: { name: null }, trains: [{ ...local, rev: "r0000" }, changed] }] },
      },
    ]);
    const again = await platform.transform(mapping);
    expect(again.record.run).toMatchObject({ selected: 3n, applied: 1n, unchanged: 2n, stale: 0n, quarantined: 0n, warnings: 1n });
    const later = { ...seven, zone: 1 };
    expect(await tables(platform)).toEqual({
      ...EXPECTED,
      "railway.train": [
        { ...EXPECTED["railway.train"][0], zone: 1, seen_at: SECOND, place_on_board: 2, delay: 5, stop_count: 1 },
        ...EXPECTED["railway.train"].slice(1),
      ],
      "railway.vehicle": [],
      "railway.crew": [{ ...later, crew_key: "C31", crew_id: 31n, name: "Ada L." }],
      "railway.stop": [{ ...EXPECTED["railway.stop"][0], zone: 1 }],
      // 4 is neither of the crew nor a guest any more.
      "railway.event": [
        {
          ...later,
          stop_index: 0,
          event_index: 0,
          kind: "door",
          station: "AAA",
          by_id: 4n,
          by_name: null,
          track_side: "right",
          doubled: 3,
        },
      ],
      "railway.seat": EXPECTED["railway.seat"].map((row) => ({ ...row, zone: 1 })),
      "railway.remark": EXPECTED["railway.remark"].slice(0, 2).map((row) => ({ ...row, zone: 1 })),
      "railway.from_platform": [{ ...EXPECTED["railway.from_platform"][0], zone: 1 }],
    });
    const counts: unknown = Object.fromEntries(
      again.record.targets.map(({ target, ...row }) => [
        target,
        [row["inserted"], row["updated"], row["unchanged"], row["deleted"]].map(Number),
      ]),
    );
    expect(counts).toEqual({
      "railway.train": [0, 1, 0, 0],
      "railway.vehicle": [0, 0, 0, 1],
      "railway.crew": [0, 1, 0, 1],
      "railway.stop": [0, 1, 0, 1],
      "railway.event": [0, 1, 0, 2],
      "railway.seat": [0, 2, 0, 0],
      "railway.remark": [0, 2, 0, 1],
      "railway.from_platform": [0, 1, 0, 0],
      "railway.to_platform": [0, 0, 0, 0],
    });
    expect(await platform.rows("SELECT target, rule, pointer, value FROM store.mlb.warnings")).toEqual([
      {
        target: "railway.train",
        rule: "delay <= (select max(delay) from railway.stop where delay is not null)",
        pointer: "/days/0/trains/1",
        value: "delay=5, max of railway.stop=3",
      },
    ]);
  });

  test("and a rule that is broken keeps the whole document out, with rule, place and values", async () => {
    const miscounted = { ...local, no: 20, stopCount: 3 };
    const circular = { ...local, no: 21, route: { from: { code: "AAA" }, to: { code: "AAA" } } };
    const weightless = { ...express, no: 22, stops: [express.stops[0], { station: "BBB", events: [{ kind: "door", weight: -1 }] }] };
    await platform.capture(mapping, [
      {
        capturedAt: SECOND,
        parameters: {},
        body: { days: [{ date: "2031-05-04", trains: [miscounted, circular, weightless, { ...local, no: 23 }] }] },
      },
    ]);
    const run = await platform.transform(mapping);
    expect(run.exit).toBe(3);
    expect(run.record.run).toMatchObject({ selected: 7n, applied: 1n, unchanged: 3n, quarantined: 3n });
    expect(
      await platform.rows(
        "SELECT document_key, kind, target, rule, pointer, value, status FROM store.mlb.quarantine ORDER BY document_key",
      ),
    ).toEqual([
      {
        document_key: '["2031-05-04",20]',
        kind: "rule",
        target: "railway.train",
        rule: "stop_count = (select count(*) from railway.stop)",
        pointer: "/days/0/trains/0",
        value: "stop_count=3, count of railway.stop=0",
        status: "open",
      },
      {
        document_key: '["2031-05-04",21]',
        kind: "rule",
        target: "railway.train",
        rule: "from_station != to_station",
        pointer: "/days/0/trains/1",
        value: "from_station=AAA, to_station=AAA",
        status: "open",
      },
      {
        document_key: '["2031-05-04",22]',
        kind: "rule",
        target: "railway.event",
        rule: "doubled > 0",
        pointer: "/days/0/trains/2/stops/1/events/0",
        value: "doubled=-2.0",
        status: "open",
      },
    ]);
    expect(await platform.rows("SELECT train_no FROM store.railway.train WHERE day = '2031-05-04'")).toEqual([{ train_no: 23n }]);
  });
});
