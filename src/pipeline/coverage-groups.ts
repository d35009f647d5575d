import { UserError } from "../core/errors.ts";
import type { Connection } from "../duckdb/connection.ts";
import { sqlText } from "../sql/sql-value.ts";
import { nearestSpelling } from "../mapping/nearest-spelling.ts";
import type { Mapping, Target } from "../mapping/mapping.ts";
import type { Plan } from "../plan/plan.ts";
import type { RawStore } from "../raw/raw-store.ts";
import { quoteName } from "../sql/quote.ts";
import type { OpenStore } from "../store/open-store.ts";
import { documentKeyOf } from "../store/read-rows.ts";
import type { GroupsOf } from "./measure-coverage.ts";
import { openIndex } from "./open-index.ts";

/** How captures are put together: by what is known of a capture, of its documents, or of their rows in a store. */
export type CoverageBy =
  | { readonly kind: "none" }
  /** The first characters of captured_at. */
  | { readonly kind: "captured"; readonly characters: number }
  | { readonly kind: "parameter"; readonly name: string }
  /** The year of `source.date`. */
  | { readonly kind: "document-year" }
  | { readonly kind: "column"; readonly name: string };

const CAPTURED = { year: 4, month: 7, day: 10 } as const;

/** Reads `--by`. @throws UserError `coverage.by`. */
export function parseCoverageBy(text: string | undefined): CoverageBy {
  if (text === undefined) return { kind: "none" };
  for (const [word, characters] of Object.entries(CAPTURED)) if (text === word) return { kind: "captured", characters };
  if (text === "document-year") return { kind: text };
  const named = /^(parameter|column):(.+)$/.exec(text);
  if (named !== null) return { kind: named[1] === "column" ? "column" : "parameter", name: named[2] ?? "" };
  throw new UserError({
    code: "coverage.by",
    message: "--by does not say how captures are grouped",
    expected: "day, month, year (of the capture), document-year, parameter:NAME or column:NAME",
    got: JSON.stringify(text.slice(0, 200)),
  });
}

/** The groups of captures by what is known of the captures themselves. */
export function groupsByCapture(by: Extract<CoverageBy, { kind: "none" | "captured" | "parameter" }>): GroupsOf {
  switch (by.kind) {
    case "none":
      return () => [null];
    case "captured":
      return ({ capturedAt }) => [capturedAt.slice(0, by.characters)];
    case "parameter":
      return ({ parameters }) => [parameters[by.name] ?? `(no ${by.name})`];
  }
}

/** The groups of captures by the year of their documents' date, from the document index. @throws UserError `coverage.no-date`. */
export async function groupsByYear(plan: Plan, raw: RawStore, connection: Connection): Promise<GroupsOf> {
  if (plan.source.date === null)
    throw new UserError({
      code: "coverage.no-date",
      message: `${plan.mapping} names no date of its documents (source.date)`,
      next: "group by day, month, year, parameter:NAME or column:NAME",
    });
  return byDocument(plan, raw, connection, ({ date }) => date?.slice(0, 4) ?? "(no date)");
}

/** A column that belongs to the document as a whole: of all tables, or of one whose row is the document. @throws UserError `coverage.no-column`. */
export function documentColumn(mapping: Mapping, column: string): Target {
  const own = mapping.targets.filter(({ rowSource }) => rowSource.kind === "document");
  const target = [...own, ...(mapping.fields.some(({ name }) => name === column) ? mapping.targets : [])].find(({ fields }) =>
    fields.some(({ name }) => name === column),
  );
  if (target !== undefined) return target;
  const columns = [...new Set([...mapping.fields, ...own.flatMap(({ fields }) => fields)].map(({ name }) => name))];
  const near = nearestSpelling(column, columns);
  throw new UserError({
    code: "coverage.no-column",
    message: `${JSON.stringify(column.slice(0, 200))} is no column of the documents of ${mapping.name}`,
    expected: "a file-level field, or a column of a table with one row per document",
    next: near === null ? `mlb-etl mapping show ${mapping.name}` : `did you mean ${near}?`,
  });
}

/** The value of a column for each document, by its key, as the store has it. */
export async function columnByDocument(
  store: OpenStore,
  target: Target,
  documentKey: readonly string[],
  column: string,
): Promise<ReadonlyMap<string, string>> {
  const name = quoteName(column);
  const rows = await store.rows(
    `SELECT DISTINCT ${documentKeyOf(store, target, documentKey, "t")} AS document, CAST(t.${name} AS VARCHAR) AS value FROM ${store.table(target.name)} t`,
  );
  return new Map(rows.map((row) => [sqlText(row["document"]), row["value"] === null ? "(null)" : sqlText(row["value"])]));
}

/** The groups of captures by a value of their documents. */
export async function groupsByValue(
  plan: Plan,
  raw: RawStore,
  connection: Connection,
  values: ReadonlyMap<string, string>,
): Promise<GroupsOf> {
  return byDocument(plan, raw, connection, ({ key }) => values.get(key) ?? "(not in the store)");
}

const INDEX_TABLE = "coverage_documents";

async function byDocument(
  plan: Plan,
  raw: RawStore,
  connection: Connection,
  groupOf: (document: { readonly key: string; readonly date: string | null }) => string,
): Promise<GroupsOf> {
  const index = openIndex(plan, raw);
  await index.catchUp();
  await index.load(connection, INDEX_TABLE);
  const groups = new Map<number, string[]>();
  for await (const batch of connection.batches(`SELECT raw_id, document_key, document_date FROM ${INDEX_TABLE} ORDER BY raw_id`)) {
    for (const row of batch) {
      const id = Number(row["raw_id"]);
      const date = row["document_date"];
      const group = groupOf({ key: sqlText(row["document_key"]), date: typeof date === "string" ? date : null });
      const known = groups.get(id);
      if (known === undefined) groups.set(id, [group]);
      else known.push(group);
    }
  }
  return ({ id }) => groups.get(id) ?? [];
}
