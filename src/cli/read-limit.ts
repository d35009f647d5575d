import { UserError } from "../core/errors.ts";

/** Reads `--limit`. @throws UserError. */
export function readLimit(text: string): number {
  if (!/^[1-9][0-9]{0,6}$/.test(text))
    throw new UserError({
      code: "usage.limit",
      message: "--limit is out of range",
      expected: "a whole number from 1 to 9999999",
      got: JSON.stringify(text),
    });
  return Number(text);
}
