import type { Parsed } from "./parse-fault.ts";
import { quoted } from "./report.ts";

const MAX_LENGTH = 200;
const MAX_REPEAT = 100;
/** Each may try every length against every other. */
const MAX_UNBOUNDED = 2;
const MAX_WAYS = 1_000;

const PART =
  /(?<class>\[\^?(?:\\[\\\]\-^dDwWsSnrt./]|[^\]\\[])+\])|(?<escape>\\[dDwWsSnrt\\.*+?()[\]{}|^$/-])|(?<open>\((?:\?:)?(?!\?))|(?<close>\))|(?<repeat>\*|\+|\?|\{[0-9]{1,3}(?:,[0-9]{0,3})?\})|(?<or>\|)|(?<plain>[^\\()[\]{}*+?|^$])/y;

interface Group {
  hasChoice: boolean;
}

/**
 * Checks a version's pattern, which is matched in JavaScript against text from outside: a subset that cannot run away. No
 * backreferences, no looking around, no repeats of what repeats or chooses, at most two repeats without end.
 */
export function checkPattern(text: string): Parsed<string> {
  const fault = (offset: number, expected: string): Parsed<string> => ({
    ok: false,
    fault: { offset, message: `the pattern ${quoted(text)} is not allowed`, expected, got: quoted(text.slice(offset, offset + 20)) },
  });
  if (text.length > MAX_LENGTH)
    return {
      ok: false,
      fault: {
        offset: 0,
        message: "the pattern is too long",
        expected: `at most ${String(MAX_LENGTH)} characters`,
        got: `${String(text.length)} characters`,
      },
    };
  const open: Group[] = [{ hasChoice: false }];
  /** What stands before: null nothing that repeats, else whether it repeats or chooses itself. */
  let before: Group | null = null;
  let unbounded = 0;
  /** In how many ways the bounded repeats and the choices can be combined. */
  let ways = 1;
  let offset = 0;
  while (offset < text.length) {
    PART.lastIndex = offset;
    const groups: Readonly<Record<string, string | undefined>> | undefined = PART.exec(text)?.groups;
    const current = open.at(-1);
    if (groups === undefined || current === undefined)
      return fault(offset, "letters, classes [a-z], groups, |, and the repeats ? * + {n} {n,m}; the whole text is matched without ^ and $");
    if (groups["open"] !== undefined) {
      open.push({ hasChoice: false });
      before = null;
    } else if (groups["close"] !== undefined) {
      if (open.length === 1) return fault(offset, "a group that is open");
      before = open.pop() ?? null;
      const outer = open.at(-1);
      if (outer !== undefined && before?.hasChoice === true) outer.hasChoice = true;
    } else if (groups["or"] !== undefined) {
      current.hasChoice = true;
      ways *= 2;
      before = null;
    } else if (groups["repeat"] !== undefined) {
      const repeat = groups["repeat"];
      if (before === null) return fault(offset, "something to repeat (lazy and possessive repeats are not part of the subset)");
      if (before.hasChoice && repeat !== "?") return fault(offset, "no repeat of a group that itself repeats or chooses");
      const most = /^\{[0-9]+\}$/.test(repeat)
        ? Number(repeat.slice(1, -1))
        : Number(/,([0-9]+)\}$/.exec(repeat)?.[1] ?? (repeat === "?" ? 1 : Infinity));
      const least = Number(/^\{([0-9]+)/.exec(repeat)?.[1] ?? 0);
      if (most === Infinity) unbounded += 1;
      else if (most > MAX_REPEAT) return fault(offset, `at most ${String(MAX_REPEAT)} repeats`);
      if (unbounded > MAX_UNBOUNDED) return fault(offset, `at most ${String(MAX_UNBOUNDED)} repeats without end`);
      if (most !== Infinity) ways *= Math.max(1, most - least + 1);
      if (most !== least) current.hasChoice = true;
      if (ways > MAX_WAYS) return fault(offset, "fewer repeats and choices side by side (all their combinations may be tried)");
      before = null;
    } else before = { hasChoice: false };
    offset = PART.lastIndex;
  }
  if (open.length > 1) return fault(text.length, "a closing parenthesis for each open one");
  try {
    // oxlint-disable-next-line security/detect-non-literal-regexp -- of the subset that was just checked
    new RegExp(`^(?:${text})$`, "u").test("");
    return { ok: true, value: text };
  } catch (error) {
    return fault(0, error instanceof Error ? error.message : "a regular expression");
  }
}
