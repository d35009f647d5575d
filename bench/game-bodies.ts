import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { simulateGame } from "../src/simulate/simulate-game.ts";

/** Game feeds as text, any number of them, each under a game number of its own. */
export interface GameBodies {
  readonly from: string;
  body(game: number): string;
}

const FIRST_GAME = 800_000;
const SIMULATED_GAMES = 26;

export function gamePk(game: number): number {
  return FIRST_GAME + game;
}

/** Real feeds of a folder (one of each game), else simulated ones; they repeat under other game numbers. */
export async function gameBodies(folder: string | null): Promise<GameBodies> {
  const texts: { readonly pk: string; readonly text: string }[] = [];
  if (folder === null) {
    for (let game = 0; game < SIMULATED_GAMES; game++)
      texts.push({ pk: String(gamePk(game)), text: JSON.stringify(simulateGame({ seed: game + 1, gamePk: gamePk(game) })) });
  } else {
    for (const name of (await readdir(folder)).toSorted()) {
      const pk = /^([0-9]{6})_.*\.json\.gz$/.exec(name)?.[1];
      if (pk === undefined || texts.some((known) => known.pk === pk)) continue;
      texts.push({ pk, text: gunzipSync(await readFile(join(folder, name))).toString("utf8") });
    }
  }
  if (texts.length === 0) throw new Error(`no feeds in ${folder ?? "the simulator"}`);
  return {
    from: folder === null ? `${String(texts.length)} simulated games` : `${String(texts.length)} real games`,
    body: (game) => {
      const source = texts[game % texts.length];
      return source === undefined ? "" : source.text.replaceAll(source.pk, String(gamePk(game)));
    },
  };
}
