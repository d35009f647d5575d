import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { requireMapping } from "../src/mapping/check-mapping.ts";
import { createReport } from "../src/mapping/report.ts";
import { compilePlan } from "../src/plan/compile-plan.ts";
import { DuckdbEngine } from "../src/engine/duckdb/duckdb-engine.ts";
import { readCatalogueText } from "../src/statsapi/read-catalogue.ts";
import { SmallPlatform } from "./small-platform.ts";

interface Block {
  readonly language: string;
  /** What follows the language: `mapping=fan/fan_day.yaml`, `targets`. */
  readonly mark: string;
  readonly text: string;
  readonly line: number;
}

const page = readFileSync(new URL("../docs/mapping-language.md", import.meta.url), "utf8");
const blocks: readonly Block[] = [...page.matchAll(/^```([a-z]+)(?: ([^\n]*))?\n([\s\S]*?)^```$/gm)].map((match) => ({
  language: match[1] ?? "",
  mark: match[2] ?? "",
  text: match[3] ?? "",
  line: page.slice(0, match.index).split("\n").length,
}));
const marked = (start: string): readonly Block[] => blocks.filter(({ mark }) => mark.startsWith(start));
const mappings = marked("mapping=").map((block) => ({ ...block, file: block.mark.slice("mapping=".length) }));
const complete = mappings.findLast(({ file }) => file === "fan/fan_day.yaml")?.text ?? "";

describe("the examples of docs/mapping-language.md", () => {
  test("are all of a kind that is checked here", () => {
    const unmarked = blocks.filter(({ language, mark }) => language === "yaml" && !/^(?:mapping=|catalogue=|targets$)/.test(mark));
    expect(unmarked.map(({ line }) => line)).toEqual([]);
    expect(mappings.length).toBeGreaterThan(2);
    expect(marked("targets").length).toBeGreaterThan(4);
  });

  test.each(mappings)("the mapping $file of line $line is right, and can be run", ({ text, file }) => {
    expect(new DuckdbEngine(compilePlan(requireMapping(text, file))).stages().length).toBeGreaterThan(1);
  });

  test.each(marked("targets"))("the targets of line $line are right beside those of the tutorial", ({ text }) => {
    const lines = text.split("\n").map((line) => (line === "" ? line : `  ${line}`));
    const whole = complete.replace("targets:\n", () => `targets:\n${lines.join("\n")}`);
    expect(new DuckdbEngine(compilePlan(requireMapping(whole, "fan/fan_day.yaml"))).stages().length).toBeGreaterThan(1);
  });

  test.each(marked("catalogue="))("the catalogue of line $line is right", ({ text, mark }) => {
    const report = createReport(mark);
    expect(readCatalogueText(text, report).map(({ name }) => name)).toEqual(["fan_day"]);
    expect(report.sorted()).toEqual([]);
  });

  test("make the rows that the tutorial shows", async () => {
    await using platform = await SmallPlatform.open();
    const mapping = requireMapping(complete, "fan/fan_day.yaml");
    await platform.capture(mapping, [{ body: marked("file=day-17.json")[0]?.text ?? "" }]);
    expect((await platform.transform(mapping)).exit).toBe(0);
    const [days, sales] = await platform.queries(
      "SELECT day, title, temperature, wind_mph, first_pitch_guest FROM store.fan.days",
      "SELECT stand_name, item, sold, price FROM store.fan.sales ORDER BY sold * price DESC",
    );
    expect(days?.map((row) => Object.values(row))).toEqual([["2024-07-13", "Family Saturday", 81, 5, "Otto Vane"]]);
    expect(sales?.map((row) => Object.values(row))).toEqual([
      ["North", "lemonade", 310, "3.50"],
      ["North", "peanuts", 120, "4.25"],
      ["South", "lemonade", 95, "3.50"],
    ]);
  });
});
