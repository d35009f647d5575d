import { EXIT, UserError } from "../../core/errors.ts";
import { checkAccounting } from "../../quality/accounting.ts";
import { combineDigests } from "../../quality/digest.ts";
import { digestTargets } from "../../quality/store-digest.ts";
import type { CliContext } from "../context.ts";
import { mappingsUnder, openRegistry, readStore } from "../platform.ts";

export interface DigestFlags {
  readonly endpoint?: string;
  readonly method?: string;
}

export async function runVerifyDigest(flags: DigestFlags, context: CliContext): Promise<number> {
  const registry = await openRegistry(context.settings.values);
  const mappings = mappingsUnder(registry, flags);
  const targets = await readStore(context, (store) =>
    digestTargets(store, mappings, (name) => {
      context.out.progress(`digest: ${name}`);
    }),
  );
  if (targets.length === 0)
    throw new UserError({ code: "store.empty", message: "the store has no target of these mappings", next: "mlb-etl transform … --save" });
  const digest = combineDigests(targets);
  context.out.data({ schema_version: 1, targets, digest });
  context.out.table(targets.map((target) => ({ ...target })));
  context.out.text(`digest ${digest}`);
  return EXIT.done;
}

export async function runVerifyAccounting(_flags: unknown, context: CliContext): Promise<number> {
  const registry = await openRegistry(context.settings.values);
  const { checks, mismatches } = await readStore(context, (store) => checkAccounting(store, registry.mappings));
  const exit = mismatches.length === 0 ? EXIT.done : EXIT.someFailed;
  context.out.data({ schema_version: 1, checks, mismatches, exit });
  context.out.text(
    mismatches.length === 0 ? `${String(checks)} checks: all counts add up` : `${String(mismatches.length)} counts do not add up`,
  );
  if (mismatches.length > 0) context.out.table(mismatches.map((mismatch) => ({ ...mismatch })));
  return exit;
}
