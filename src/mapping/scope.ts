import type { ColumnType } from "./column-type.ts";
import type { PathScope } from "./path-scope.ts";

/** What an expression can name. */
export interface Scope {
  /** Null where the column's own type is wrong and reported already. */
  readonly columns: ReadonlyMap<string, ColumnType | null>;
  /** Null where no JSON path is allowed. */
  readonly paths: PathScope | null;
  /** Whether `parameters.x` is allowed. */
  readonly parameters: boolean;
  /** Null where no aggregate is allowed. */
  readonly aggregates: AggregateScope | null;
}

export interface AggregateScope {
  readonly primaryKey: readonly string[];
  readonly targets: ReadonlyMap<string, AggregateTarget>;
}

export interface AggregateTarget {
  readonly columns: ReadonlyMap<string, ColumnType | null>;
  readonly primaryKey: readonly string[];
}
