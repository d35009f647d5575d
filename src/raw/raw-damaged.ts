import { EXIT, OutsideError } from "../core/errors.ts";

/** The files of a raw table are not what was written. */
export function rawDamaged(file: string, offset: number, what: string, expected: string, cause?: unknown): OutsideError {
  return new OutsideError(
    {
      code: "raw.damaged",
      message: `${file}, byte ${String(offset)}: ${what}`,
      expected,
      next: "restore the raw table's folder from a backup, or check the disk; nothing was changed",
      ...(cause === undefined ? {} : { cause }),
    },
    EXIT.storeUnreachable,
    false,
  );
}
