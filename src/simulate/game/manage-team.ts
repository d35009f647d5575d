import { LINEUP_POSITIONS, POSITIONS, isFieldPosition } from "../league/position.ts";
import type { LineupPosition } from "../league/position.ts";
import type { Player } from "../league/player.ts";
import { BASES, ordinal, runnersOn } from "./base-state.ts";
import type { GameInProgress } from "./game-in-progress.ts";
import type { PlayRecorder } from "./play-recorder.ts";
import { battingOrderText, lastPosition } from "./team-in-game.ts";
import type { Appearance } from "./team-in-game.ts";

export function canPlay(player: Player, position: LineupPosition): boolean {
  if (position === "DH") return true;
  const { primaryPosition } = player;
  if (position === "C" || primaryPosition === "C") return position === primaryPosition;
  return isFieldPosition(primaryPosition) && POSITIONS[primaryPosition].type === POSITIONS[position].type;
}

export function recordDefensiveSubstitution(
  game: GameInProgress,
  recorder: PlayRecorder,
  replaced: Appearance,
  player: Player,
  position: LineupPosition,
): void {
  const from = POSITIONS[lastPosition(replaced)];
  const appearance = game.defense.substitute(replaced, player, position, game.inning);
  const where = POSITIONS[position];
  recorder.action({
    event: "Defensive Sub",
    eventType: "defensive_substitution",
    description: `Defensive Substitution: ${player.fullName} replaces ${from.role} ${replaced.player.fullName}, batting ${ordinal(appearance.slot ?? 0)}, playing ${where.place}.`,
    player,
    substitution: { position: where, battingOrder: battingOrderText(appearance), replaced: replaced.player },
  });
}

/** Those who batted or ran for somebody take a place in the field, or give it to one who can play it. */
function settlePinchHitters(game: GameInProgress, recorder: PlayRecorder): void {
  const { defense } = game;
  for (const appearance of defense.battingOrder) {
    if (lastPosition(appearance) !== "PH" && lastPosition(appearance) !== "PR") continue;
    const vacant = defense.vacantPositions(LINEUP_POSITIONS)[0];
    if (vacant === undefined) continue;
    const specialist = defense.bench.find((player) => canPlay(player, vacant));
    if (!canPlay(appearance.player, vacant) && specialist !== undefined) {
      recordDefensiveSubstitution(game, recorder, appearance, specialist, vacant);
      continue;
    }
    appearance.positions.push(vacant);
    const position = POSITIONS[vacant];
    recorder.action({
      event: "Defensive Switch",
      eventType: "defensive_switch",
      description: `${appearance.player.fullName} remains in the game as the ${position.role}.`,
      player: appearance.player,
      substitution: { position, battingOrder: battingOrderText(appearance), replaced: null },
    });
  }
}

/** A team that leads late puts in a better glove, once. */
function maybeStrengthenDefense(game: GameInProgress, recorder: PlayRecorder): void {
  const { defense, random } = game;
  if (
    game.inning < 8 ||
    game.lead >= 0 ||
    defense.battingOrder.some((appearance) => appearance.substituteNumber > 0) ||
    !random.chance(0.4)
  )
    return;
  for (const player of defense.bench) {
    const replaced = defense.battingOrder.find((appearance) => {
      const position = lastPosition(appearance);
      return position !== "P" && position !== "DH" && position === player.primaryPosition && position !== "C";
    });
    if (replaced === undefined) continue;
    recordDefensiveSubstitution(game, recorder, replaced, player, lastPosition(replaced) as LineupPosition);
    return;
  }
}

function shouldChangePitcher(game: GameInProgress, isStartOfHalf: boolean): boolean {
  const { stint } = game.defense;
  const skill = stint.pitcher.pitching;
  if (skill === null || stint.pitches === 0) return false;
  if (isStartOfHalf) return skill.isStarter ? stint.pitches > skill.stamina - 14 : stint.outs >= 3 || stint.pitches > skill.stamina;
  return stint.pitches > skill.stamina + 8 || (stint.runsThisInning >= (skill.isStarter ? 5 : 3) && runnersOn(game.diamond.bases) > 0);
}

function maybeChangePitcher(game: GameInProgress, recorder: PlayRecorder, isStartOfHalf: boolean): void {
  const { defense } = game;
  if (!shouldChangePitcher(game, isStartOfHalf)) return;
  const replaced = defense.stint.pitcher;
  const relievers = defense.bullpen.filter((pitcher) => pitcher.pitching?.isStarter === false);
  const next = relievers.length > 0 ? game.random.pick(relievers) : defense.bullpen[0];
  if (next === undefined) return;
  defense.bringInPitcher(next);
  recorder.action(
    {
      event: "Pitching Substitution",
      eventType: "pitching_substitution",
      description: `Pitching Change: ${next.fullName} replaces ${replaced.fullName}.`,
      player: next,
      substitution: { position: POSITIONS.P, battingOrder: null, replaced: null },
    },
    isStartOfHalf ? "event" : "pitchingChange",
  );
}

function maybePinchHit(game: GameInProgress, recorder: PlayRecorder): void {
  const { offense, random } = game;
  const replaced = offense.batter();
  if (game.inning < 7 || game.lead > 1 || replaced.substituteNumber > 0 || replaced.player.batting.contact > 0.97 || !random.chance(0.4))
    return;
  // The last catcher on the bench stays there.
  const player = offense.bench.find((candidate) => candidate.primaryPosition !== "C");
  if (player === undefined) return;
  const appearance = offense.substitute(replaced, player, "PH", game.inning);
  recorder.action({
    event: "Offensive Substitution",
    eventType: "offensive_substitution",
    description: `Offensive Substitution: Pinch-hitter ${player.fullName} replaces ${replaced.player.fullName}.`,
    player,
    substitution: { position: POSITIONS.PH, battingOrder: battingOrderText(appearance), replaced: replaced.player },
  });
}

/** Late, in need of a run: a fast man of the bench runs for a slow one. */
function maybePinchRun(game: GameInProgress, recorder: PlayRecorder): void {
  const { offense, diamond, random } = game;
  if (game.inning < 8 || game.lead > 0 || game.lead < -2) return;
  const base = (["2B", "1B"] as const).find((candidate) => (diamond.runner(candidate)?.player.batting.speed ?? 2) < 0.97);
  const slow = base === undefined ? null : diamond.runner(base);
  const replaced = offense.battingOrder.find((appearance) => appearance.player === slow?.player);
  // The last catcher on the bench stays there.
  const player = offense.bench.find((candidate) => candidate.primaryPosition !== "C" && candidate.batting.speed > 1);
  if (base === undefined || replaced === undefined || player === undefined || replaced.substituteNumber > 0 || !random.chance(0.3)) return;
  const appearance = offense.substitute(replaced, player, "PR", game.inning);
  diamond.replaceRunner(base, player);
  recorder.action({
    event: "Offensive Substitution",
    eventType: "offensive_substitution",
    description: `Offensive Substitution: Pinch-runner ${player.fullName} replaces ${replaced.player.fullName}.`,
    player,
    substitution: { position: POSITIONS.PR, battingOrder: battingOrderText(appearance), replaced: replaced.player },
    base: BASES.indexOf(base) + 1,
  });
}

function placeExtraInningRunner(game: GameInProgress, recorder: PlayRecorder): void {
  const runner = game.offense.batter(-1).player;
  game.diamond.place("2B", { player: runner, responsiblePitcher: game.pitcher, isEarned: false, isPlaced: true });
  recorder.action({
    event: "Runner Placed On Base",
    eventType: "runner_placed",
    description: `${runner.fullName} starts inning at 2nd base.`,
    player: runner,
    base: 2,
  });
}

/** All that managers (and the rule for extra innings) do before the first pitch to a batter. */
export function preparePlateAppearance(game: GameInProgress, recorder: PlayRecorder, isStartOfHalf: boolean): void {
  if (isStartOfHalf) {
    settlePinchHitters(game, recorder);
    maybeStrengthenDefense(game, recorder);
  }
  maybeChangePitcher(game, recorder, isStartOfHalf);
  if (isStartOfHalf && game.inning > game.scheduledInnings) placeExtraInningRunner(game, recorder);
  else maybePinchRun(game, recorder);
  maybePinchHit(game, recorder);
}

function visitMound(game: GameInProgress, recorder: PlayRecorder): void {
  const { moundVisitAdvisory } = game.conditions.rules;
  if (moundVisitAdvisory === null) {
    game.defense.moundVisits += 1;
    recorder.action({ event: "Mound Visit", eventType: "mound_visit", description: "Mound Visit." }, "visit");
    return;
  }
  const player = game.offense.batter().player;
  recorder.action({ event: "Game Advisory", eventType: "game_advisory", description: moundVisitAdvisory, player }, "visit");
}

/** Between pitches: a visit to the mound, and, where batters are timed, a time-out. */
export function maybeInterrupt(game: GameInProgress, recorder: PlayRecorder): void {
  const { random, diamond, defense, conditions } = game;
  const { moundVisits, hasPitchClock } = conditions.rules;
  if (defense.moundVisits < moundVisits - 1 && random.chance(runnersOn(diamond.bases) > 1 ? 0.08 : 0.024)) visitMound(game, recorder);
  if (hasPitchClock && random.chance(0.035)) {
    recorder.action(
      { event: "Batter Timeout", eventType: "batter_timeout", description: "Batter Timeout.", player: game.offense.batter().player },
      "visit",
    );
  }
}
