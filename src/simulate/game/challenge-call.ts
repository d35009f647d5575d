import type { GameInProgress } from "./game-in-progress.ts";
import type { Challenge } from "./game-record.ts";

/** Challenges that a manager starts a game with; he keeps one that succeeds. */
export const CHALLENGES = 1;

/** After a batter was out at first base on a throw: sometimes his manager does not believe it. */
export function maybeChallenge(game: GameInProgress, event: string): Challenge | null {
  const { offense, random } = game;
  const wasThrownOut = event === "Groundout" || event === "Grounded Into DP";
  if (!wasThrownOut || offense.challenges >= CHALLENGES || !random.chance(0.02)) return null;
  offense.challenges += 1;
  game.wait("review");
  return { side: offense.side, clubName: offense.roster.club.clubName };
}
