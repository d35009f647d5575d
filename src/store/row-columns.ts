import { type Plan, type PlanTarget, targetColumns } from "../plan/plan.ts";
import { quoteName as name } from "../sql/quote.ts";
import { LINEAGE_COLUMNS } from "./mapping-schema.ts";

/** The columns of a target that its mapping says, quoted, in the order of the table. */
export function ownColumns(plan: Plan, target: PlanTarget): readonly string[] {
  return targetColumns(plan, target).map((column) => name(column.name));
}

/** The columns that stand after them. */
export const LINEAGE: readonly string[] = LINEAGE_COLUMNS.map((column) => name(column.name));

/** Their values, in order, of rows of a state `g` that is written. */
export const LINEAGE_VALUES: readonly string[] = ["g.version", "g.captured_at", "g.raw_id", "g.applied_at"];
