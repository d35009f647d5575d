import { constants, existsSync } from "node:fs";
import { access } from "node:fs/promises";
import type { Settings } from "../../config/settings.ts";
import { withoutPassword } from "../../core/url-password.ts";
import { EXIT, OutsideError, UserError } from "../../core/errors.ts";
import type { OpenStore } from "../../store/open-store.ts";
import type { Registry } from "../../mapping/registry.ts";
import { compilePlan } from "../../plan/compile-plan.ts";
import { openIndex } from "../../pipeline/open-index.ts";
import type { Plan } from "../../plan/plan.ts";
import { PostgresRawStore } from "../../raw/postgres/postgres-raw-store.ts";
import { writeKeyColumn } from "../../raw/postgres/raw-table.ts";
import { rawKeyColumns } from "../../sql/postgres-key-columns.ts";
import { SIMULATED_HOST } from "../../simulate/simulated-stub.ts";
import { countDocuments } from "../../store/count-documents.ts";
import { findSchemaDrift } from "../../store/find-schema-drift.ts";
import { planSchema, sourceFlags } from "../../store/prepare-schema.ts";
import { rebuildBeside } from "../../store/rebuild-tables.ts";
import { readStoreTime } from "../../store/store-time.ts";
import type { CliContext } from "../context.ts";
import { counted } from "../counted.ts";
import { reportPlan, timeFlags } from "../describe-schema.ts";
import { openCatalogue, openRaw, openRegistry, readStore, withStore } from "../platform.ts";

interface Finding {
  readonly level: "ok" | "warning" | "error";
  readonly what: string;
  readonly next?: string;
}

/** Looks at everything that can be looked at without changing it. Exit 1 where anything is an error. */
export async function runDoctor(_flags: unknown, context: CliContext): Promise<number> {
  const settings = context.settings.values;
  const findings: Finding[] = [];
  findings.push({ level: "ok", what: `Node ${process.versions.node}, home ${settings.home}` });
  findings.push(await checkHome(settings));
  await guarded(findings, async () => {
    const methods = (await openCatalogue(settings)).methods.length;
    findings.push({ level: "ok", what: `catalogue: ${String(methods)} methods` });
  });
  let registry: Registry | null = null;
  await guarded(findings, async () => {
    registry = await openRegistry(settings);
    findings.push({ level: "ok", what: `mappings: ${registry.mappings.map((mapping) => mapping.name).join(", ")}` });
  });
  await guarded(findings, async () => {
    findings.push(...(await checkRaw(context, registry)));
  });
  await guarded(findings, async () => {
    if (await withStore(context, (store) => store.exists()))
      findings.push(...(await readStore(context, (store) => checkStore(store, registry, settings))));
    else {
      const what = `the store ${withoutPassword(settings.store)} does not exist yet`;
      findings.push({ level: "ok", what, next: "mlb-etl transform … --save makes it" });
    }
  });
  const exit = findings.some((finding) => finding.level === "error") ? EXIT.someFailed : EXIT.done;
  context.out.data({ schema_version: 1, findings, exit });
  for (const finding of findings)
    context.out.text(
      `${finding.level.padEnd(8)} ${finding.what}${finding.next === undefined ? "" : `\n${" ".repeat(9)}next: ${finding.next}`}`,
    );
  return exit;
}

/** What one check throws is a finding; the other checks go on. */
async function guarded(findings: Finding[], check: () => Promise<void>): Promise<void> {
  try {
    await check();
  } catch (error) {
    if (!(error instanceof UserError) && !(error instanceof OutsideError)) throw error;
    findings.push({ level: "error", what: error.message });
  }
}

async function checkHome(settings: Settings): Promise<Finding> {
  if (!existsSync(settings.home)) return { level: "ok", what: "the home does not exist yet: the first ingest makes it" };
  try {
    await access(settings.home, constants.W_OK);
    return { level: "ok", what: "the home can be written" };
  } catch {
    return {
      level: "error",
      what: `the home ${settings.home} cannot be written`,
      next: "give yourself the right to, or name another one with --home",
    };
  }
}

async function checkRaw(context: CliContext, registry: Registry | null): Promise<readonly Finding[]> {
  await using raw = await openRaw(context);
  const findings: Finding[] = [];
  let simulated = 0;
  let real = 0;
  for (const table of await raw.tables()) {
    let captures = 0;
    let failed = 0;
    for await (const capture of raw.captures(table)) {
      captures++;
      if (capture.failure !== null) failed++;
      if (capture.url !== null && URL.canParse(capture.url) && new URL(capture.url).hostname === SIMULATED_HOST) simulated++;
      else real++;
    }
    findings.push({ level: "ok", what: `raw ${table}: ${String(captures)} captures` });
    if (failed > 0)
      findings.push({
        level: "warning",
        what: `raw ${table}: ${String(failed)} captures are no documents`,
        next: "mlb-etl raw list --failed",
      });
    const held = await raw.heldBack(table);
    if (held !== null)
      findings.push({
        level: "warning",
        what: `raw ${table}: streams do not see ${String(held.captures)} captures yet: they wait for ${held.holder}`,
        next: "let that transaction end (pg_terminate_backend, ROLLBACK PREPARED)",
      });
    const [endpoint = "", method = ""] = table.split(".");
    if (raw instanceof PostgresRawStore) findings.push(...(await checkPartitions(raw, table)));
    for (const mapping of registry?.find(endpoint, method) ?? []) {
      const plan = compilePlan(mapping);
      if (raw instanceof PostgresRawStore) findings.push(...(await checkKeyColumns(raw, table, plan)));
      let behind = 0;
      for await (const _capture of openIndex(plan, raw).missing()) behind++;
      if (behind > 0)
        findings.push({
          level: "ok",
          what: `${String(behind)} captures of ${table} are not yet indexed for ${mapping.name}: the next transform does it`,
        });
    }
  }
  if (simulated > 0 && real > 0) {
    findings.push({
      level: "warning",
      what: `simulated and real captures share this home (${String(simulated)} and ${String(real)})`,
      next: "keep them apart: one --home for each",
    });
  }
  return findings;
}

async function checkPartitions(raw: PostgresRawStore, table: string): Promise<readonly Finding[]> {
  const count = await raw.capturesInDefault(table);
  if (count === 0) return [];
  return [
    {
      level: "warning",
      what: `raw ${table}: ${counted(count, "capture")} in the default partition, which holds what others wrote to months without one`,
      next: "nothing is lost; the owner detaches the default partition and attaches one for each of these months",
    },
  ];
}

async function checkKeyColumns(raw: PostgresRawStore, table: string, plan: Plan): Promise<readonly Finding[]> {
  return (await raw.missingKeyColumns(table, rawKeyColumns(plan))).map((column) => ({
    level: "ok",
    what: `raw ${table} has no column ${column.name}, since it had captures before ${plan.mapping}: its documents are found by the index`,
    next: `to have it, which rewrites the table: ${writeKeyColumn(table, column)}`,
  }));
}

async function checkStore(store: OpenStore, registry: Registry | null, settings: Settings): Promise<readonly Finding[]> {
  const findings: Finding[] = [];
  const asOf = await readStoreTime(store);
  if (asOf !== null) findings.push({ level: "ok", what: `store: ${settings.store} holds the tables as of ${asOf}` });
  const count = async (sql: string): Promise<number> => Number((await store.rows(sql))[0]?.["n"] ?? 0);
  for (const mapping of registry?.mappings ?? []) {
    const plan = reportPlan(
      await planSchema(store, mapping),
      await countDocuments(store, mapping),
      timeFlags(asOf, settings.store),
      store.dialect,
    );
    const { applied, behind } = plan.documents;
    if (applied > 0) findings.push({ level: "ok", what: `store: ${String(applied)} documents of ${mapping.name}` });
    if (plan.changes.length > 0 && applied > 0)
      findings.push({
        level: "warning",
        what: `the tables of ${mapping.name} are not as the mapping wants them: ${counted(plan.changes.length, "change")}`,
        next: `mlb-etl schema plan ${sourceFlags(mapping)}`,
      });
    if (behind > 0)
      findings.push({
        level: "warning",
        what: `${String(behind)} of ${String(applied)} documents of ${mapping.name} are behind the mapping`,
        next:
          plan.next === "rebuild"
            ? (plan.command ?? "")
            : `${plan.command ?? ""}; what a transform leaves behind, it no longer takes or no state of it passes: mlb-etl rebuild ${sourceFlags(mapping)}`,
      });
    const drift = (await findSchemaDrift(store, mapping))?.drift ?? [];
    if (drift.length > 0)
      findings.push({
        level: "warning",
        what: `tables of ${mapping.name} were changed by hand: ${counted(drift.length, "difference")}`,
        next: `mlb-etl schema drift ${sourceFlags(mapping)}`,
      });
  }
  const open = await count(
    `SELECT count(DISTINCT (mapping, document_key, raw_id, position)) AS n FROM ${store.state("quarantine")} WHERE status = 'open'`,
  );
  if (open > 0)
    findings.push({ level: "warning", what: `${String(open)} states of documents are in quarantine`, next: "mlb-etl quarantine list" });
  const bad = await count(`SELECT count(*) AS n FROM ${store.state("bad_values")}`);
  if (bad > 0) findings.push({ level: "warning", what: `${String(bad)} bad values`, next: "mlb-etl bad-values list" });
  const beside = await rebuildBeside(store);
  if (beside !== null)
    findings.push({
      level: "warning",
      what: `a rebuild${beside.mapping === null ? "" : ` of ${beside.mapping}`} did not finish (killed, or still at work); its tables beside the others take room`,
      next: "run mlb-etl rebuild again: it goes on; a rebuild of another mapping removes them",
    });
  const unfinished = await count(`SELECT count(*) AS n FROM ${store.state("runs")} WHERE status = 'running'`);
  if (unfinished > 0)
    findings.push({
      level: "warning",
      what: `${String(unfinished)} runs did not finish (killed, or still at work)`,
      next: "run the same command again: it goes on",
    });
  return findings;
}
