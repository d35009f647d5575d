import { describe, expect, test } from "vitest";
import { LEAF_TABLE, LEAF_TYPES, type KnownValue, type LeafTypeName } from "../../tests/leaf-table.ts";
import { mappingOf, openDatabase } from "../../tests/small-platform.ts";
import { instantOfMicros } from "../core/instant.ts";
import type { SqlValue } from "../sql/sql-value.ts";
import { DuckdbEngine } from "../engine/duckdb/duckdb-engine.ts";
import { type ColumnType, parseColumnType } from "../mapping/column-type.ts";
import { targetTable } from "../sql/slice-tables.ts";
import { compilePlan } from "./compile-plan.ts";
import { readLeaf } from "./leaf.ts";

/** What a type finds: a value, `bad`, or `none` where there is nothing to find. */
type Found = { readonly value: KnownValue } | "bad" | "none";

function typeOf(name: LeafTypeName): ColumnType {
  const type = parseColumnType(name);
  if (type === null) throw new Error(name);
  return type;
}

/** In the words of the table: instants as text. */
function readByReference(name: LeafTypeName, text: string): Found {
  const reading = readLeaf(typeOf(name), text);
  if (!reading.ok) return "bad";
  return { value: name === "TIMESTAMPTZ" ? instantOfMicros(reading.value as bigint) : reading.value };
}

const columnOf = (name: LeafTypeName): string => `as_${name.toLowerCase().replaceAll(/[^a-z0-9]+/g, "_")}`;
const columns = (root: string): string =>
  LEAF_TYPES.map((name) => `      - {name: ${columnOf(name)}, type: "${name}", json_path: ${root}}`).join("\n");

const mapping = mappingOf(`
source: {endpoint: lab, method: leaves, raw_table: lab.leaves, document_key: [id]}
fields: [{name: id, type: INT, json_path: $.id}]
targets:
  - name: lab.document_leaf
    primary_key: [id]
    fields:
${columns("$.v")}
  - name: lab.item_leaf
    array_source: $.items[*]
    primary_key: [id, n]
    fields:
      - {name: n, type: INT, source_field: index}
${columns("$.v")}
  - name: lab.scalar_leaf
    array_source: $.scalars[*]
    primary_key: [id, n]
    fields:
      - {name: n, type: INT, source_field: index}
${columns("$")}
  - name: lab.found_leaf
    array_source: $.items[*]
    lookups: {it: "document.found.at{$.at}"}
    primary_key: [id, n]
    fields:
      - {name: n, type: INT, source_field: index}
${columns("it.v")}
`);

/** Every place at which the engine reads leaves: of the document, of an item, an item that is a scalar, of what a lookup finds. */
const PLACES = ["lab.document_leaf", "lab.item_leaf", "lab.scalar_leaf", "lab.found_leaf"] as const;

async function readByDuckdb(): Promise<ReadonlyMap<string, Found>> {
  const plan = compilePlan(mapping);
  const engine = new DuckdbEngine(plan);
  await using database = await openDatabase();
  const connection = await database.connect();
  const bodies = LEAF_TABLE.map(({ json }, id) => ({
    capture: id,
    body: Buffer.from(
      `{"id":${String(id)},"v":${json},"items":[{"v":${json},"at":"x"}],"scalars":[${json}],"found":{"atx":{"v":${json}}}}`,
    ),
  }));
  const documents = bodies.map(({ capture }) => ({
    slot: capture,
    capture,
    position: "",
    capturedAt: "2024-07-13T04:19:09.000000Z",
    parameters: {},
  }));
  const { findings } = await engine.run(connection, bodies, documents);
  const bad = new Set(findings.map((finding) => `${finding.target ?? ""} ${String(finding.slot)} ${finding.column ?? ""} ${finding.kind}`));
  const found = new Map<string, Found>();
  for (const [at, target] of plan.targets.entries()) {
    for (const row of await connection.rows(`SELECT * FROM ${targetTable(at)}`)) {
      for (const name of LEAF_TYPES) {
        const value: SqlValue | undefined = row[columnOf(name)];
        const isBad = bad.has(`${target.name} ${String(Number(row["id"]))} ${columnOf(name)} bad`);
        const what =
          value === null || value === undefined
            ? isBad
              ? "bad"
              : "none"
            : isBad
              ? "bad"
              : { value: name === "INT" ? BigInt(value as number) : (value as KnownValue) };
        found.set(`${target.name} ${String(Number(row["id"]))} ${name}`, what);
      }
    }
  }
  return found;
}

describe("the table of literals", () => {
  test("is long, and has no literal twice", () => {
    expect(LEAF_TABLE.length).toBeGreaterThanOrEqual(200);
    expect(new Set(LEAF_TABLE.map(({ json }) => json)).size).toBe(LEAF_TABLE.length);
    for (const { json, text } of LEAF_TABLE) expect(json.startsWith('"') ? JSON.parse(json) : json).toBe(text ?? "null");
  });

  test.each(LEAF_TYPES)("says what the reference reads as %s", (name) => {
    const wrong = LEAF_TABLE.flatMap(({ json, text, takes, open }) => {
      // The reference reads a number's own text; engines show TEXT of it in their way.
      const isOpen = open.includes(name) || ((name === "TEXT" || name === "VARCHAR(5)") && !json.startsWith('"'));
      if (text === null || isOpen) return [];
      const value = takes[name];
      const expected: Found = value === undefined ? "bad" : { value };
      const found = readByReference(name, text);
      return same(found, expected) ? [] : [{ json, found, expected }];
    });
    expect(wrong).toEqual([]);
  });

  test("says what DuckDB reads, at every place where leaves are read", async () => {
    const found = await readByDuckdb();
    expect(found.size).toBe(LEAF_TABLE.length * LEAF_TYPES.length * PLACES.length);
    const wrong = LEAF_TABLE.flatMap(({ json, text, takes, open }, id) =>
      PLACES.flatMap((place) =>
        LEAF_TYPES.filter((name) => !open.includes(name)).flatMap((name) => {
          const value = takes[name];
          const expected: Found = text === null ? "none" : value === undefined ? "bad" : { value };
          const what = found.get(`${place} ${String(id)} ${name}`) ?? "none";
          return same(what, expected) ? [] : [{ place, json, name, found: what, expected }];
        }),
      ),
    );
    expect(wrong).toEqual([]);
  });
});

/** Zeros of both signs are one value. */
function same(left: Found, right: Found): boolean {
  if (typeof left === "string" || typeof right === "string") return left === right;
  return left.value === right.value;
}

describe("the reference", () => {
  test("counts characters of a VARCHAR as code points", () => {
    expect(readLeaf({ name: "VARCHAR", length: 2 }, "😀é").ok).toBe(true);
    expect(readLeaf({ name: "VARCHAR", length: 1 }, "😀é").ok).toBe(false);
  });

  test("rounds a NUMERIC half away from zero, from the text, however long that is", () => {
    const numeric = { name: "NUMERIC", precision: 38, scale: 2 } as const;
    expect(readLeaf(numeric, "0.00499999999999999999999999999999")).toEqual({ ok: true, value: "0.00" });
    expect(readLeaf(numeric, "0.005")).toEqual({ ok: true, value: "0.01" });
    expect(readLeaf(numeric, "-0.005")).toEqual({ ok: true, value: "-0.01" });
    expect(readLeaf(numeric, "-0.0049")).toEqual({ ok: true, value: "0.00" });
    expect(readLeaf({ name: "NUMERIC", precision: 2, scale: 0 }, "99.4")).toEqual({ ok: true, value: "99" });
    expect(readLeaf({ name: "NUMERIC", precision: 2, scale: 0 }, "99.5").ok).toBe(false);
    expect(readLeaf({ name: "NUMERIC", precision: 2, scale: 2 }, ".99")).toEqual({ ok: true, value: "0.99" });
    expect(readLeaf({ name: "NUMERIC", precision: 2, scale: 2 }, "1").ok).toBe(false);
    expect(readLeaf(numeric, "0e999")).toEqual({ ok: true, value: "0.00" });
  });
});
