import { UserError } from "../core/errors.ts";
import type { ApiMethod } from "./catalogue.ts";

/**
 * Path and query of a request with these effective parameters, the query sorted by name: `/api/v1/schedule?date=2024-10-25&sportId=1`.
 * @throws UserError `parameters.missing` when no path of the method has all its parameters.
 */
export function requestPath(method: ApiMethod, parameters: Readonly<Record<string, string>>): string {
  const path = method.paths.find((template) => namesIn(template).every((name) => Object.hasOwn(parameters, name)));
  if (path === undefined) {
    throw new UserError({
      code: "parameters.missing",
      message: `${method.endpoint}.${method.name} needs more parameters`,
      expected: method.paths.map((template) => namesIn(template).join(", ")).join(" · or "),
      got: Object.keys(parameters).join(", ") || "none",
    });
  }
  const inPath = new Set(namesIn(path));
  const query = Object.entries(parameters)
    .filter(([name]) => !inPath.has(name))
    .map(([name, value]): [string, string] => [upstreamNameOf(method, name), value])
    .toSorted(([left], [right]) => (left < right ? -1 : 1));
  const filled = path.replaceAll(/\{([^}]*)\}/g, (_, name: string) => segment(method, name, parameters[name] ?? ""));
  return query.length === 0 ? filled : `${filled}?${new URLSearchParams(query).toString()}`;
}

function namesIn(template: string): string[] {
  return Array.from(template.matchAll(/\{([^}]*)\}/g), ([, name = ""]) => name);
}

/** A value as one segment of a path. `.` and `..` would be resolved away by whoever reads the URL. */
function segment(method: ApiMethod, name: string, value: string): string {
  if (value === "" || value === "." || value === "..") {
    throw new UserError({
      code: "parameters.bad-value",
      message: `${method.endpoint}.${method.name}: the parameter ${name} is part of the path`,
      expected: "a value",
      got: JSON.stringify(value),
    });
  }
  return encodeURIComponent(value).replaceAll("%2C", ",");
}

function upstreamNameOf(method: ApiMethod, name: string): string {
  return [...method.pathParameters, ...method.queryParameters].find((parameter) => parameter.name === name)?.upstreamName ?? name;
}
