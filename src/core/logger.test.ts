import { expect, test } from "vitest";
import { createLogger } from "./logger.ts";

function collect(isTTY: boolean): { readonly lines: string[]; readonly sink: { write: (text: string) => void; isTTY: boolean } } {
  const lines: string[] = [];
  return { lines, sink: { write: (text) => void lines.push(text), isTTY } };
}

test("events are JSON lines where nobody looks", () => {
  const { lines, sink } = collect(false);
  createLogger("info", sink).warn({ event: "capture.failed", bytes: 812 });
  expect(lines).toHaveLength(1);
  expect(JSON.parse(lines[0]!)).toMatchObject({ level: "warn", event: "capture.failed", bytes: 812 });
  expect(lines[0]!.endsWith("\n")).toBe(true);
});

test("events are readable lines on a terminal", () => {
  const { lines, sink } = collect(true);
  createLogger("info", sink).info({ event: "capture.stored", table: "game.linescore", note: "two words" });
  expect(lines[0]).toMatch(/^[0-9]{2}:[0-9]{2}:[0-9]{2} info {2}capture\.stored table=game\.linescore note="two words"\n$/);
});

test("events below the level are left out", () => {
  const { lines, sink } = collect(false);
  const logger = createLogger("warn", sink);
  logger.debug({ event: "a" });
  logger.info({ event: "b" });
  logger.error({ event: "c" });
  expect(lines.map((line) => (JSON.parse(line) as { event: string }).event)).toEqual(["c"]);
});
