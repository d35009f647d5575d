import type { ColumnType } from "../mapping/column-type.ts";

/**
 * The definition of each column type: what text of a JSON value it takes, and which value that is. An engine must give the
 * same answers; the table of literals in `leaf.test.ts` is what every engine is tested on.
 * The guards are the same text for every engine: only `[0-9]`, `[.]`, groups, `?`, `*`, `+`, `{n,m}`, `|`.
 */
const DATE = "[0-9]{4}-[0-9]{2}-[0-9]{2}";
const NUMBER = "[+-]?([0-9]+([.][0-9]*)?|[.][0-9]+)([eE][+-]?[0-9]{1,3})?";
const GUARDS: Readonly<Partial<Record<ColumnType["name"], string>>> = {
  BIGINT: "[+-]?[0-9]{1,19}",
  INT: "[+-]?[0-9]{1,19}",
  BOOLEAN: "true|false",
  DATE,
  TIMESTAMPTZ: `${DATE}T([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9]([.][0-9]{1,9})?)?(Z|[+-](0[0-9]|1[0-4]):[0-5][0-9])`,
  DOUBLE: NUMBER,
  NUMERIC: NUMBER,
};

/** The whole-match pattern that a text must have to be cast at all; null where every text is taken (TEXT, VARCHAR by length, JSONB). */
export function guardOf(type: ColumnType): string | null {
  return GUARDS[type.name] ?? null;
}

/** A leaf's value as an engine must give it: integers as bigint, DOUBLE as number, NUMERIC as decimal text at its scale, times as microseconds since 1970 (bigint), dates as `YYYY-MM-DD`. */
export type LeafValue = bigint | number | string | boolean;
export type LeafReading = { readonly ok: true; readonly value: LeafValue } | { readonly ok: false };

const BAD: LeafReading = { ok: false };
const good = (value: LeafValue): LeafReading => ({ ok: true, value });

/** Reads the text of a JSON value as a column type does. The reference that engines are compared with; it also reads document keys at ingest. */
export function readLeaf(type: ColumnType, text: string): LeafReading {
  const guard = guardOf(type);
  // oxlint-disable-next-line security/detect-non-literal-regexp -- the guards above, and nothing of a user
  if (guard !== null && !new RegExp(`^(?:${guard})$`).test(text)) return BAD;
  switch (type.name) {
    case "BIGINT":
      return readInteger(text, 64n);
    case "INT":
      return readInteger(text, 32n);
    case "BOOLEAN":
      return good(text === "true");
    case "DATE":
      return isDate(text) ? good(text) : BAD;
    case "TIMESTAMPTZ":
      return readTimestamp(text);
    case "DOUBLE": {
      const value = Number(text);
      return Number.isFinite(value) ? good(value) : BAD;
    }
    case "NUMERIC":
      return readNumeric(text, type.precision, type.scale);
    case "VARCHAR":
      return Array.from(text).length <= type.length ? good(text) : BAD;
    case "TEXT":
    case "JSONB":
      return good(text);
  }
}

function readInteger(text: string, bits: bigint): LeafReading {
  const value = BigInt(text);
  const limit = 1n << (bits - 1n);
  return value >= -limit && value < limit ? good(value) : BAD;
}

const MONTH_DAYS = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31] as const;

/** Whether a text starts with a day of the proleptic Gregorian calendar, years 0001 to 9999: engines disagree about year 0000. */
function isDate(text: string): boolean {
  const [year, month, day] = [Number(text.slice(0, 4)), Number(text.slice(5, 7)), Number(text.slice(8, 10))];
  if (year === 0 || day < 1 || day > (MONTH_DAYS[month - 1] ?? 0)) return false;
  return month !== 2 || day !== 29 || (year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0));
}

/** Fractions finer than a microsecond are cut off, as both engines do. */
function readTimestamp(text: string): LeafReading {
  if (!isDate(text)) return BAD;
  const parts = /^(.{10})T(\d\d):(\d\d)(?::(\d\d)(?:[.](\d+))?)?(Z|[+-]\d\d:\d\d)$/.exec(text);
  if (parts === null) return BAD;
  const [, date = "", hour, minute, second = "00", fraction = "", zone = "Z"] = parts;
  const millis = Date.parse(`${date}T00:00:00Z`) + (Number(hour) * 3600 + Number(minute) * 60 + Number(second)) * 1000;
  // Of Z, both parts are empty, which is 0.
  const offsetMinutes = (zone.startsWith("-") ? -1 : 1) * (Number(zone.slice(1, 3)) * 60 + Number(zone.slice(4, 6)));
  return good(BigInt(millis - offsetMinutes * 60_000) * 1000n + BigInt(fraction.padEnd(6, "0").slice(0, 6)));
}

/** Half away from zero at the scale; more than `precision` digits is bad. */
function readNumeric(text: string, precision: number, scale: number): LeafReading {
  const parts = /^([+-]?)([0-9]*)(?:[.]([0-9]*))?(?:[eE]([+-]?[0-9]+))?$/.exec(text);
  if (parts === null) return BAD;
  const [, sign, whole = "", fraction = "", exponent = "0"] = parts;
  // An engine may get at negative exponents by a double, which holds 15 digits: a longer one is bad rather than wrong.
  if (exponent.startsWith("-") && (whole + fraction).replace(/^0+/, "").length > 15) return BAD;
  const digits = BigInt(whole + fraction);
  const shift = scale - fraction.length + Number(exponent);
  let unscaled: bigint;
  if (shift >= 0) {
    // No precision reaches further.
    unscaled = digits * 10n ** BigInt(Math.min(shift, 100));
  } else {
    const divisor = 10n ** BigInt(-shift);
    unscaled = (digits * 2n + divisor) / (divisor * 2n);
  }
  if (unscaled >= 10n ** BigInt(precision)) return BAD;
  const text0 = unscaled.toString().padStart(scale + 1, "0");
  const body = scale === 0 ? text0 : `${text0.slice(0, -scale)}.${text0.slice(-scale)}`;
  return good(sign === "-" && unscaled !== 0n ? `-${body}` : body);
}
