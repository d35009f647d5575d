import { runnersOn } from "../game/base-state.ts";
import { isHit, outsOn } from "../game/game-record.ts";
import { otherSide } from "../game/side.ts";
import type { Play, PlayedGame } from "../game/game-record.ts";
import type { Side } from "../game/side.ts";
import { PITCH_CALLS } from "../game/pitch-call.ts";
import { PITCHING_COUNTS, zeroCounts } from "./counts.ts";
import type { PitchingLine } from "./counts.ts";
import type { Decisions } from "./decide-pitchers.ts";
import { EXTRA_BASE_COUNTS, isAtBat, isCaughtStealing, isPickedOff, isStrikeout, isWalk, outCountsOf } from "./tally-batting.ts";

/** Counts the pitching lines of one team, by player id. */
export function tallyPitching(game: PlayedGame, side: Side, decisions: Decisions | null): Map<number, PitchingLine> {
  const { stints } = game.teams[side];
  const lines = new Map(stints.map(({ pitcher }) => [pitcher.id, { ...zeroCounts(PITCHING_COUNTS), gamesPlayed: 1, gamesPitched: 1 }]));
  const line = (id: number): PitchingLine => {
    const found = lines.get(id);
    if (found === undefined) throw new RangeError(`${id} has not pitched`);
    return found;
  };

  let previous: Play | null = null;
  for (const play of game.plays.filter((candidate) => candidate.battingSide !== side)) {
    const current = line(play.pitcher.id);
    const isRelief = previous !== null && previous.pitcher !== play.pitcher && previous.inning === play.inning;
    if (isRelief) current.inheritedRunners += runnersOn(play.basesBefore);
    tallyPitches(play, current);
    tallyPlay(play, current);
    tallyRuns(play, line);
    previous = play;
  }

  const first = stints[0];
  const last = stints.at(-1);
  if (first !== undefined) line(first.pitcher.id).gamesStarted = 1;
  if (decisions === null) return lines;
  if (first !== undefined && first === last) {
    line(first.pitcher.id).completeGames = 1;
    if (game.plays.at(-1)?.score[otherSide(side)] === 0) line(first.pitcher.id).shutouts = 1;
  } else if (last !== undefined) {
    line(last.pitcher.id).gamesFinished = 1;
  }
  for (const [id, pitching] of lines) tallyDecision(id, pitching, decisions);
  return lines;
}

function tallyPitches(play: Play, line: PitchingLine): void {
  for (const event of play.events) {
    if (event.kind === "pitch") {
      line.numberOfPitches += 1;
      line.pitchesThrown += 1;
      line[PITCH_CALLS[event.call].verdict === "ball" ? "balls" : "strikes"] += 1;
    } else if (event.kind === "action") {
      if (event.eventType === "wild_pitch") line.wildPitches += 1;
      if (event.eventType === "passed_ball") line.passedBall += 1;
      if (event.eventType === "balk") line.balks += 1;
    }
  }
}

function tallyPlay(play: Play, line: PitchingLine): void {
  line.outs += outsOn(play);
  for (const movement of play.movements) {
    if (movement.eventType.startsWith("stolen_base")) line.stolenBases += 1;
    if (isCaughtStealing(movement)) line.caughtStealing += 1;
    if (isPickedOff(movement)) line.pickoffs += 1;
  }
  if (!play.isPlateAppearance) return;
  line.battersFaced += 1;
  line.rbi += play.rbi;
  if (isAtBat(play)) line.atBats += 1;
  for (const name of outCountsOf(play)) line[name] += 1;
  const { eventType } = play;
  if (isHit(eventType)) {
    line.hits += 1;
    if (eventType !== "single") line[EXTRA_BASE_COUNTS[eventType]] += 1;
  }
  if (isStrikeout(play)) line.strikeOuts += 1;
  if (isWalk(play)) line.baseOnBalls += 1;
  if (eventType === "intent_walk") line.intentionalWalks += 1;
  if (eventType === "sac_bunt") line.sacBunts += 1;
  if (eventType === "sac_fly") line.sacFlies += 1;
  if (eventType === "hit_by_pitch") {
    line.hitByPitch += 1;
    line.hitBatsmen += 1;
  }
}

function tallyRuns(play: Play, line: (id: number) => PitchingLine): void {
  for (const movement of play.movements) {
    const { responsiblePitcher } = movement;
    if (movement.end !== "score" || responsiblePitcher === null) continue;
    line(responsiblePitcher.id).runs += 1;
    if (movement.isEarned) line(responsiblePitcher.id).earnedRuns += 1;
    if (responsiblePitcher !== play.pitcher && !movement.isTeamUnearned) line(play.pitcher.id).inheritedRunnersScored += 1;
  }
}

function tallyDecision(id: number, line: PitchingLine, decisions: Decisions): void {
  if (decisions.winner.id === id) line.wins = 1;
  if (decisions.loser.id === id) line.losses = 1;
  if (decisions.save?.id === id) line.saves = 1;
  if (decisions.holds.has(id)) line.holds = 1;
  if (decisions.blownSaves.has(id)) line.blownSaves = 1;
  line.saveOpportunities = line.saves + line.blownSaves;
}
