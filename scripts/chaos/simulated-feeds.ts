import { createHash } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { simulateSeason } from "../../src/simulate/season/simulate-season.ts";
import { stateStubs } from "../../src/simulate/simulated-stub.ts";

export interface SimulatedState {
  readonly gamePk: number;
  readonly file: string;
  /** SHA-256 of the bytes in the file. */
  readonly contentHash: string;
  readonly body: string;
}

/** Writes states of simulated games, evenly from their beginnings to their ends, as files with bare answers. Oldest first, game by game. */
export async function writeStates(folder: string, games: number, statesOfEach: number): Promise<readonly SimulatedState[]> {
  const states: SimulatedState[] = [];
  for (const answer of simulateSeason({ seed: 1, season: 2026, games })) {
    if (answer.kind !== "game") continue;
    const { gamePk } = answer.simulated.setting.fixture;
    const stubs = [...stateStubs(answer.simulated)];
    for (let at = 1; at <= statesOfEach; at++) {
      const stub = stubs[Math.ceil((at / statesOfEach) * stubs.length) - 1];
      if (stub === undefined) continue;
      const body = JSON.stringify(stub.response);
      const file = join(folder, `${String(gamePk)}_${String(at).padStart(3, "0")}.json`);
      await writeFile(file, body);
      states.push({ gamePk, file, contentHash: createHash("sha256").update(body).digest("hex"), body });
    }
  }
  return states;
}
