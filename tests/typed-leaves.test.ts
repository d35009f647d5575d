import { describe, expect, test } from "vitest";
import type { SqlRow } from "../src/sql/sql-value.ts";
import { DuckdbEngine } from "../src/engine/duckdb/duckdb-engine.ts";
import type { Finding } from "../src/engine/slice.ts";
import { LeafProof } from "../src/pipeline/leaf-proof.ts";
import { compilePlan } from "../src/plan/compile-plan.ts";
import { PROVABLE_TYPES } from "../src/plan/plan.ts";
import { TypedLeaves } from "../src/plan/typed-leaves.ts";
import { BodyChecker } from "../src/raw/body.ts";
import { type ShapeSet, ShapeDictionary, decodeShape, encodeShape, shapePairs } from "../src/raw/shape.ts";
import { targetTable } from "../src/sql/slice-tables.ts";
import { LEAF_TABLE } from "./leaf-table.ts";
import { mappingOf, openDatabase } from "./small-platform.ts";

const columns = (root: string): string =>
  PROVABLE_TYPES.map((type) => `      - {name: as_${type.toLowerCase()}, type: ${type}, json_path: ${root}.${type.toLowerCase()}}`).join(
    "\n",
  );

/** A leaf for each type at every kind of place: of the document, an item, a value of an object, the entry of a lookup by key and by position. */
const mapping = mappingOf(`
source: {endpoint: lab, method: leaves, raw_table: lab.leaves, document_key: [id]}
fields: [{name: id, type: INT, json_path: $.id}]
targets:
  - name: lab.of_document
    primary_key: [id]
    data_quality: [{rule: $.v.in_rule >= 0, severity: warn}]
    fields:
${columns("$.v")}
      - {name: with_default, type: BIGINT, json_path: $.v.bigint_or, default: 7}
      - {name: computed, type: DOUBLE, expression: "$.v.double_in + 1"}
  - name: lab.of_item
    array_source: $.items[*]
    filter: $.kept = true
    primary_key: [id, n]
    lookups: {entry: "document.entries.K{$.entry}", place: "document.places[{$.place}]"}
    fields:
      - {name: n, type: INT, source_field: index}
      - {name: entry_id, type: BIGINT, json_path: $.entry}
${columns("$")}
      - {name: entry_double, type: DOUBLE, json_path: entry.double}
      - {name: place_boolean, type: BOOLEAN, json_path: place.boolean}
  - name: lab.of_value
    object_source: $.values.*
    primary_key: [id, k]
    fields:
      - {name: k, type: TEXT, source_field: key}
${columns("$")}
`);
const plan = compilePlan(mapping);
const typed = new TypedLeaves(plan);

function bodyOf(id: number, json: string): string {
  const leaves = PROVABLE_TYPES.map((type) => `"${type.toLowerCase()}":${json}`).join(",");
  const more = `"bigint_or":${json},"double_in":${json},"in_rule":${json}`;
  const item = `{"kept":true,"entry":5,"place":0,${leaves}}`;
  return `{"id":${String(id)},"v":{${leaves},${more}},"items":[${item}],"values":{"1":{${leaves}},"2":{${leaves}}},"entries":{"K5":{"double":${json}}},"places":[{"boolean":${json}}]}`;
}

const dictionary = new ShapeDictionary();
const checker = new BodyChecker();

function shapeOf(body: string): ShapeSet {
  const verdict = checker.check(Buffer.from(body, "utf8"));
  if (!verdict.ok) throw new Error(verdict.failure.message);
  return decodeShape(encodeShape(shapePairs(verdict.shape).map((pair) => dictionary.add(pair))));
}

interface Result {
  readonly rows: readonly (readonly SqlRow[])[];
  readonly findings: readonly Finding[];
}

async function run(bodies: readonly string[], proven: ReadonlySet<number>): Promise<Result> {
  await using database = await openDatabase();
  const connection = await database.connect();
  const documents = bodies.map((_, at) => ({
    slot: at,
    capture: at,
    position: "",
    capturedAt: "2024-07-13T04:19:09.000000Z",
    parameters: {},
  }));
  const { findings } = await new DuckdbEngine(plan).run(
    connection,
    bodies.map((body, capture) => ({ capture, body: Buffer.from(body) })),
    documents,
    proven,
  );
  const rows: (readonly SqlRow[])[] = [];
  for (const at of plan.targets.keys()) rows.push(await connection.rows(`SELECT * FROM ${targetTable(at)} ORDER BY ALL`));
  return { rows, findings };
}

/** The literals of the table in groups that prove the same. */
function groups(): ReadonlyMap<string, { readonly proven: ReadonlySet<number>; readonly bodies: readonly string[] }> {
  const bodies = LEAF_TABLE.map(({ json }, id) => bodyOf(id, json));
  const shapes = bodies.map(shapeOf);
  const proof = new LeafProof(plan, dictionary);
  const found = new Map<string, { readonly proven: ReadonlySet<number>; readonly bodies: string[] }>();
  for (const [at, shape] of shapes.entries()) {
    const proven = proof.proven([shape]);
    const key = [...proven].map((leaf) => String(leaf)).join(",");
    const group = found.get(key) ?? { proven, bodies: [] };
    group.bodies.push(bodies[at] ?? "");
    found.set(key, group);
  }
  return found;
}

describe("leaves that shapes prove", () => {
  test("are those that all who read them read as one type, wherever they are", () => {
    const byType = PROVABLE_TYPES.map((type) => typed.leaves.filter((leaf) => leaf.type === type).length);
    // INT: id, document, item, value · BIGINT: document, item, value, with a default, in a rule, key and position of lookups · DOUBLE: document, item, value, in an expression, an entry · BOOLEAN: document, item, value, in a filter, a place.
    expect(byType).toEqual([4, 7, 5, 5]);
  });

  test("give the rows and findings that their texts give, for every literal of the table", async () => {
    const seen = new Set<string>();
    for (const { proven, bodies } of groups().values()) {
      for (const at of proven) seen.add(typed.leaves[at]?.type ?? "");
      expect(await run(bodies, proven)).toEqual(await run(bodies, new Set()));
    }
    expect([...seen].toSorted()).toEqual([...PROVABLE_TYPES].toSorted());
  });

  test("are none where one capture has another value there, or a capture has no shape", () => {
    const number = shapeOf(bodyOf(1, "5"));
    const text = shapeOf(bodyOf(2, '"5"'));
    const proof = new LeafProof(plan, dictionary);
    // What is left are the leaves that stand outside of what differs: id, kept, entry, place.
    expect(proof.proven([number]).size).toBeGreaterThan(proof.proven([number, text]).size);
    expect(proof.proven([number, text])).toEqual(proof.proven([text]));
    expect(proof.proven([number, null]).size).toBe(0);
  });

  test("are told by the text of a number: one with a fraction or an exponent is no integer, one that is too large for a type is none of it", () => {
    const ofType = (json: string, type: string): boolean => {
      const shape = shapeOf(bodyOf(3, json));
      const proven = new LeafProof(plan, dictionary).proven([shape]);
      // The leaf of the document's own target, which is the first of its type after the id.
      return (
        [...proven].filter((at) => typed.leaves[at]?.type === type).length >
        (type === "INT" ? 1 : type === "BIGINT" ? 2 : type === "BOOLEAN" ? 1 : 0)
      );
    };
    expect(
      ["1", "1.0", "1e0", "2147483648", "9223372036854775808", "true", "null"].map((json) =>
        PROVABLE_TYPES.filter((type) => ofType(json, type)),
      ),
    ).toEqual([
      ["INT", "BIGINT", "DOUBLE"],
      ["DOUBLE"],
      ["DOUBLE"],
      ["BIGINT", "DOUBLE"],
      [],
      ["BOOLEAN"],
      ["INT", "BIGINT", "DOUBLE", "BOOLEAN"],
    ]);
  });
});
