import { expect, test } from "vitest";
import { copyLine } from "./copy-line.ts";

test("what would end a value or a line is escaped, and null is no text", () => {
  expect(copyLine([1, null, "\\N", "a\tb\nc\rd\\", true, ""])).toBe("1\t\\N\t\\\\N\ta\\tb\\nc\\rd\\\\\ttrue\t");
});
