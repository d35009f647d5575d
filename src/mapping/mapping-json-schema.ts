import { z } from "zod";
import { mappingSpec } from "./mapping-spec.ts";

/** The JSON Schema that gives editors completion; published as `config/schemas/mapping.schema.json`. */
export function mappingJsonSchema(): Readonly<Record<string, unknown>> {
  const { $schema, ...schema } = z.toJSONSchema(mappingSpec, { target: "draft-7" });
  return { $schema, title: "Mapping of MLB Stats API documents to tables", ...schema };
}
