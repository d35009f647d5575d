import { UserError } from "../core/errors.ts";

const UNITS = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 } as const;

/** `500ms`, `5s`, `2m`, `1h` in milliseconds, from 1 ms to a day. @throws UserError `usage.duration`. */
export function readDuration(flag: string, text: string): number {
  const [, number = "", unit = ""] = /^([0-9]{1,8})(ms|s|m|h)$/.exec(text) ?? [];
  const ms = Number(number) * (UNITS[unit as keyof typeof UNITS] ?? 0);
  if (ms >= 1 && ms <= 86_400_000) return ms;
  throw new UserError({
    code: "usage.duration",
    message: `${flag} is no duration`,
    expected: "a whole number with ms, s, m or h, from 1ms to 24h: 5s",
    got: JSON.stringify(text.slice(0, 100)),
    next: `for example ${flag} 5s`,
  });
}
