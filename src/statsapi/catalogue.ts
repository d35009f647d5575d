import { UserError } from "../core/errors.ts";
import { nearestSpelling } from "../mapping/nearest-spelling.ts";

/** What is known of the Stats API: read from `config/endpoints/*.yaml` by `read-catalogue.ts`. */

export interface ApiParameter {
  /** Its one spelling here: the key in a capture's effective parameters. */
  readonly name: string;
  /** Other spellings that clients and recordings use. */
  readonly aliases: readonly string[];
  /** Its name in a URL's query; the same as `name` unless written. */
  readonly upstreamName: string;
  /** What the API takes when it is left out, as text; null where there is none. */
  readonly default: string | null;
  readonly description: string;
}

export interface ApiMethod {
  readonly endpoint: string;
  /** `win_probability`. */
  readonly name: string;
  /** As the Stats API's clients call it, and as folders of stubs are named: `winProbability`. */
  readonly upstreamName: string;
  readonly description: string;
  /** Templates with `{parameter}`; the first one whose parameters are all given is taken. */
  readonly paths: readonly string[];
  readonly pathParameters: readonly ApiParameter[];
  readonly queryParameters: readonly ApiParameter[];
}

export class Catalogue {
  /** In the order of the files. */
  readonly methods: readonly ApiMethod[];

  constructor(methods: readonly ApiMethod[]) {
    this.methods = methods;
  }

  /** By either of a method's names; null where there is none. */
  find(endpoint: string, method: string): ApiMethod | null {
    return this.methods.find((one) => one.endpoint === endpoint && (one.name === method || one.upstreamName === method)) ?? null;
  }

  /** @throws UserError `catalogue.unknown-endpoint`, `catalogue.unknown-method`. */
  get(endpoint: string, method: string): ApiMethod {
    const found = this.find(endpoint, method);
    if (found !== null) return found;
    const endpoints = [...new Set(this.methods.map((one) => one.endpoint))];
    const names = this.methods.filter((one) => one.endpoint === endpoint).map((one) => one.name);
    if (names.length === 0) throw unknown("endpoint", endpoint, endpoints);
    throw unknown("method", method, names, endpoint);
  }
}

function unknown(what: "endpoint" | "method", got: string, names: readonly string[], endpoint?: string): UserError {
  const near = nearestSpelling(got, names);
  return new UserError({
    code: `catalogue.unknown-${what}`,
    message: endpoint === undefined ? `there is no ${what} of this name` : `the endpoint ${endpoint} has no ${what} of this name`,
    expected: names.length === 0 ? "a file for it under config/endpoints" : `one of: ${names.join(", ")}`,
    got: JSON.stringify(got.slice(0, 200)),
    next: near === null ? "add it to config/endpoints: a new endpoint is YAML, not code" : `did you mean ${JSON.stringify(near)}?`,
  });
}
