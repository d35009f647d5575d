/** Instants are UTC text of one form, `2024-07-13T04:19:09.000000Z`, so that their order is the order of the text. Years 0001 to 9999, microseconds. */

const ISO =
  /^([0-9]{4})-([0-9]{2})-([0-9]{2})[Tt ]([0-9]{2}):([0-9]{2})(?::([0-9]{2})(?:[.,]([0-9]{1,9}))?)?(?:([Zz])|([+-])([0-9]{2}):?([0-9]{2}))$/;
const DAY = /^[0-9]{4}-[0-9]{2}-[0-9]{2}$/;
const COMPACT = /^([0-9]{4})([0-9]{2})([0-9]{2})_([0-9]{2})([0-9]{2})([0-9]{2})$/;
const CANONICAL = /^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{6}Z$/;

/**
 * Reads an ISO 8601 time with `Z` or an offset, or the Stats API's `YYYYMMDD_HHMMSS` (UTC), as the canonical text.
 * Null where it is neither, has no zone, or is no time that exists (no 30 February, no 24:00, no leap second). Digits after the microsecond are cut off.
 */
export function parseInstant(text: string): string | null {
  const compact = COMPACT.exec(text);
  if (compact !== null) {
    const [year, month, day, hour, minute, second] = compact.slice(1).map(Number);
    return render(year, month, day, hour, minute, second, 0, "");
  }
  const iso = ISO.exec(text);
  if (iso === null) return null;
  const [year, month, day, hour, minute] = iso.slice(1, 6).map(Number);
  const offsetHours = Number(iso[10] ?? 0);
  const offsetMinutes = Number(iso[11] ?? 0);
  if (offsetHours > 23 || offsetMinutes > 59) return null;
  const offset = (offsetHours * 60 + offsetMinutes) * (iso[9] === "-" ? -1 : 1);
  return render(year, month, day, hour, minute, Number(iso[6] ?? 0), offset, iso[7] ?? "");
}

/** The same, and a day alone: `2024-07-13` is its first or its last microsecond, UTC. */
export function parseInstantOrDay(text: string, edge: "first" | "last"): string | null {
  if (!DAY.test(text)) return parseInstant(text);
  return parseInstant(edge === "first" ? `${text}T00:00:00Z` : `${text}T23:59:59.999999Z`);
}

/** Whether the text is in the canonical form and is a time that exists. */
export function isInstant(text: string): boolean {
  return CANONICAL.test(text) && parseInstant(text) === text;
}

/** The canonical text of a `Date` (milliseconds). @throws RangeError for an invalid date or a year that has not four digits. */
export function instantOf(date: Date): string {
  const instant = parseInstant(date.toISOString());
  if (instant === null) throw new RangeError(`no instant: ${date.toISOString()}`);
  return instant;
}

function render(year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0, offsetMinutes = 0, fraction = ""): string | null {
  if (hour > 23 || minute > 59 || second > 59) return null;
  const local = new Date(0);
  local.setUTCFullYear(year, month - 1, day);
  local.setUTCHours(hour, minute, second);
  // A day or month that does not exist rolls over into another.
  if (local.getUTCFullYear() !== year || local.getUTCMonth() !== month - 1 || local.getUTCDate() !== day) return null;
  const text = new Date(local.getTime() - offsetMinutes * 60_000).toISOString();
  if (!/^[0-9]{4}-/.test(text) || text.startsWith("0000")) return null;
  return `${text.slice(0, 19)}.${fraction.slice(0, 6).padEnd(6, "0")}Z`;
}

/** Microseconds since 1970 of an instant in the canonical form. */
export function microsOfInstant(instant: string): bigint {
  return BigInt(Date.parse(`${instant.slice(0, 19)}Z`)) * 1000n + BigInt(instant.slice(20, 26));
}

/** The canonical text of microseconds since 1970. */
export function instantOfMicros(micros: bigint): string {
  const fraction = ((micros % 1_000_000n) + 1_000_000n) % 1_000_000n;
  const seconds = (micros - fraction) / 1_000_000n;
  return `${new Date(Number(seconds) * 1000).toISOString().slice(0, -5)}.${fraction.toString().padStart(6, "0")}Z`;
}
