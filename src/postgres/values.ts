import { types } from "pg";
import { EXIT, OutsideError } from "../core/errors.ts";
import { parseInstant } from "../core/instant.ts";
import type { SqlValue } from "../sql/sql-value.ts";

/** What a statement is given for `$1`, `$2`, …; 64-bit integers as bigint, decimals, dates and instants as text, bytes for BYTEA. */
export type SqlParameter = null | boolean | number | bigint | string | Uint8Array | readonly SqlParameter[];

/** What pg writes by itself: `null`, texts, bytes, and arrays of these. */
type WireValue = null | string | Buffer | readonly WireValue[];

/** A value as pg is given it. Numbers are finite: nothing of ours has NaN or infinities. @throws RangeError */
export function writeParameter(value: SqlParameter): WireValue {
  if (value === null || typeof value === "string") return value;
  if (typeof value === "number") {
    if (!Number.isFinite(value)) throw new RangeError(`${String(value)} is no value of a column`);
    // The sign of minus zero is lost in String(-0).
    return Object.is(value, -0) ? "-0" : String(value);
  }
  if (typeof value === "bigint" || typeof value === "boolean") return String(value);
  if (value instanceof Uint8Array) return Buffer.from(value.buffer, value.byteOffset, value.byteLength);
  return value.map(writeParameter);
}

const asText = (text: string): SqlValue => text;

function readInstant(text: string): SqlValue {
  // `2024-07-13 04:19:09.5+00`: sessions are in UTC.
  const instant = parseInstant(text.replace(/\+00$/, "Z"));
  if (instant === null) throw unreadable("time", text);
  return instant;
}

function readDate(text: string): SqlValue {
  if (!/^[0-9]{4}-[0-9]{2}-[0-9]{2}$/.test(text)) throw unreadable("date", text);
  return text;
}

/** `infinity`, and years before 1 and after 9999. */
function unreadable(what: string, text: string): OutsideError {
  return new OutsideError(
    {
      code: "postgres.value",
      message: `a ${what} of the database has no form here`,
      expected: "a year from 0001 to 9999",
      got: text,
      next: "cast the column to text in the query",
    },
    EXIT.storeUnreachable,
    false,
  );
}

/** How the texts of a type are read, by the type's number in `pg_type`. Every other type is given as its text. */
const READERS: ReadonlyMap<number, (text: string) => SqlValue> = new Map<number, (text: string) => SqlValue>([
  [16, (text) => text === "t"], // bool
  [20, BigInt], // int8
  [21, Number], // int2
  [23, Number], // int4
  [26, Number], // oid
  [700, Number], // float4
  [701, Number], // float8
  [1082, readDate],
  [1184, readInstant], // timestamptz
  [5069, BigInt], // xid8
]);

/** Arrays, by their number: that of their elements. */
const ELEMENTS: ReadonlyMap<number, number> = new Map([
  [1000, 16],
  [1002, 18], // "char"
  [1003, 19], // name
  [1005, 21],
  [1007, 23],
  [1009, 25], // text
  [1015, 1043], // varchar
  [1016, 20],
  [1021, 700],
  [1022, 701],
  [1028, 26],
  [1182, 1082],
  [1185, 1184],
  [1231, 1700], // numeric
  [3807, 3802], // jsonb
  [271, 5069],
]);

const TEXT_ARRAY = 1009;
type TextArray = readonly (string | null | TextArray)[];

/** BYTEA. */
const BYTES = 17;

/** The reader that gives bytes of BYTEA as such, not as their text `\x…`. */
export function readerWithBytes(type: number): (text: string) => SqlValue | Buffer {
  return type === BYTES ? (text) => Buffer.from(text.slice(2), "hex") : readerOf(type);
}

/** What reads the texts of a type, as the server writes them. @throws OutsideError `postgres.value` for dates and instants that have no form here */
export function readerOf(type: number): (text: string) => SqlValue {
  const element = ELEMENTS.get(type);
  if (element === undefined) return READERS.get(type) ?? asText;
  const read = READERS.get(element) ?? asText;
  const readArray = (items: TextArray): readonly SqlValue[] =>
    items.map((item) => (item === null ? null : typeof item === "string" ? read(item) : readArray(item)));
  const split = types.getTypeParser(TEXT_ARRAY as never, "text") as (text: string) => TextArray;
  return (text) => readArray(split(text));
}
