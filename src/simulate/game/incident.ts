import { POSITIONS } from "../league/position.ts";
import type { LineupPosition } from "../league/position.ts";
import type { GameInProgress } from "./game-in-progress.ts";
import { canPlay, recordDefensiveSubstitution } from "./manage-team.ts";
import type { GameStatus } from "./game-status.ts";
import type { PlayRecorder } from "./play-recorder.ts";
import { lastPosition } from "./team-in-game.ts";

const INJURIES = ["leg", "hand", "side", "knee", "shoulder", "ankle"] as const;
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

function advisory(game: GameInProgress, recorder: PlayRecorder, description: string): void {
  const player = game.offense.batter().player;
  recorder.action({ event: "Game Advisory", eventType: "game_advisory", description, player });
}

/** A fielder is hurt and leaves, if somebody can take his place. */
function maybeInjure(game: GameInProgress, recorder: PlayRecorder): void {
  const { random, defense } = game;
  if (!random.chance(0.008)) return;
  advisory(game, recorder, "Injury Delay.");
  game.wait("injury");
  const hurt = random.pick(defense.battingOrder);
  const position = lastPosition(hurt);
  const substitute = defense.bench.find(
    (player) => position !== "PH" && position !== "PR" && position !== "P" && canPlay(player, position),
  );
  if (position === "DH" || substitute === undefined || !random.chance(0.2)) return;
  const injury = random.pick(INJURIES);
  recorder.action({
    event: "Injury",
    eventType: "injury",
    description: `${defense.roster.club.clubName} ${POSITIONS[position].role} ${hurt.player.fullName} left the game due to an injured ${injury}.`,
    player: hurt.player,
    injury,
  });
  recordDefensiveSubstitution(game, recorder, hurt, substitute, position as LineupPosition);
}

/** A manager who does not like a called third strike is sent off. */
function maybeEject(game: GameInProgress, recorder: PlayRecorder): void {
  const { random, offense, conditions } = game;
  const last = game.plays.at(-1);
  const call = last?.events.findLast((event) => event.kind === "pitch")?.call;
  const isDisputed = last?.eventType === "strikeout" && call === "calledStrike" && last.battingSide === game.battingSide;
  if (!isDisputed || offense.isManagerEjected || !random.chance(0.018)) return;
  offense.isManagerEjected = true;
  const { manager, club } = offense.roster;
  recorder.action({
    event: "Ejection",
    eventType: "ejection",
    description: `${club.clubName} manager ${manager.fullName} ejected by HP umpire ${conditions.homePlateUmpire.fullName}.`,
    player: manager,
    umpire: conditions.homePlateUmpire,
  });
}

function holdUp(game: GameInProgress, recorder: PlayRecorder, status: GameStatus, duration: number): void {
  advisory(game, recorder, `Status Change - ${status}`);
  game.delayed += duration;
  game.now += duration;
  advisory(game, recorder, "Status Change - In Progress");
}

/** Rain holds the game up, between two half innings; it may break it off until the next day. */
function maybeRain(game: GameInProgress, recorder: PlayRecorder): void {
  const { random } = game;
  if (game.conditions.suspendedIn === game.inning && game.battingSide === "away") {
    holdUp(game, recorder, "Suspended: Rain", game.conditions.startTime + 20 * HOUR - game.now);
    return;
  }
  if (!game.conditions.canRain || game.inning < 3 || game.delayed > 0 || !random.chance(0.003)) return;
  holdUp(game, recorder, "Delayed: Rain", random.integer(25, 120) * MINUTE);
}

/** What nobody planned, before the first pitch to a batter. */
export function maybeIncident(game: GameInProgress, recorder: PlayRecorder, isStartOfHalf: boolean): void {
  if (isStartOfHalf) maybeRain(game, recorder);
  else maybeEject(game, recorder);
  if (game.random.chance(0.006)) advisory(game, recorder, "On-field Delay.");
  maybeInjure(game, recorder);
}
