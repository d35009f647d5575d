import type { Problem } from "../core/errors.ts";
import type { CheckedMapping, LinkedTable } from "./check-mapping.ts";
import { checkColumnPairs } from "./check-relationships.ts";
import { nearestSpelling } from "./nearest-spelling.ts";
import { createReport, quoted, type Report } from "./report.ts";

/** A checked mapping and the file that it stands in, relative to the mappings folder. */
export interface CheckedFile {
  readonly file: string;
  readonly checked: CheckedMapping;
}

/** Checks what no single mapping can know: a table belongs to one mapping, other mappings' tables are there, folders are endpoints. */
export function checkRegistry(files: readonly CheckedFile[]): readonly Problem[] {
  const tables = new Map<string, { readonly file: string; readonly table: LinkedTable }>();
  const names = new Map<string, string>();
  const rawTables = new Set(files.map(({ checked }) => checked.links.rawTable));
  const reports = files.map(({ file, checked }) => {
    const report = createReport(file);
    checkFolder(file, checked, report);
    checkMappingName(file, checked, names, report);
    for (const table of checked.links.tables) {
      if (rawTables.has(table.name))
        report.add(table.place, {
          code: "mapping.raw-table",
          message: `the table ${quoted(table.name)} keeps raw captures`,
          expected: "a table of its own",
          got: "the raw_table of a mapping",
        });
      const owner = tables.get(table.name);
      if (owner === undefined) tables.set(table.name, { file, table });
      else
        report.add(table.place, {
          code: "mapping.table-in-two",
          message: `the table ${quoted(table.name)} belongs to another mapping`,
          expected: "each table in one mapping",
          got: `${quoted(table.name)}, which ${owner.file} fills`,
        });
    }
    return report;
  });
  for (const [position, { checked }] of files.entries()) {
    const report = reports[position];
    if (report !== undefined) checkOutward(checked, tables, report);
  }
  return reports.flatMap((report) => report.sorted());
}

/** Two files can take the same name where their folders differ and their endpoints do not. */
function checkMappingName(file: string, checked: CheckedMapping, names: Map<string, string>, report: Report): void {
  const { mapping, links } = checked;
  if (mapping === null) return;
  const owner = names.get(mapping.name);
  if (owner === undefined) names.set(mapping.name, file);
  else
    report.add(links.endpoint?.place ?? { line: 1, column: 1 }, {
      code: "mapping.double-name",
      message: `the mapping ${quoted(mapping.name)} is there already`,
      expected: "each mapping once",
      got: `${quoted(mapping.name)} again, after ${owner}`,
    });
}

function checkFolder(file: string, checked: CheckedMapping, report: Report): void {
  const folder = file.split("/").at(-2);
  const { endpoint } = checked.links;
  if (endpoint === null || folder === undefined || folder === endpoint.name) return;
  report.add(endpoint.place, {
    code: "mapping.wrong-folder",
    message: "the mapping stands in another endpoint's folder",
    expected: `endpoint ${quoted(folder)}, as the folder is named`,
    got: quoted(endpoint.name),
  });
}

function checkOutward(checked: CheckedMapping, tables: ReadonlyMap<string, { readonly table: LinkedTable }>, report: Report): void {
  for (const { table: name, tablePlace, fieldsPlace, fromFields, fromTypes, toFields } of checked.links.outward) {
    const other = tables.get(name)?.table;
    if (other === undefined) {
      report.add(tablePlace, {
        code: "mapping.unknown-table",
        message: `the relationship points at ${quoted(name)}, which no mapping fills`,
        expected: "a target of any mapping",
        got: quoted(name),
        didYouMean: nearestSpelling(name, tables.keys()),
      });
      continue;
    }
    for (const field of toFields) {
      if (!other.columns.has(field))
        report.add(fieldsPlace, {
          code: "mapping.unknown-column",
          message: `"to_field" names ${quoted(field)}, which is no column of ${name}`,
          expected: `a column of ${name}`,
          got: quoted(field),
          didYouMean: nearestSpelling(field, other.columns.keys()),
        });
    }
    checkColumnPairs(
      report,
      fieldsPlace,
      { name: "", fields: fromFields, types: fromTypes },
      { name, fields: toFields, types: toFields.map((field) => other.columns.get(field) ?? null) },
    );
  }
}
