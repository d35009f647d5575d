import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import type { core } from "zod";
import { ProblemsError, UserError } from "../core/errors.ts";
import type { Problem } from "../core/errors.ts";
import { isFileError } from "../core/file-error.ts";
import { nearestSpelling } from "../mapping/nearest-spelling.ts";
import type { Place, Positions } from "../mapping/positions.ts";
import { readYaml } from "../mapping/read-yaml.ts";
import { createReport } from "../mapping/report.ts";
import type { Report } from "../mapping/report.ts";
import { catalogueSpec } from "./catalogue-spec.ts";
import type { CatalogueSpec, MethodSpec, ParameterSpec } from "./catalogue-spec.ts";
import { Catalogue } from "./catalogue.ts";
import type { ApiMethod, ApiParameter } from "./catalogue.ts";

/**
 * Reads all `*.yaml` of a folder, one endpoint each, to the end.
 * @throws ProblemsError with every problem of every file · UserError `catalogue.no-folder`.
 */
export async function readCatalogue(folder: string): Promise<Catalogue> {
  let names: string[];
  try {
    names = (await readdir(folder)).filter((file) => /\.ya?ml$/.test(file)).toSorted();
  } catch (cause) {
    if (!isFileError(cause, "ENOENT") && !isFileError(cause, "ENOTDIR")) throw cause;
    throw new UserError({
      code: "catalogue.no-folder",
      message: `${folder} is no folder`,
      expected: "the folder of endpoint catalogues (config/endpoints)",
      cause,
    });
  }
  const problems: Problem[] = [];
  const methods: ApiMethod[] = [];
  const files = new Map<string, string>();
  for (const name of names) {
    const file = join(folder, name);
    const report = createReport(file);
    const read = readCatalogueText(await readFile(file, "utf8"), report);
    const endpoint = read[0]?.endpoint;
    const other = endpoint === undefined ? undefined : files.get(endpoint);
    if (endpoint !== undefined && other !== undefined) {
      report.add(
        { line: 1, column: 1 },
        {
          code: "catalogue.double-endpoint",
          message: `the endpoint ${endpoint} is in another file too`,
          expected: "one file for each endpoint",
          got: other,
        },
      );
    }
    if (endpoint !== undefined) files.set(endpoint, file);
    methods.push(...read);
    problems.push(...report.sorted());
  }
  if (problems.length > 0) throw new ProblemsError(problems);
  return new Catalogue(methods);
}

/** The methods of one catalogue file; none where it has problems, which go into the report. */
export function readCatalogueText(text: string, report: Report): readonly ApiMethod[] {
  const { value, positions } = readYaml(text, report);
  if (report.sorted().length > 0) return [];
  const parsed = catalogueSpec.safeParse(value);
  if (!parsed.success) {
    for (const issue of parsed.error.issues) reportIssue(issue, value, positions, report);
    return [];
  }
  const methods = Object.entries(parsed.data.methods).map(([name, spec]) => methodOf(parsed.data, name, spec));
  for (const method of methods) checkMethod(method, valueAt(value, ["methods", method.name]), positions, report);
  const names = methods.flatMap((method) => [method.name, ...(method.upstreamName === method.name ? [] : [method.upstreamName])]);
  for (const name of names.filter((one, at) => names.indexOf(one) !== at)) {
    report.add(positions.place(valueAt(value, ["methods"])), {
      code: "catalogue.double-name",
      message: `two methods are called ${name}`,
      expected: "each name and upstream_name once",
    });
  }
  return report.sorted().length > 0 ? [] : methods;
}

function methodOf(spec: CatalogueSpec, name: string, method: MethodSpec): ApiMethod {
  return {
    endpoint: spec.endpoint,
    name,
    upstreamName: method.upstream_name,
    description: method.description,
    paths: typeof method.path === "string" ? [method.path] : method.path,
    pathParameters: parametersOf(method.path_parameters),
    queryParameters: parametersOf(method.query_parameters),
  };
}

function parametersOf(specs: Readonly<Record<string, ParameterSpec>> = {}): ApiParameter[] {
  return Object.entries(specs).map(([name, spec]) => ({
    name,
    aliases: spec.aliases ?? [],
    upstreamName: spec.upstream_name ?? name,
    default: spec.default === undefined ? null : String(spec.default),
    description: spec.description,
  }));
}

/** What a schema cannot see: that templates and parameters fit, and no spelling means two parameters. */
function checkMethod(method: ApiMethod, written: object, positions: Positions, report: Report): void {
  const place = (key: string): Place => positions.keyPlace(written, key);
  const declared = method.pathParameters.map(({ name }) => name);
  const used = new Set<string>();
  for (const path of method.paths) {
    for (const [, name = ""] of path.matchAll(/\{([^}]*)\}/g)) {
      used.add(name);
      if (declared.includes(name)) continue;
      report.add(place("path"), {
        code: "catalogue.unknown-path-parameter",
        message: `the path of ${method.name} has a parameter that path_parameters does not have`,
        expected: declared.length === 0 ? "an entry in path_parameters" : `one of: ${declared.join(", ")}`,
        got: name,
        didYouMean: nearestSpelling(name, declared),
      });
    }
  }
  for (const name of declared.filter((one) => !used.has(one))) {
    report.add(place("path_parameters"), {
      code: "catalogue.unused-path-parameter",
      message: `no path of ${method.name} has the parameter`,
      expected: `{${name}} in a path, or the entry under query_parameters`,
      got: name,
    });
  }
  const spellings = [...method.pathParameters, ...method.queryParameters].flatMap(({ name, aliases }) => [name, ...aliases]);
  for (const name of new Set(spellings.filter((one, at) => spellings.indexOf(one) !== at))) {
    report.add(place("query_parameters"), {
      code: "catalogue.double-parameter",
      message: `two parameters of ${method.name} are spelt the same`,
      expected: "each name and alias once",
      got: name,
    });
  }
}

function reportIssue(issue: core.$ZodIssue, root: unknown, positions: Positions, report: Report): void {
  const path = issue.path.filter((step) => typeof step !== "symbol");
  if (issue.code === "unrecognized_keys") {
    const container = valueAt(root, path);
    for (const key of issue.keys) {
      report.add(positions.keyPlace(container, key), {
        code: "catalogue.unknown-key",
        message: "not a word of catalogue files",
        got: JSON.stringify(key),
        didYouMean: nearestSpelling(key, KEYS),
      });
    }
    return;
  }
  const last = path.at(-1);
  const where = path.length === 0 ? "the file" : path.join(".");
  const place = last === undefined ? { line: 1, column: 1 } : positions.valuePlace(valueAt(root, path.slice(0, -1)), last);
  report.add(place, { code: "catalogue.bad-value", message: `${where}: ${issue.message}` });
}

const KEYS = ["endpoint", "description", "methods", "upstream_name", "path", "path_parameters", "query_parameters", "aliases", "default"];

/** The list or group of keys that is there; the outermost one where the path leads nowhere. */
function valueAt(root: unknown, path: readonly (string | number)[]): object {
  let at: unknown = root;
  for (const step of path) at = isContainer(at) ? at[step] : null;
  if (isContainer(at)) return at;
  return isContainer(root) ? root : {};
}

function isContainer(value: unknown): value is Record<string | number, unknown> {
  return typeof value === "object" && value !== null;
}
