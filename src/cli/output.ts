/**
 * The only place that writes to the terminal: stdout is data, stderr is talk. A table for people, JSON where `--json` asks for it.
 */
import { repeatFlags } from "./repeat-flags.ts";

/** What a command writes. Tests give their own. */
export interface Output {
  readonly json: boolean;
  /** Writes lines of data for people. Nothing where JSON was asked for. */
  text(text: string): void;
  /** Writes rows as a table for people. */
  table(rows: readonly Readonly<Record<string, unknown>>[], columns?: readonly string[]): void;
  /** Writes one JSON value where JSON was asked for. 64-bit integers are texts. */
  data(value: unknown): void;
  /** Talk, on stderr. */
  say(text: string): void;
  /** Progress, on stderr: one line that is written over on a terminal, now and then a line elsewhere. */
  progress(text: string, isLast?: boolean): void;
}

export interface OutputOptions {
  readonly json: boolean;
  readonly progress: boolean;
  /** Flags that are put into the commands named as the next ones. */
  readonly flags?: readonly (readonly [flag: string, value: string])[];
}

export interface OutputStreams {
  readonly stdout: { write(text: string): unknown };
  readonly stderr: { write(text: string): unknown; readonly isTTY?: boolean };
}

const LINES_APART_MS = 5000;
/** What is done sooner shows no progress. */
const QUIET_MS = 1000;

export function createOutput(streams: OutputStreams, options: OutputOptions): Output {
  const startedAt = performance.now();
  let lastLineAt = startedAt + QUIET_MS - LINES_APART_MS;
  let open = false;
  const shown = (text: string): string => visible(repeatFlags(text, options.flags ?? []));
  const closeProgress = (): void => {
    if (open) streams.stderr.write("\r\u001b[K");
    open = false;
  };
  return {
    json: options.json,
    text: (text) => {
      closeProgress();
      if (!options.json) streams.stdout.write(`${shown(text)}\n`);
    },
    table: (rows, columns) => {
      closeProgress();
      if (!options.json) streams.stdout.write(renderTable(rows, columns));
    },
    data: (value) => {
      closeProgress();
      if (options.json) streams.stdout.write(`${toJson(value)}\n`);
    },
    say: (text) => {
      closeProgress();
      streams.stderr.write(`${shown(text)}\n`);
    },
    progress: (text, isLast = false) => {
      if (!options.progress || performance.now() - startedAt < QUIET_MS) return;
      if (streams.stderr.isTTY === true) {
        streams.stderr.write(`\r\u001b[K${text}`);
        open = true;
        if (isLast) closeProgress();
      } else if (performance.now() - lastLineAt > LINES_APART_MS) {
        lastLineAt = performance.now();
        streams.stderr.write(`${text}\n`);
      }
    },
  };
}

/** JSON with 64-bit integers as texts. */
export function toJson(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) => (typeof inner === "bigint" ? inner.toString() : inner));
}

/** Columns as wide as their values, numbers to the right; control characters are shown, not sent to the terminal. */
function renderTable(rows: readonly Readonly<Record<string, unknown>>[], columns?: readonly string[]): string {
  const names = columns ?? [...new Set(rows.flatMap((row) => Object.keys(row)))];
  if (names.length === 0) return "";
  const cells = rows.map((row) => names.map((name) => cellText(row[name])));
  const isNumber = names.map(
    (name) =>
      rows.some((row) => typeof row[name] === "number" || typeof row[name] === "bigint") &&
      rows.every((row) => row[name] === null || row[name] === undefined || typeof row[name] === "number" || typeof row[name] === "bigint"),
  );
  const widths = names.map((name, at) => cells.reduce((width, row) => Math.max(width, row[at]?.length ?? 0), name.length));
  const line = (values: readonly string[]): string =>
    `${values
      .map((value, at) => (isNumber[at] === true ? value.padStart(widths[at] ?? 0) : value.padEnd(widths[at] ?? 0)))
      .join("  ")
      .trimEnd()}\n`;
  return line(names) + line(widths.map((width) => "-".repeat(width))) + cells.map(line).join("");
}

const LONGEST_CELL = 120;

function cellText(value: unknown): string {
  if (value === null || value === undefined) return "";
  const text = typeof value === "string" ? value : typeof value === "bigint" ? value.toString() : toJson(value);
  const shown = visible(text.replaceAll("\n", "\\n"));
  return shown.length > LONGEST_CELL ? `${shown.slice(0, LONGEST_CELL - 1)}…` : shown;
}

/** Control and direction characters as `\u001b`: what a body or a file name holds must not drive the terminal. Line feeds stay. */
function visible(text: string): string {
  return text.replaceAll(
    /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
