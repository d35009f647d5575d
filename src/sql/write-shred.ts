import type { Plan } from "../plan/plan.ts";
import type { Dialect } from "./dialect.ts";
import { SLICE_COLUMNS, SLICE_TABLES, type TableStage, tableStage, targetTable } from "./slice-tables.ts";
import { documentColumns, rawDocumentTypes, writeRawDocuments } from "./write-documents.ts";
import { writeLookupStages } from "./write-lookup.ts";
import { targetTypes, typedColumns, writeDocumentFields, writeTarget } from "./write-target.ts";

/** A slice shredded: the statements that make its tables, and the queries that tell what their checks found. */
export interface ShredSql {
  /** Takes bodies apart: run for some of them at a time. */
  readonly documents: TableStage;
  /** Run once for all documents of a slice. */
  readonly stages: readonly TableStage[];
  /** What the checks of the documents (first) and of each target say: `$slot, kind, rule, column, pointer, value`, for the slots of a condition. */
  readonly details: readonly { readonly table: string; readonly query: (slots: string) => string }[];
}

/** Bodies to typed rows: parse each answer once, lay out the lookup tables, then each target level by level. */
export function writeShred(plan: Plan, dialect: Dialect): ShredSql {
  const columns = documentColumns(plan);
  const documents = writeDocumentFields(plan, writeRawDocuments(plan, columns, dialect), columns, dialect);
  // The bodies are gone when the checks are asked: the documents table has all that they read, under the same names.
  const documentChecks = writeDocumentFields(plan, `SELECT * FROM ${SLICE_TABLES.documents}`, columns, dialect);
  const targets = plan.targets.map((target) => writeTarget(plan, target, columns, dialect));
  const documentTypes = [...rawDocumentTypes(plan, dialect), ...typedColumns(plan.fields, dialect)];
  const stages: TableStage[] = [...writeLookupStages(plan, columns, dialect)];
  for (const [at, target] of plan.targets.entries()) {
    stages.push(tableStage(`shred ${target.name}`, targetTable(at), targetTypes(plan, target, dialect), targets[at]?.rows ?? ""));
  }
  const slot = dialect.name(SLICE_COLUMNS.slot);
  const check = dialect.name("$check");
  const parts = ["kind", "rule", "column", "pointer", "value"].map((part) => `${dialect.member(check, part)} AS ${dialect.name(part)}`);
  const detail =
    (select: string) =>
    (slots: string): string =>
      `SELECT ${[slot, ...parts].join(", ")} FROM (${select}) WHERE ${slot} IN (${slots}) AND ${check} IS NOT NULL`;
  return {
    documents: tableStage("take the answers apart", SLICE_TABLES.documents, documentTypes, documents.rows),
    stages,
    details: [
      { table: SLICE_TABLES.documents, query: detail(documentChecks.details) },
      ...targets.map((target, at) => ({ table: targetTable(at), query: detail(target.details) })),
    ],
  };
}
