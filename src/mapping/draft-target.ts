import { type DraftColumn, checkColumns } from "./check-columns.ts";
import { type CheckContext, checkNames, problemAt } from "./check-context.ts";
import { checkLookups } from "./check-lookups.ts";
import { checkTableName } from "./check-name.ts";
import { checkRowSource, rowLevels } from "./check-row-source.ts";
import type { ExpandedTarget } from "./for-each.ts";
import type { Lookup, RowSource } from "./mapping.ts";
import type { RowLevel } from "./path-scope.ts";
import { listed, quoted } from "./report.ts";

/** A target whose own parts are checked, and whose references to columns and to other targets are not yet. */
export interface DraftTarget {
  readonly spec: ExpandedTarget;
  readonly name: string;
  /** File-level fields first. */
  readonly columns: ReadonlyMap<string, DraftColumn>;
  /** Null where it is wrong. */
  readonly rowSource: RowSource | null;
  /** From the answer to the row; null where the row source is wrong. */
  readonly levels: readonly RowLevel[] | null;
  readonly lookups: readonly Lookup[];
  /** Right names only; empty where it is missing. */
  readonly primaryKey: readonly string[];
  readonly partitionBy: readonly string[];
}

/** What all targets of a mapping share. */
export interface DocumentParts {
  readonly columns: ReadonlyMap<string, DraftColumn>;
  /** Null where the document source is wrong. */
  readonly levels: readonly RowLevel[] | null;
  readonly documentKey: readonly string[];
}

/** Checks what a target says of itself. */
export function checkDraftTarget(context: CheckContext, spec: ExpandedTarget, document: DocumentParts): DraftTarget {
  const name = spec.name ?? "";
  if (spec.name !== undefined) checkTableName(context, spec, "name", spec.name);
  const columns = checkColumns(context, spec.fields ?? [], document.columns);
  const rowSource = checkRowSource(context, spec);
  const levels = rowSource === null || document.levels === null ? null : [...document.levels, ...rowLevels(rowSource)];
  return {
    spec,
    name,
    columns,
    rowSource,
    levels,
    lookups: checkLookups(context, spec, levels, columns),
    primaryKey: checkPrimaryKey(context, spec, columns, document.documentKey),
    partitionBy:
      spec.partition_by === undefined
        ? []
        : checkNames(context, spec, "partition_by", spec.partition_by, { what: "file-level field", names: document.columns }),
  };
}

function checkPrimaryKey(
  context: CheckContext,
  spec: ExpandedTarget,
  columns: ReadonlyMap<string, DraftColumn>,
  documentKey: readonly string[],
): readonly string[] {
  const written = spec.primary_key;
  if (written === undefined) return [];
  const primaryKey = checkNames(context, spec, "primary_key", written, { what: "column of this target", names: columns });
  const missing = documentKey.filter((name) => !written.includes(name));
  if (missing.length > 0) {
    problemAt(context, spec, "primary_key", {
      code: "mapping.document-key",
      message: `the primary key lacks the document key ${listed(missing.map(quoted))}: a row must belong to one document`,
      expected: `a primary key with ${listed(documentKey)}`,
      got: listed(written),
    });
  }
  for (const name of primaryKey) {
    const type = columns.get(name)?.type;
    if (type?.name === "JSONB")
      problemAt(context, written, written.indexOf(name), {
        code: "mapping.wrong-type",
        message: `the key column ${quoted(name)} is JSONB`,
        expected: "a column that can be compared",
        got: "JSONB",
      });
  }
  const upsert = spec.upsert_keys;
  if (upsert !== undefined && (upsert.length !== written.length || upsert.some((name) => !written.includes(name)))) {
    problemAt(context, spec, "upsert_keys", {
      code: "mapping.upsert-keys",
      message: "upsert_keys is not the primary key",
      expected: listed(written),
      got: listed(upsert),
    });
  }
  return primaryKey;
}
