import { EXIT, OutsideError } from "../core/errors.ts";

/** Captures that were asked for by id and are not in raw. */
export function captureMissing(table: string, ids: ReadonlySet<number>, next: string): OutsideError {
  const [first = 0] = ids;
  const others = ids.size === 1 ? "" : ` (and ${String(ids.size - 1)} others of those asked for)`;
  return new OutsideError(
    { code: "raw.capture-missing", message: `${table} has no capture ${String(first)}${others}`, next },
    EXIT.storeUnreachable,
    false,
  );
}
