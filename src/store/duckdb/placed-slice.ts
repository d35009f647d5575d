import type { Plan } from "../../plan/plan.ts";
import { quoteName as name } from "../../sql/quote.ts";
import { SLICE_COLUMNS, targetTable } from "../../sql/slice-tables.ts";
import { LINEAGE, LINEAGE_VALUES, ownColumns } from "../row-columns.ts";
import type { StagedSlice } from "../staged-slice.ts";

const slot = name(SLICE_COLUMNS.slot);

/** A slice whose tables are where the store is attached: all rows are there. */
export function placedSlice(plan: Plan): StagedSlice {
  return {
    settle: (store, go) =>
      Promise.resolve({
        stored: new Map(),
        insertFresh: (target, at) => {
          const columns = ownColumns(plan, target);
          return store.run(
            `INSERT INTO ${store.table(target.name)} (${[...columns, ...LINEAGE].join(", ")}) ` +
              `SELECT ${[...columns.map((column) => `s.${column}`), ...LINEAGE_VALUES].join(", ")} FROM ${targetTable(at)} s JOIN ${go} g ON g.${slot} = s.${slot} WHERE g.is_new`,
          );
        },
      }),
    committed: () => undefined,
  };
}
