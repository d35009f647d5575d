import type { ColumnType } from "../mapping/column-type.ts";
import type { FunctionName } from "../mapping/expression.ts";
import type { ReadNode } from "../plan/plan.ts";

/**
 * How one engine spells what a plan needs. Pure: text in, text out. Names and literals of a user enter SQL by `name` and
 * `text` alone; every other argument is SQL that this layer wrote.
 */
export interface Dialect {
  readonly engine: "duckdb";
  /** A quoted name. */
  name(name: string): string;
  /** A text literal. */
  text(value: string): string;
  /** A column type of a table. */
  columnType(type: ColumnType): string;
  /** The text of bytes that are UTF-8. */
  decode(bytes: string): string;
  /** The type of what `texts` and `jsons` give. */
  listOf(kind: "text" | "json"): string;
  /** JSON text parsed by a read schema. */
  parse(json: string, read: ReadNode): string;
  /** The texts of several values below a JSON text, in one pass: a list, null where a value is absent or null. */
  texts(json: string, places: readonly (readonly string[])[]): string;
  /** The same, each value as JSON text. */
  jsons(json: string, places: readonly (readonly string[])[]): string;
  /** A member of a list, counted from 0. */
  memberAt(list: string, at: number): string;
  /** For each JSON value of a list, whether it is absent or null: a list. */
  absences(jsons: string): string;
  /** A JSON text, null where it is JSON's null. */
  jsonValue(json: string): string;
  /** The elements of a JSON container, each as JSON text: a list for items, a map for values. */
  elements(json: string, each: "items" | "values"): string;
  /** A member of a row value. */
  member(object: string, key: string): string;
  /** A member of an object that was parsed by a read schema. */
  readMember(object: string, read: ReadNode & { kind: "object" }, key: string): string;
  /** The value of a key of a parsed map; null where it has none. */
  mapMember(map: string, key: string): string;
  /** The text of a JSON scalar that was read as JSON: a string without its quotes. */
  scalarText(json: string): string;
  /** A row value of named texts. */
  record(fields: Readonly<Record<string, string>>): string;
  /** A list of values of one type. */
  list(values: readonly string[]): string;
  /**
   * A select that turns each element of a container into a row: all columns of `from`, then `element`, `index` (BIGINT from 0) or `key` (text).
   * A container that is null or empty gives no row.
   */
  explode(options: {
    readonly from: string;
    readonly keep: readonly string[];
    readonly container: string;
    readonly each: "items" | "values";
    readonly element: string;
    readonly position: string;
  }): string;
  /** The text of a leaf cast by the definition of a column type (`plan/leaf.ts`); null where the type does not take it. */
  castLeaf(text: string, type: ColumnType): string;
  /** A value of an expression as a column type; null, never an error, where it does not fit. */
  narrow(value: string, type: ColumnType): string;
  call(name: FunctionName, args: readonly string[]): string;
  /** BIGINT arithmetic that gives null, never an error, where the result is out of range. */
  integerArithmetic(operator: "+" | "-" | "*", left: string, right: string): string;
  /** Null where it is out of range. */
  integerAbsolute(value: string): string;
  like(operand: string, pattern: string): string;
  /** The keys of a JSON object: a list; null where there is none. */
  keysOf(json: string): string;
  /** Whether a list has a text as its member; null where there is no list. */
  isMember(text: string, list: string): string;
  /** A number that is the same for the same values: others may have it too. */
  hash(values: readonly string[]): string;
  /** A select whose rows are made once, before what reads them begins: an engine may make the states of what follows a join once for each join. */
  once(select: string): string;
  /** One row for each member of a list. */
  eachOf(list: string): string;
}
