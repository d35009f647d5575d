import { UserError } from "../core/errors.ts";

/** A whole number of a flag. @throws UserError `usage.number`. */
export function readNumber(flag: string, text: string, least: number, most: number): number {
  const value = Number(text);
  if (/^[0-9]+$/.test(text) && value >= least && value <= most) return value;
  throw new UserError({
    code: "usage.number",
    message: `${flag} is out of range`,
    expected: `a whole number from ${String(least)} to ${String(most)}`,
    got: JSON.stringify(text.slice(0, 100)),
  });
}
