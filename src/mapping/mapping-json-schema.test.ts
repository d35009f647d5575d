import { fileURLToPath } from "node:url";
import { format, resolveConfig } from "prettier";
import { expect, test } from "vitest";
import { mappingJsonSchema } from "./mapping-json-schema.ts";

const file = fileURLToPath(new URL("../../config/schemas/mapping.schema.json", import.meta.url));

test("the published JSON Schema is the one of the language (npx vitest run src/mapping/mapping-json-schema.test.ts -u writes it)", async () => {
  const text = await format(JSON.stringify(mappingJsonSchema()), { ...(await resolveConfig(file)), parser: "json" });
  await expect(text).toMatchFileSnapshot(file);
});
