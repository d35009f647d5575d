import { guardOf, readLeaf } from "../plan/leaf.ts";
import { readPosition, writePosition } from "../plan/document-position.ts";
import type { Plan, PlanColumn } from "../plan/plan.ts";
import type { Reference } from "../mapping/path.ts";
import { levelOf } from "../plan/references.ts";
import { holdsFilter } from "./source-filter.ts";
import { pointerStep } from "../core/json-pointer.ts";

/** What the document index says of one document of a capture. */
export interface IndexedDocument {
  /** Canonical JSON array of the key columns' values: `[747175]`; null where it has no name (`problem` says why). */
  readonly key: string | null;
  /** Where the document is in its answer (`plan/document-position.ts`). */
  readonly position: string;
  readonly version: string | null;
  /** `YYYY-MM-DD`; null where the mapping names no date or the document has none. */
  readonly date: string | null;
  /** Why this state can be no document: it fails without being shredded. Null where nothing is wrong. */
  readonly problem: { readonly rule: string; readonly pointer: string; readonly value: string | null } | null;
}

export interface IndexedCapture {
  readonly capturedAt: string;
  readonly parameters: Readonly<Record<string, string>>;
}

/** The documents of one capture, read from its parsed body: key, version, date. A capture that the mapping does not take has none. */
export function indexDocuments(plan: Plan, capture: IndexedCapture, body: unknown): readonly IndexedDocument[] {
  if (plan.source.filter !== null && !holdsFilter(plan.source.filter, capture.parameters)) return [];
  const documents = [...descend(plan, { values: [body], positions: [] })].map((place) =>
    place.missing === undefined ? readDocument(plan, capture, place) : missingDocuments(place, place.missing),
  );
  const seen = new Map<string, number>();
  for (const { key } of documents) if (key !== null) seen.set(key, (seen.get(key) ?? 0) + 1);
  return documents.map((document) =>
    document.problem === null && document.key !== null && (seen.get(document.key) ?? 0) > 1
      ? {
          ...document,
          problem: { rule: "the document key is unique in its answer", pointer: pointerOf(plan, document.position), value: document.key },
        }
      : document,
  );
}

interface Place {
  /** Elements from the answer's root (0) to the document. */
  readonly values: readonly unknown[];
  readonly positions: readonly string[];
  /** Set where the container of documents is not there, or is no container of its kind: its JSON pointer and what is there. */
  readonly missing?: { readonly pointer: string; readonly value: unknown };
}

function* descend(plan: Plan, place: Place): Generator<Place> {
  const level = plan.documentLevels[place.positions.length];
  if (level === undefined) {
    yield place;
    return;
  }
  const container = valueAt(place.values.at(-1), level.keys);
  const entries =
    level.each === "items"
      ? Array.isArray(container)
        ? container.entries()
        : null
      : isObject(container)
        ? Object.entries(container)
        : null;
  if (entries === null) {
    // Below the first wildcard an absent container states no documents.
    const absent = container === undefined || container === null;
    if (!absent || place.positions.length === 0)
      yield {
        ...place,
        missing: { pointer: pointerOfSteps(plan, place.positions) + level.keys.map(pointerStep).join(""), value: container },
      };
    return;
  }
  for (const [position, value] of entries)
    yield* descend(plan, { values: [...place.values, value], positions: [...place.positions, String(position)] });
}

function missingDocuments(place: Place, missing: NonNullable<Place["missing"]>): IndexedDocument {
  const position = writePosition(place.positions);
  const value = missing.value === undefined ? null : JSON.stringify(missing.value).slice(0, 200);
  return {
    key: null,
    position,
    version: null,
    date: null,
    problem: { rule: "the container of the documents is there", pointer: missing.pointer, value },
  };
}

function readDocument(plan: Plan, capture: IndexedCapture, place: Place): IndexedDocument {
  const position = writePosition(place.positions);
  const columns = new Map(plan.fields.map((field) => [field.name, field]));
  const values: (string | number | boolean)[] = [];
  let problem: IndexedDocument["problem"] = null;
  for (const name of plan.source.documentKey) {
    const column = columns.get(name);
    const text = column === undefined ? null : fieldText(plan, capture, column, place);
    const reading = column === undefined || text === null ? null : readLeaf(column.type, text);
    if (column !== undefined && isInexact(plan, column, place)) {
      problem ??= { rule: `${name} is an exact number`, pointer: fieldPointer(plan, column, place), value: text };
    } else if (reading === null || !reading.ok) {
      const pointer = column === undefined ? "" : fieldPointer(plan, column, place);
      problem ??= { rule: reading === null ? `${name} is not null` : `${name} takes ${column?.type.name ?? ""}`, pointer, value: text };
    } else values.push(keyValue(reading.value));
  }
  const version = plan.source.version === null ? null : textAt(referenceValue(plan, plan.source.version.reference, place));
  const pattern = plan.source.version?.pattern ?? null;
  if (problem === null && version !== null && pattern !== null && !wholeMatch(pattern, version)) {
    problem = {
      rule: `the version matches ${pattern}`,
      pointer: referencePointer(plan, plan.source.version?.reference ?? null, place),
      value: version,
    };
  }
  const dateColumn = plan.source.date === null ? undefined : columns.get(plan.source.date);
  const date = dateColumn === undefined ? null : fieldText(plan, capture, dateColumn, place);
  const key = values.length === plan.source.documentKey.length ? JSON.stringify(values) : null;
  return {
    key,
    position,
    version,
    date: date !== null && readLeaf({ name: "DATE" }, date.slice(0, 10)).ok ? date.slice(0, 10) : null,
    problem,
  };
}

/** A number of the body that is beyond 2^53 was rounded when it was parsed: it may be another document's. */
function isInexact(plan: Plan, column: PlanColumn, place: Place): boolean {
  const value = column.value.kind === "path" ? referenceValue(plan, column.value.reference, place) : null;
  return typeof value === "number" && Number.isInteger(value) && !Number.isSafeInteger(value);
}

/** Integers stay exact: beyond 2^53 a key is its text. */
export function keyValue(value: bigint | number | string | boolean): string | number | boolean {
  if (typeof value !== "bigint") return value;
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value.toString();
}

/** The text that a document key or date field reads: a value of the body, a parameter, the capture's time. */
function fieldText(plan: Plan, capture: IndexedCapture, column: PlanColumn, place: Place): string | null {
  const text = rawText(plan, capture, column, place);
  const noValue = text === null || (guardOf(column.type) !== null && plan.nullValues.includes(text));
  return noValue ? column.default : text;
}

function rawText(plan: Plan, capture: IndexedCapture, column: PlanColumn, place: Place): string | null {
  const { value } = column;
  switch (value.kind) {
    case "path":
      return textAt(referenceValue(plan, value.reference, place));
    case "source_field": {
      const { source } = value;
      if (source.kind === "parameter") return capture.parameters[source.name] ?? null;
      if (source.kind === "captured_at") return capture.capturedAt;
      const position = place.positions[plan.documentLevels.length - 1 - source.levels] ?? null;
      return source.kind === "ordinal" && position !== null ? String(Number(position) + 1) : position;
    }
    case "expression":
      // Refused when the plan is compiled.
      throw new Error(`${column.name} is an expression`);
  }
}

function referenceValue(plan: Plan, reference: Reference, place: Place): unknown {
  const documentLevel = plan.documentLevels.length;
  return valueAt(place.values[levelOf(reference, documentLevel, documentLevel) ?? documentLevel], reference.keys);
}

function fieldPointer(plan: Plan, column: PlanColumn, place: Place): string {
  return referencePointer(plan, column.value.kind === "path" ? column.value.reference : null, place);
}

function referencePointer(plan: Plan, reference: Reference | null, place: Place): string {
  const level =
    reference === null
      ? plan.documentLevels.length
      : (levelOf(reference, plan.documentLevels.length, plan.documentLevels.length) ?? plan.documentLevels.length);
  return pointerOfSteps(plan, place.positions.slice(0, level)) + (reference?.keys ?? []).map(pointerStep).join("");
}

/** JSON pointer of a document in its answer. */
export function pointerOf(plan: Plan, position: string): string {
  return pointerOfSteps(plan, readPosition(position, plan.documentLevels.length));
}

function pointerOfSteps(plan: Plan, steps: readonly string[]): string {
  return steps.map((at, n) => [...(plan.documentLevels[n]?.keys ?? []), at].map(pointerStep).join("")).join("");
}

/** Whether a place of an answer is in a document, around it, or in what it reads of the elements that it is in (and not in another document of them). */
export function concernsDocument(plan: Plan, position: string, pointer: string): boolean {
  const positions = readPosition(position, plan.documentLevels.length);
  const place = pointerOfSteps(plan, positions);
  if (isWithin(pointer, place) || isWithin(place, pointer)) return true;
  for (let level = positions.length - 1; level >= 0; level--) {
    const outer = pointerOfSteps(plan, positions.slice(0, level));
    if (isWithin(pointer, outer)) return !isWithin(pointer, outer + (plan.documentLevels[level]?.keys ?? []).map(pointerStep).join(""));
  }
  return false;
}

function isWithin(inner: string, outer: string): boolean {
  return inner === outer || inner.startsWith(`${outer}/`);
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function valueAt(value: unknown, keys: readonly string[]): unknown {
  return keys.reduce<unknown>((at, key) => (isObject(at) && Object.hasOwn(at, key) ? at[key] : undefined), value);
}

/** The text of a scalar as an engine reads it; null where there is none. Keys and versions are texts and integers, whose text is one everywhere. */
function textAt(value: unknown): string | null {
  if (value === undefined || value === null) return null;
  return typeof value === "string" ? value : JSON.stringify(value);
}

/** A version is short: a longer text is none, and must not cost the time that a pattern can take. */
const LONGEST_VERSION = 200;

/** Patterns were checked when the mapping was read. */
function wholeMatch(pattern: string, text: string): boolean {
  // oxlint-disable-next-line security/detect-non-literal-regexp -- a checked subset without backtracking traps, on a short text
  return text.length <= LONGEST_VERSION && new RegExp(`^(?:${pattern})$`).test(text);
}
