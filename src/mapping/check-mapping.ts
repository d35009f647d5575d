import { type Problem, ProblemsError } from "../core/errors.ts";
import { checkColumns, columnTypes } from "./check-columns.ts";
import { type CheckContext, problemAt } from "./check-context.ts";
import { checkFields } from "./check-fields.ts";
import { checkIgnore } from "./check-ignore.ts";
import type { OutwardRelationship } from "./check-relationships.ts";
import { checkDocumentSource, pathLevels } from "./check-row-source.ts";
import { checkSource } from "./check-source.ts";
import { checkTarget, type TargetSurroundings } from "./check-target.ts";
import type { ColumnType } from "./column-type.ts";
import { checkDraftTarget, type DraftTarget } from "./draft-target.ts";
import { expandForEach, type ExpandedTarget } from "./for-each.ts";
import type { Mapping } from "./mapping.ts";
import type { MappingSpec, PartialSpec } from "./mapping-spec.ts";
import type { Place } from "./positions.ts";
import { type MappingReading, readMapping } from "./read-mapping.ts";
import { createReport, quoted } from "./report.ts";

/** A mapping, checked: complete where there are no problems. */
export type CheckedMapping = { readonly links: MappingLinks } & (
  { readonly mapping: Mapping; readonly problems: readonly [] } | { readonly mapping: null; readonly problems: readonly Problem[] }
);

/** What ties a mapping to others; known as far as possible where it has problems. */
export interface MappingLinks {
  readonly endpoint: { readonly name: string; readonly place: Place } | null;
  readonly tables: readonly LinkedTable[];
  readonly outward: readonly OutwardRelationship[];
  /** Where raw captures are kept: no mapping fills that table. */
  readonly rawTable: string | null;
}

export interface LinkedTable {
  readonly name: string;
  readonly place: Place;
  readonly columns: ReadonlyMap<string, ColumnType | null>;
}

/** Reads and checks the text of one mapping file. `file`: relative to the mappings folder. @throws ProblemsError with all problems. */
export function requireMapping(text: string, file: string): Mapping {
  const { mapping, problems } = checkMapping(readMapping(text, file));
  if (mapping === null) throw new ProblemsError(problems);
  return mapping;
}

/** Checks a mapping as read: every default filled in, every `for_each` made, every path and expression parsed and typed. All problems at once, those of reading too. */
export function checkMapping(reading: MappingReading): CheckedMapping {
  const report = createReport(reading.file, reading.problems);
  const context: CheckContext = { positions: reading.positions, report };
  if (reading.spec === null)
    return { mapping: null, problems: report.sorted(), links: { endpoint: null, tables: [], outward: [], rawTable: null } };
  const { mapping, links } = checkSpec(context, reading.spec);
  const problems = report.sorted();
  return problems.length === 0 && mapping !== null ? { mapping, problems: [], links } : { mapping: null, problems, links };
}

function checkSpec(
  context: CheckContext,
  spec: PartialSpec<MappingSpec>,
): { readonly mapping: Mapping | null; readonly links: MappingLinks } {
  const expanded = expandForEach(spec, context.positions, context.report);
  const sourceSpec = spec.source ?? {};
  const arraySource = sourceSpec.array_source === undefined ? null : checkDocumentSource(context, sourceSpec, sourceSpec.array_source);
  const paths = {
    levels: "array_source" in sourceSpec && arraySource === null ? null : pathLevels(arraySource ?? []),
    hasDocument: false,
    lookups: [],
  };
  const columns = checkColumns(context, expanded.fields, new Map());
  const source = checkSource(context, sourceSpec, arraySource, columns, paths);
  const documentKey = (sourceSpec.document_key ?? []).filter((name) => columns.has(name));
  const fields = checkFields(context, [...columns.values()], new Set(documentKey), {
    columns: columnTypes(columns),
    paths,
    parameters: false,
    aggregates: null,
  });
  const document = { columns, levels: paths.levels, documentKey };
  const drafts = expanded.targets.map((target) => checkDraftTarget(context, target, document));
  const targets = checkTargetNames(context, drafts);
  const surroundings: TargetSurroundings = { document, documentFields: fields, targets, indexNames: new Set(), outward: [] };
  const checked = drafts.map((draft) => checkTarget(context, draft, surroundings));
  const mapping: Mapping | null =
    source === null
      ? null
      : {
          name: `${source.endpoint}/${fileStem(context.report.file)}`,
          file: context.report.file,
          source,
          nullValues: checkNullValues(context, spec),
          fields,
          targets: checked,
          ignore: checkIgnore(context, spec.ignore ?? []),
        };
  if (source === null) checkIgnore(context, spec.ignore ?? []);
  return {
    mapping,
    links: {
      endpoint:
        sourceSpec.endpoint === undefined
          ? null
          : { name: sourceSpec.endpoint, place: context.positions.valuePlace(sourceSpec, "endpoint") },
      tables: [...targets.values()].map((target) => ({
        name: target.name,
        place: namePlace(context, target.spec),
        columns: columnTypes(target.columns),
      })),
      outward: surroundings.outward,
      rawTable: sourceSpec.raw_table ?? null,
    },
  };
}

/** `live_game_v1` of `game/live_game_v1.yaml`. */
function fileStem(file: string): string {
  return (file.split("/").at(-1) ?? file).replace(/\.yaml$/, "");
}

function checkTargetNames(context: CheckContext, drafts: readonly DraftTarget[]): ReadonlyMap<string, DraftTarget> {
  const targets = new Map<string, DraftTarget>();
  for (const draft of drafts) {
    if (draft.spec.name === undefined) continue;
    if (targets.has(draft.name))
      problemAt(context, draft.spec, "name", {
        code: "mapping.double-name",
        message: `the target ${quoted(draft.name)} is there already`,
        expected: "each target once",
        got: `${quoted(draft.name)} again`,
      });
    else targets.set(draft.name, draft);
  }
  return targets;
}

function namePlace(context: CheckContext, spec: ExpandedTarget): Place {
  return context.positions.valuePlace(spec, "name");
}

function checkNullValues(context: CheckContext, spec: PartialSpec<MappingSpec>): readonly string[] {
  const values = spec.null_values ?? [];
  for (const [position, value] of values.entries()) {
    if (values.indexOf(value) !== position)
      problemAt(context, values, position, {
        code: "mapping.double-name",
        message: `the null value ${quoted(value)} is there already`,
        expected: "each value once",
        got: `${quoted(value)} again`,
      });
  }
  return values;
}
