import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { expect, test } from "vitest";
import { BUNDLED_GAME } from "./bundled-game.ts";
import { simulatedStub, stubPath } from "./simulated-stub.ts";

const stub = simulatedStub(BUNDLED_GAME);
const file = join(import.meta.dirname, "../../stubs", stubPath(stub));

test("the bundled stub is what the generator makes (after a change: npx tsx src/simulate/write-bundle.ts)", () => {
  // As one claim: a difference of two such documents fills the screen and tells nobody anything.
  const isSame = gunzipSync(readFileSync(file)).toString("utf8") === JSON.stringify(stub, null, 2);
  expect(isSame).toBe(true);
});

test("the bundled stub is small and carries no time of writing", () => {
  expect(statSync(file).size).toBeLessThan(200_000);
  expect(readFileSync(file).readUInt32LE(4)).toBe(0);
});

test("a stub has the layout of the Python client", () => {
  expect(stub).toMatchObject({
    endpoint: "game",
    method: "liveGameV1",
    path_params: { game_pk: "747175" },
    query_params: {},
    url: "https://simulated.invalid/api/v1.1/game/747175/feed/live",
    status_code: 200,
    response: { gamePk: 747_175 },
  });
  expect(stubPath(stub)).toMatch(/^game\/liveGameV1\/liveGameV1_game_pk=747175_[0-9a-f]{8}\.json\.gz$/);
});
