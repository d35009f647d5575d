import { UserError } from "../core/errors.ts";
import { nearestSpelling } from "../mapping/nearest-spelling.ts";
import type { ApiMethod, ApiParameter } from "./catalogue.ts";

export interface EffectiveOptions {
  /** `keep`: what the catalogue does not know may have had an effect on a recorded answer. `refuse`: it is a slip of who typed it. */
  readonly unknown: "keep" | "refuse";
}

/**
 * What was asked for, in one form: path and query together, every name in the catalogue's spelling, defaults filled in, values as text, sorted by name.
 * A list becomes its items with commas; null counts as left out.
 * @throws UserError `parameters.unknown`, `parameters.contradiction`, `parameters.no-text`.
 */
export function effectiveParameters(
  method: ApiMethod,
  given: Readonly<Record<string, unknown>>,
  options: EffectiveOptions,
): Readonly<Record<string, string>> {
  const known = new Map<string, ApiParameter>();
  const all = [...method.pathParameters, ...method.queryParameters];
  for (const parameter of all)
    for (const name of [parameter.name, parameter.upstreamName, ...parameter.aliases]) known.set(name, parameter);

  const effective = new Map<string, string>();
  for (const [written, value] of Object.entries(given)) {
    const text = textOf(method, written, value);
    if (text === null) continue;
    const parameter = known.get(written);
    if (parameter === undefined && options.unknown === "refuse") throw unknownParameter(method, written, all);
    const name = parameter?.name ?? written;
    const before = effective.get(name);
    if (before !== undefined && before !== text) {
      throw new UserError({
        code: "parameters.contradiction",
        message: `${method.endpoint}.${method.name}: two values for the parameter ${name}`,
        expected: "one",
        got: `${before} and ${text}`,
      });
    }
    effective.set(name, text);
  }
  for (const parameter of all)
    if (parameter.default !== null && !effective.has(parameter.name)) effective.set(parameter.name, parameter.default);
  return Object.fromEntries([...effective].toSorted(([left], [right]) => (left < right ? -1 : 1)));
}

function textOf(method: ApiMethod, name: string, value: unknown): string | null {
  if (value === null || value === undefined) return null;
  if (typeof value === "string") return value;
  if (typeof value === "number" || typeof value === "boolean" || typeof value === "bigint") return String(value);
  if (Array.isArray(value)) return value.map((item) => textOf(method, name, item) ?? "").join(",");
  throw new UserError({
    code: "parameters.no-text",
    message: `${method.endpoint}.${method.name}: the value of the parameter ${name} is no text`,
    expected: "a text, a number, or a list of them",
    got: "an object",
  });
}

function unknownParameter(method: ApiMethod, got: string, all: readonly ApiParameter[]): UserError {
  const names = all.map(({ name }) => name);
  const near = nearestSpelling(got, names);
  return new UserError({
    code: "parameters.unknown",
    message: `${method.endpoint}.${method.name} has no parameter of this name`,
    expected: `one of: ${names.join(", ")}`,
    got: JSON.stringify(got.slice(0, 200)),
    next: near === null ? `add it to config/endpoints/${method.endpoint}.yaml` : `did you mean ${JSON.stringify(near)}?`,
  });
}
