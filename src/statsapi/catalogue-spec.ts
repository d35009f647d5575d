import { z } from "zod";

/** A catalogue file as written: one endpoint. */
export interface CatalogueSpec {
  readonly endpoint: string;
  readonly description: string;
  readonly methods: Readonly<Record<string, MethodSpec>>;
}

export interface MethodSpec {
  readonly upstream_name: string;
  readonly description: string;
  /** One template, or several with the one that needs most parameters first. */
  readonly path: string | readonly string[];
  readonly path_parameters?: Readonly<Record<string, ParameterSpec>> | undefined;
  readonly query_parameters?: Readonly<Record<string, ParameterSpec>> | undefined;
}

export interface ParameterSpec {
  readonly description: string;
  readonly aliases?: readonly string[] | undefined;
  readonly upstream_name?: string | undefined;
  readonly default?: string | number | boolean | undefined;
}

/** `^[a-z][a-z0-9_]*$`: names of folders and tables. */
const name = z.string().regex(/^[a-z][a-z0-9_]{0,62}$/, { error: "expected a name of a-z, 0-9 and _, at most 63 characters" });
const word = z.string().regex(/^[A-Za-z][A-Za-z0-9_]{0,62}$/, { error: "expected a name of letters, digits and _, at most 63 characters" });
const template = z.string().regex(/^(?:\/(?:[A-Za-z0-9_-][A-Za-z0-9_.-]*|\{[A-Za-z][A-Za-z0-9_]*\}))+$/, {
  error: "expected a path like /api/v1/teams/{teamId}",
});

const parameter = z.strictObject({
  description: z.string().min(1),
  aliases: z.array(word).optional(),
  upstream_name: word.optional(),
  default: z.union([z.string(), z.number(), z.boolean()]).optional(),
});

const method = z.strictObject({
  upstream_name: word,
  description: z.string().min(1),
  path: z.union([template, z.array(template).min(1)]),
  path_parameters: z.record(word, parameter).optional(),
  query_parameters: z.record(word, parameter).optional(),
});

export const catalogueSpec: z.ZodType<CatalogueSpec> = z.strictObject({
  endpoint: name,
  description: z.string().min(1),
  methods: z.record(name, method),
});
