import type { RawStore } from "../raw/raw-store.ts";
import { type JsonType, isIdKey } from "../raw/shape.ts";
import { type PathStep, pathSteps } from "./shape-nodes.ts";
import { pointerStep } from "../core/json-pointer.ts";

/** A value that is wanted: one of these types at a path of a capture. */
export interface WantedExample {
  readonly path: string;
  readonly types: readonly JsonType[];
  /** A capture that has it, by its shape. */
  readonly capture: number;
}

export interface Example {
  readonly capture: number;
  /** JSON pointer. */
  readonly pointer: string;
  /** As JSON, cut after 200 characters. */
  readonly value: string;
  /** Texts that are there in the same body, at most 100: they tell days and times from other texts. */
  readonly texts: readonly string[];
}

const LONGEST_VALUE = 200;
const MAX_TEXTS = 100;

/** An example of each, in the same order. Each body is read once, however many values come from it. */
export async function exampleValues(raw: RawStore, table: string, wanted: readonly WantedExample[]): Promise<readonly (Example | null)[]> {
  const places = new Map<number, number[]>();
  for (const [at, { capture }] of wanted.entries()) {
    const list = places.get(capture);
    if (list === undefined) places.set(capture, [at]);
    else list.push(at);
  }
  const examples: (Example | null)[] = wanted.map(() => null);
  for await (const { capture, body } of raw.readBodies(raw.capturesByIds(table, [...places.keys()]))) {
    const value: unknown = JSON.parse(body.toString("utf8"));
    for (const at of places.get(capture.id) ?? []) {
      const want = wanted[at];
      if (want !== undefined) examples[at] = exampleIn(value, want);
    }
  }
  return examples;
}

function exampleIn(body: unknown, { path, types, capture }: WantedExample): Example | null {
  let found: { readonly value: unknown; readonly pointer: string } | null = null;
  const texts: string[] = [];
  for (const place of placesAt(body, pathSteps(path), "")) {
    if (found === null && types.some((type) => isOf(place.value, type))) found = place;
    if (typeof place.value === "string") texts.push(place.value);
    if (texts.length === MAX_TEXTS) break;
  }
  // `1.0` is a `number` by its text only: where no value shows its type, any number stands for it.
  found ??= firstNumber(body, path, types);
  return found === null ? null : { capture, pointer: found.pointer, value: written(found.value), texts };
}

function firstNumber(
  body: unknown,
  path: string,
  types: readonly JsonType[],
): { readonly value: unknown; readonly pointer: string } | null {
  if (!types.some((type) => type === "number" || type === "integer")) return null;
  for (const place of placesAt(body, pathSteps(path), "")) if (typeof place.value === "number") return place;
  return null;
}

function* placesAt(value: unknown, steps: readonly PathStep[], pointer: string): Generator<{ value: unknown; pointer: string }> {
  const [step, ...rest] = steps;
  if (step === undefined) {
    yield { value, pointer };
    return;
  }
  if (typeof value !== "object" || value === null) return;
  if (step.kind === "items") {
    if (Array.isArray(value)) for (const [at, item] of value.entries()) yield* placesAt(item, rest, `${pointer}/${String(at)}`);
    return;
  }
  if (Array.isArray(value)) return;
  if (step.kind === "key") {
    if (Object.hasOwn(value, step.key))
      yield* placesAt((value as Readonly<Record<string, unknown>>)[step.key], rest, pointer + pointerStep(step.key));
    return;
  }
  for (const [key, inner] of Object.entries(value)) if (isIdKey(key)) yield* placesAt(inner, rest, pointer + pointerStep(key));
}

const INT32 = 2 ** 31;

function isOf(value: unknown, type: JsonType): boolean {
  switch (type) {
    case "object":
      return typeof value === "object" && value !== null && !Array.isArray(value);
    case "array":
      return Array.isArray(value);
    case "string":
    case "boolean":
      return typeof value === type;
    case "null":
      return value === null;
    case "int32":
      return Number.isInteger(value) && Number(value) >= -INT32 && Number(value) < INT32;
    case "int64":
    case "integer":
      return Number.isInteger(value) && !isOf(value, "int32");
    case "number":
      return typeof value === "number" && !Number.isInteger(value);
  }
}

/** A number beyond 2^53 was rounded when the body was parsed, and does not pretend to be exact. */
function written(value: unknown): string {
  if (typeof value === "number" && Number.isInteger(value) && !Number.isSafeInteger(value)) return `about ${value.toExponential(3)}`;
  const text = JSON.stringify(value);
  return text.length > LONGEST_VALUE ? `${text.slice(0, LONGEST_VALUE)}…` : text;
}
