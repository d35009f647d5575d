import { UserError } from "../../core/errors.ts";
import type { Capture } from "../../raw/capture.ts";
import type { CliContext } from "../context.ts";
import { readLimit } from "../read-limit.ts";
import { openRaw } from "../platform.ts";

export interface RawListFlags {
  readonly endpoint?: string;
  readonly method?: string;
  readonly failed?: boolean;
  readonly limit: string;
}

export async function runRawList(flags: RawListFlags, context: CliContext): Promise<number> {
  const { out } = context;
  await using raw = await openRaw(context);
  const limit = readLimit(flags.limit);
  const found: Capture[] = [];
  let captures = 0;
  for (const table of await raw.tables()) {
    for await (const capture of raw.captures(table)) {
      if (flags.endpoint !== undefined && capture.endpoint !== flags.endpoint) continue;
      if (flags.method !== undefined && capture.method !== flags.method) continue;
      if (flags.failed === true && capture.failure === null) continue;
      captures++;
      found.push(capture);
      if (found.length > limit * 2 + 1000) trim(found, limit);
    }
  }
  trim(found, limit);
  const rows = found.map((capture) => ({
    table: `${capture.endpoint}.${capture.method}`,
    id: capture.id,
    captured_at: capture.capturedAt,
    parameters: Object.entries(capture.parameters)
      .map(([name, value]) => `${name}=${value}`)
      .join(" "),
    status: capture.status,
    bytes: capture.bytes,
    content_hash: capture.contentHash,
    failure: capture.failure?.message ?? null,
  }));
  out.data({ schema_version: 1, captures, shown: rows });
  if (rows.length === 0) out.text("no captures");
  else out.table(rows.map((row) => ({ ...row, content_hash: row.content_hash.slice(0, 12) })));
  if (captures > rows.length) out.say(`${String(rows.length)} of ${String(captures)} captures shown (--limit)`);
  return 0;
}

function trim(captures: Capture[], limit: number): void {
  captures.sort((a, b) => (a.capturedAt < b.capturedAt ? 1 : a.capturedAt > b.capturedAt ? -1 : b.id - a.id));
  captures.length = Math.min(captures.length, limit);
}

export interface RawShowFlags {
  readonly table: string;
  readonly id: string;
  readonly body?: boolean;
}

export async function runRawShow(flags: RawShowFlags, context: CliContext): Promise<number> {
  const { out } = context;
  await using raw = await openRaw(context);
  const tables = await raw.tables();
  if (!tables.includes(flags.table))
    throw new UserError({
      code: "raw.no-table",
      message: `there is no raw table ${JSON.stringify(flags.table)}`,
      expected: tables.length === 0 ? "captures: mlb-etl ingest --help" : `one of: ${tables.join(", ")}`,
    });
  if (!/^[1-9][0-9]{0,14}$/.test(flags.id))
    throw new UserError({
      code: "raw.id",
      message: "the id is no number",
      got: JSON.stringify(flags.id),
      next: "mlb-etl raw list shows ids",
    });
  for await (const capture of raw.capturesByIds(flags.table, [Number(flags.id)])) {
    if (flags.body === true) {
      const body = await raw.readBody(capture);
      process.stdout.write(body);
      return 0;
    }
    out.data({ schema_version: 1, ...capture });
    for (const [name, value] of Object.entries(capture))
      if (name !== "shape") out.text(`${name.padEnd(14)} ${typeof value === "string" ? value : JSON.stringify(value)}`);
  }
  return 0;
}
