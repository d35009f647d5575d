import { describe, expect, test } from "vitest";
import { inventedMapping } from "../../tests/invented-endpoint.ts";
import { laidOutSql } from "../../tests/laid-out-sql.ts";
import { mappingOf } from "../../tests/small-platform.ts";
import { compilePlan } from "../plan/compile-plan.ts";
import type { Plan } from "../plan/plan.ts";
import { TypedLeaves } from "../plan/typed-leaves.ts";
import { duckdbDialect } from "./duckdb-dialect.ts";
import { writeDocumentRelationships, writeDoubleKeys, writeRelationshipChecks, writeRuleChecks, writeVerdicts } from "./write-gate.ts";
import {
  type OriginsSql,
  readName,
  writeDocumentChecks,
  writeDocumentOrigins,
  writeTargetChecks,
  writeTargetOrigins,
} from "./write-origins.ts";
import { writeShred } from "./write-shred.ts";

/** A mapping of documents that are whole answers, with a column of each type at each kind of place. */
const TYPES = ["BIGINT", "INT", "VARCHAR(5)", "TEXT", "BOOLEAN", "DATE", "TIMESTAMPTZ", "DOUBLE", '"NUMERIC(8,3)"', "JSONB"];
const PLAIN = `
source: {endpoint: lab, method: things, raw_table: lab.things, document_key: [id]}
fields: [{name: id, type: INT, json_path: $.id}]
targets:
  - name: lab.thing
    primary_key: [id]
    lookups: {entry: "document.entries.K{$.at}", place: ["document.places[{$.at}]", "document.others.{$.other}"]}
    fields:
${TYPES.map((type, at) => `      - {name: of_document_${String(at)}, type: ${type}, json_path: $.v.x${String(at)}}`).join("\n")}
      - {name: of_entry, type: DOUBLE, json_path: entry.x}
      - {name: all_of_entry, type: JSONB, json_path: entry.whole}
      - {name: of_place, type: INT, json_path: place.x}
      - {name: whole, type: JSONB, json_path: $.whole}
      - {name: or_seven, type: "NUMERIC(8,3)", json_path: $.n, default: 7, on_bad_value: quarantine}
      - {name: at, type: TIMESTAMPTZ, source_field: captured_at}
      - {name: given, type: INT, source_field: parameters.given, default: 1}
      - {name: computed, type: INT, expression: "coalesce(of_document_1, $.z, entry.z) + 1", on_bad_value: quarantine, nullable: false}
      - {name: twice, type: INT, expression: "computed * 2"}
    data_quality:
      - {rule: computed > 0 and $.q is not null, severity: error}
      - {rule: "entry.q = 'it''s'", severity: warn}
  - name: lab.part
    object_source: $.part
    optional: true
    primary_key: [id]
    fields: [{name: of_parent, type: TEXT, json_path: parent.name}]
  - name: lab.scalar
    array_source: $.lists.*[*]
    primary_key: [id, k, n]
    filter: $ is not null
    fields:
      - {name: k, type: TEXT, source_field: parent.key}
      - {name: n, type: INT, source_field: ordinal}
      - {name: value, type: TEXT, json_path: $}
    relationships: [{from_field: [id], to_table: lab.part}]
`;

/** Statements under their names. */
type Written = ReadonlyMap<string, string>;

/** The statements that shred, with the tables that they fill. */
function stages(plan: Plan): Written {
  const { documents, stages: others } = writeShred(plan, duckdbDialect);
  return new Map([documents, ...others].map(({ name, table, columns, sql }) => [name, `${table} (${columns.join(", ")})\n${sql}`]));
}

/** The statements that check what was shredded and tell where it comes from. */
function checks(plan: Plan): Written {
  const written = new Map<string, string>();
  const shred = writeShred(plan, duckdbDialect);
  // What they select is what the checks below select.
  for (const { table, query } of shred.details)
    written.set(`details of ${table}`, query("1, 2").replace(/FROM \(SELECT .*\) (?=WHERE "\$slot" IN)/s, "FROM (…) "));
  written.set("verdicts", writeVerdicts(plan, duckdbDialect));
  for (const check of writeRelationshipChecks(plan, duckdbDialect)) {
    written.set(check.name, check.sql);
    for (const [at, relationship] of check.relationships.entries())
      written.set(`${check.name}: ${relationship.target} ${String(at)}`, relationship.details("1, 2"));
  }
  for (const [at, { target, details }] of writeDocumentRelationships(plan, duckdbDialect).entries())
    written.set(`relationship of ${target} along the document, ${String(at)}`, details("1, 2"));
  for (const { target, name, sql, details } of writeRuleChecks(plan, duckdbDialect)) {
    written.set(`${name} (${target})`, sql);
    written.set(`${name} (${target}): details`, details("1, 2"));
  }
  for (const [at, target] of plan.targets.entries()) {
    written.set(`double keys of ${target.name}`, writeDoubleKeys(plan, at, "1, 2", duckdbDialect));
    written.set(`origins of ${target.name}`, origins(writeTargetOrigins(plan, target, duckdbDialect)));
    written.set(`checks of ${target.name}`, writeTargetChecks(plan, target, duckdbDialect).query(CONDITION));
  }
  written.set("origins of documents", origins(writeDocumentOrigins(plan, duckdbDialect)));
  const ofDocuments = writeDocumentChecks(plan, duckdbDialect);
  written.set("checks of documents", `${JSON.stringify(ofDocuments.checks)}\n${ofDocuments.query(CONDITION)}`);
  return written;
}

const CONDITION = `"$slot" = 1`;
const origins = ({ query, reads, sourceFields, positions }: OriginsSql): string =>
  `${JSON.stringify({ reads: reads.map(readName), sourceFields, positions })}\n${query(CONDITION)}`;

const rendered = (written: Written): string => [...written].map(([name, sql]) => `-- ${name}\n${laidOutSql(sql)};\n`).join("\n");

const invented = compilePlan(inventedMapping());
const plain = compilePlan(mappingOf(PLAIN));

function proven(plan: Plan): Plan {
  const leaves = new TypedLeaves(plan);
  return leaves.read(new Set(leaves.leaves.keys()));
}

describe("what is written of a mapping is what was looked at (a wanted change: vitest run -u)", () => {
  // What shreds the invented mapping is in `tests/golden`.
  test.each([
    ["plain.shred", (): Written => stages(plain)],
    ["plain.typed", (): Written => stages(proven(plain))],
    ["plain.checks", (): Written => checks(plain)],
    ["invented.checks", (): Written => checks(invented)],
  ])("%s", async (name, write) => {
    await expect(rendered(write())).toMatchFileSnapshot(`golden/${name}.sql.txt`);
  });
});

test("a target that is not there has no double keys to look for", () => {
  expect(() => writeDoubleKeys(plain, 99, "1", duckdbDialect)).toThrow("no target 99");
});
