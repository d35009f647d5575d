import { EXIT, UserError } from "../../core/errors.ts";
import { parseInstantOrDay } from "../../core/instant.ts";
import type { Mapping } from "../../mapping/mapping.ts";
import { rawTableOf } from "../../pipeline/document-index.ts";
import { type DriftFinding, type DriftResult, type Known, findDrift } from "../../pipeline/find-drift.ts";
import { type PathStatus, PathStatuses } from "../../pipeline/path-status.ts";
import { suggestFields } from "../../pipeline/suggest-fields.ts";
import { compilePlan } from "../../plan/compile-plan.ts";
import type { Plan } from "../../plan/plan.ts";
import type { CliContext } from "../context.ts";
import { counted } from "../counted.ts";
import { mappingNamed } from "../mapping-named.ts";
import { openRaw, openRegistry } from "../platform.ts";

export interface DriftFlags {
  /** `game/live_game_v1`, one of its tables, or a raw table. */
  readonly name: string;
  readonly since?: string;
  readonly sinceCapture?: string;
  readonly vanishedShare: string;
  readonly suggest?: boolean;
}

/** What new captures hold that known ones did not, and what they no longer hold. Reads bodies for examples only. */
export async function runDrift(flags: DriftFlags, context: CliContext): Promise<number> {
  const { out } = context;
  const known = parseKnown(flags);
  const vanishedShare = parseShare(flags.vanishedShare);
  await using raw = await openRaw(context);
  const compared = await whatIsCompared(flags, await raw.tables(), context);
  const { mapping, table } = compared;
  const plan = mapping === null ? null : compilePlan(mapping);
  const result = await findDrift({ table, filter: plan?.source.filter ?? null }, { known, vanishedShare }, { raw });
  if (result.known === 0) throw nothingKnown(table, result);
  const statuses = statusesOf(mapping, plan, result.findings);
  const suggestion =
    flags.suggest === true && mapping !== null && plan !== null
      ? suggestFields(
          mapping,
          plan,
          result.findings.filter((_, at) => statuses[at] === "unknown"),
        )
      : null;
  const exit = result.findings.length === 0 ? EXIT.done : EXIT.someFailed;
  out.data({
    schema_version: 1,
    table,
    mapping: mapping?.name ?? null,
    since: result.since,
    captures: { known: result.known, new: result.fresh, repeated: result.repeated, skipped: result.skipped, failed: result.failed },
    findings: result.findings.map(({ example, ...finding }, at) => ({
      ...finding,
      status: statuses[at] ?? null,
      example: example === null ? null : { capture: example.capture, pointer: example.pointer, value: example.value },
    })),
    suggestion,
    exit,
  });
  if (flags.suggest === true) out.text(suggestion ?? "# no new leaf path that the mapping does not know");
  else describe(mapping?.name ?? table, result, statuses, context);
  return exit;
}

function parseKnown({ since, sinceCapture }: DriftFlags): Known {
  if (since !== undefined && sinceCapture !== undefined)
    throw new UserError({ code: "drift.since", message: "--since and --since-capture both say what is known", expected: "one of them" });
  if (sinceCapture !== undefined) {
    if (!/^[1-9][0-9]{0,14}$/.test(sinceCapture))
      throw new UserError({
        code: "drift.since",
        message: "--since-capture is no id of a capture",
        got: JSON.stringify(sinceCapture.slice(0, 200)),
        next: "mlb-etl raw list shows ids",
      });
    return { by: "capture", upTo: Number(sinceCapture) };
  }
  if (since === undefined) return { by: "last-day" };
  const before = parseInstantOrDay(since, "first");
  if (before === null)
    throw new UserError({
      code: "drift.since",
      message: "--since is no time",
      expected: "2024-07-13 or 2024-07-13T04:19:09Z",
      got: JSON.stringify(since.slice(0, 200)),
    });
  return { by: "time", before };
}

function parseShare(text: string): number {
  const percent = /^[0-9]{1,3}(?:\.[0-9]{1,6})?$/.test(text) ? Number(text) : Number.NaN;
  if (percent > 0 && percent <= 100) return percent / 100;
  throw new UserError({
    code: "drift.vanished-share",
    message: "--vanished-share is no share",
    expected: "percent, more than 0 and at most 100",
    got: JSON.stringify(text.slice(0, 200)),
  });
}

async function whatIsCompared(
  { name, suggest }: DriftFlags,
  tables: readonly string[],
  { settings }: CliContext,
): Promise<{ readonly mapping: Mapping | null; readonly table: string }> {
  const registry = await openRegistry(settings.values);
  const isMapping = registry.named(name) !== null || registry.table(name) !== null;
  if (!isMapping && tables.includes(name)) {
    if (suggest !== true) return { mapping: null, table: name };
    throw new UserError({
      code: "drift.suggest",
      message: `--suggest is about a mapping, and ${name} is a raw table`,
      next: "name the mapping: mlb-etl mapping list",
    });
  }
  const { mapping } = mappingNamed(registry, name);
  return { mapping, table: rawTableOf(mapping) };
}

function nothingKnown(table: string, { fresh, since }: DriftResult): UserError {
  return new UserError({
    code: "drift.nothing-known",
    message: fresh === 0 ? `raw has no captures of ${table} to compare` : `no capture of ${table} is from before ${since}: all are new`,
    next: fresh === 0 ? "mlb-etl ingest --help" : "name a later time with --since, or a capture with --since-capture",
  });
}

/** What the mapping does with each leaf path that is new; null for containers, and where no mapping was named. */
function statusesOf(mapping: Mapping | null, plan: Plan | null, findings: readonly DriftFinding[]): readonly (PathStatus | null)[] {
  if (mapping === null || plan === null) return findings.map(() => null);
  const statuses = new PathStatuses(
    plan,
    mapping.ignore,
    findings.map(({ path }) => path),
  );
  return findings.map(({ path, types, known_types: known }) => {
    const leaves = [...types, ...known].filter((type) => type !== "object" && type !== "array");
    return leaves.length === 0
      ? null
      : statuses.of(
          path,
          leaves.every((type) => type === "null"),
        );
  });
}

const TITLES: Readonly<Record<DriftFinding["kind"], string>> = {
  new_path: "new paths",
  new_container: "new containers",
  new_type: "new types",
  container_changed: "containers that changed kind",
  vanished: "paths no longer seen",
};

function describe(name: string, result: DriftResult, statuses: readonly (PathStatus | null)[], { out }: CliContext): void {
  const { since, known, fresh, repeated, findings } = result;
  const again = repeated === 0 ? "" : `, ${String(repeated)} of them with a known body`;
  out.text(`${name}: ${counted(known, "known capture")}, ${String(fresh)} new since ${since}${again}`);
  if (findings.length === 0) out.text("nothing new");
  for (const kind of Object.keys(TITLES) as DriftFinding["kind"][]) {
    const rows = findings.flatMap((finding, at) =>
      finding.kind === kind
        ? [
            {
              path: finding.path,
              types: finding.types.join(", "),
              before: kind === "vanished" ? null : finding.known_types.join(", "),
              captures: finding.captures,
              first: `${String(finding.first.capture)} ${finding.first.captured_at.slice(0, 19)}`,
              last: `${String(finding.last.capture)} ${finding.last.captured_at.slice(0, 19)}`,
              mapping: statuses[at] ?? null,
              example: finding.example?.value ?? null,
            },
          ]
        : [],
    );
    if (rows.length === 0) continue;
    out.text(`\n${TITLES[kind]}: ${String(rows.length)}`);
    out.table(rows);
  }
}
