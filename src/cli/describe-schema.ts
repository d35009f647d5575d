import type { DocumentCounts } from "../store/count-documents.ts";
import { sourceFlags } from "../store/prepare-schema.ts";
import type { StoreDialect } from "../store/store-dialect.ts";
import { type SchemaChange, type SchemaPlan, describeChange, redoesDocuments } from "../store/schema-changes.ts";
import { counted } from "./counted.ts";
import type { Output } from "./output.ts";

/** What is to be done next: the command that does it. `apply-drop` is `schema apply --allow-drop`. */
export const SCHEMA_STEPS = ["nothing", "transform", "apply", "apply-drop", "rebuild"] as const;

/** A change as it is shown: the same keys for all kinds. */
interface ReportedChange {
  readonly kind: SchemaChange["kind"];
  readonly how: SchemaChange["how"];
  readonly table: string | null;
  readonly column: string | null;
  readonly from: string | null;
  readonly to: string | null;
  readonly sentence: string;
  readonly statements: readonly string[];
  /** The strongest lock that they take on tables that are there, and who waits; null where they take none. */
  readonly locks: string | null;
}

/** A plan of one mapping as it is shown. */
export interface ReportedPlan {
  readonly mapping: string;
  readonly changes: readonly ReportedChange[];
  readonly documents: DocumentCounts;
  /** Documents that are to be applied again once the changes are made. */
  readonly redo: number;
  readonly next: (typeof SCHEMA_STEPS)[number];
  /** The command, null where nothing is to do. */
  readonly command: string | null;
}

/** `ofTime`: flags that a transform into this store needs, `--as-of … --store …`; null for a live store. */
export function reportPlan(
  { mapping, changes }: SchemaPlan,
  documents: DocumentCounts,
  ofTime: string | null,
  dialect: StoreDialect,
): ReportedPlan {
  const redo = changes.some(redoesDocuments) ? documents.applied : documents.behind;
  const next = nextStep(changes, redo);
  const source = sourceFlags(mapping);
  const commands = {
    nothing: null,
    transform: `mlb-etl transform ${source} ${ofTime === null ? "" : `${ofTime} `}--save`,
    apply: `mlb-etl schema apply ${source}`,
    "apply-drop": `mlb-etl schema apply ${source} --allow-drop`,
    rebuild: `mlb-etl rebuild ${source}`,
  } as const;
  return {
    mapping: mapping.name,
    changes: changes.map((change) => reportChange(change, dialect)),
    documents,
    redo,
    next,
    command: commands[next],
  };
}

function nextStep(changes: readonly SchemaChange[], redo: number): ReportedPlan["next"] {
  if (changes.some(({ how }) => how === "rebuild")) return "rebuild";
  if (changes.some(({ how }) => how === "destructive")) return "apply-drop";
  if (changes.length > 0) return "apply";
  return redo > 0 ? "transform" : "nothing";
}

function reportChange(change: SchemaChange, dialect: StoreDialect): ReportedChange {
  const base = {
    kind: change.kind,
    how: change.how,
    sentence: describeChange(change),
    statements: dialect.writeChange(change, "live"),
    locks: dialect.locksOf(change),
  };
  const none = { table: null, column: null, from: null, to: null };
  switch (change.kind) {
    case "create_table":
    case "drop_table":
      return { ...base, ...none, table: change.table };
    case "add_column":
      return { ...base, ...none, table: change.table, column: change.column.name, to: change.column.type };
    case "drop_column":
      return { ...base, ...none, table: change.table, column: change.column.name, from: change.column.type };
    case "retype_column":
    case "change_comment":
      return { ...base, table: change.table, column: change.column, from: change.from, to: change.to };
    case "change_key":
      return { ...base, ...none, table: change.table, from: change.from.join(", "), to: change.to.join(", ") };
    case "add_object":
      return { ...base, ...none, table: change.table, to: change.object.name };
    case "drop_object":
      return { ...base, ...none, table: change.table, from: change.object.name };
    case "change_documents":
      return { ...base, ...none, from: change.from.join(", "), to: change.to.join(", ") };
  }
}

/** Flags that a transform into a store of a time needs; null for a live store. */
export function timeFlags(asOf: string | null, store: string): string | null {
  return asOf === null ? null : `--as-of ${asOf} --store ${store}`;
}

/** A plan, and how it is shown. */
export interface ComparedPlan {
  readonly plan: SchemaPlan;
  readonly shown: ReportedPlan;
}

/** The plans for people: what changes, with which SQL where it is wanted, and what to do next. */
export function describePlans(plans: readonly ComparedPlan[], id: string, withSql: boolean, out: Output): void {
  for (const { plan, shown } of plans) {
    const { mapping, changes, documents, redo, command } = shown;
    const rows = changes.map(({ kind, how, table, column, from, to }, at) => {
      const change = plan.changes[at];
      return { kind, how, table, column, from, to: change?.kind === "create_table" ? counted(change.wanted.columns.length, "column") : to };
    });
    const ways = (["additive", "destructive", "rebuild"] as const).flatMap((way) => {
      const count = changes.filter(({ how }) => how === way).length;
      return count === 0 ? [] : [`${String(count)} ${WAYS[way]}`];
    });
    const what = changes.length === 0 ? "the store has its tables" : `${counted(changes.length, "change")} (${ways.join(", ")})`;
    out.text(`${mapping}: ${what}; ${String(redo)} of ${counted(documents.applied, "document")} to redo`);
    if (rows.length > 0) out.table(rows);
    if (withSql)
      for (const { statements, locks } of changes) {
        for (const statement of statements) out.text(`  ${statement};`);
        if (locks !== null && statements.length > 0) out.text(`    -- locks: ${locks}`);
      }
    if (command !== null) out.text(`  next: ${command}`);
  }
  out.text(`plan ${id}`);
}

const WAYS = { additive: "additive", destructive: "losing data", rebuild: "only by a rebuild" } as const;
