import { type CheckContext, oneOf, problemAt } from "./check-context.ts";
import { checkName, LINEAGE_COLUMNS } from "./check-name.ts";
import { COLUMN_TYPE_SPELLINGS, type ColumnType, parseColumnType } from "./column-type.ts";
import type { FieldSpec, PartialSpec } from "./mapping-spec.ts";
import { nearestSpelling } from "./nearest-spelling.ts";
import { quoted } from "./report.ts";

/** A column whose name and type are checked, and whose value is not yet. */
export interface DraftColumn {
  readonly name: string;
  /** Null where it is wrong and reported. */
  readonly type: ColumnType | null;
  readonly spec: PartialSpec<FieldSpec>;
}

/** Checks names and types of columns. `outer`: the file-level fields, which every target has too. */
export function checkColumns(
  context: CheckContext,
  fields: readonly PartialSpec<FieldSpec>[],
  outer: ReadonlyMap<string, DraftColumn>,
): ReadonlyMap<string, DraftColumn> {
  const columns = new Map(outer);
  for (const field of fields) {
    const { name } = field;
    if (name === undefined) continue;
    checkName(context, field, "name", name, "a column");
    const isLineage = LINEAGE_COLUMNS.some((each) => each === name);
    if (isLineage)
      problemAt(context, field, "name", {
        code: "mapping.reserved-name",
        message: `the column name ${quoted(name)} is the platform's own`,
        expected: `none of: ${LINEAGE_COLUMNS.join(", ")}`,
        got: quoted(name),
      });
    if (columns.has(name)) {
      const where = outer.has(name) ? "a file-level field, which every target has already" : "there already";
      problemAt(context, field, "name", {
        code: "mapping.double-name",
        message: `the column ${quoted(name)} is ${where}`,
        expected: "each column once",
        got: `${quoted(name)} again`,
      });
      continue;
    }
    columns.set(name, { name, type: checkType(context, field), spec: field });
  }
  return columns;
}

function checkType(context: CheckContext, field: PartialSpec<FieldSpec>): ColumnType | null {
  const { type: written } = field;
  if (written === undefined) return null;
  const type = parseColumnType(written);
  if (type !== null) return type;
  problemAt(context, field, "type", {
    code: "mapping.unknown-type",
    message: `unknown column type ${quoted(written)}`,
    // In a flow mapping a comma ends the value.
    expected: /\([^)]*$/.test(written)
      ? 'quotes around a type with a comma inside of {…}, as "NUMERIC(6,2)"'
      : oneOf(COLUMN_TYPE_SPELLINGS),
    got: quoted(written),
    didYouMean: nearestType(written),
  });
  return null;
}

/** By the word before the parenthesis: `VARCAR(10)` is near `VARCHAR(n)`, and so is `VARCHAR`. */
function nearestType(written: string): string | null {
  const word = (spelling: string): string => spelling.replace(/\(.*/s, "");
  const words = COLUMN_TYPE_SPELLINGS.map(word);
  const near = words.includes(word(written)) ? word(written) : nearestSpelling(word(written), words);
  return COLUMN_TYPE_SPELLINGS.find((spelling) => word(spelling) === near) ?? null;
}

/** Names and types, as expressions see them. */
export function columnTypes(columns: ReadonlyMap<string, DraftColumn>): ReadonlyMap<string, ColumnType | null> {
  return new Map([...columns].map(([name, column]) => [name, column.type]));
}
