import { POSITIONS } from "../league/position.ts";
import type { FieldPosition } from "../league/position.ts";
import type { Hardness, HitMeasures, HitTrajectory } from "../measurement/measure-hit.ts";
import { BASE_ORDINALS } from "./base-state.ts";
import type { FieldingCredit, Movement } from "./game-record.ts";

const BALLS: Record<HitTrajectory, string> = {
  ground_ball: "ground ball",
  line_drive: "line drive",
  fly_ball: "fly ball",
  popup: "pop up",
  bunt_grounder: "bunt ground ball",
};
const ADVERBS: Record<Hardness, string> = { hard: " sharply", medium: "", soft: " softly" };
const FIELDS: Partial<Record<FieldPosition, string>> = { LF: "left field", CF: "center field", RF: "right field" };
const HIT_VERBS: Readonly<Record<string, string>> = { single: "singles", double: "doubles", triple: "triples" };

function nameOf(credit: FieldingCredit): string {
  return `${POSITIONS[credit.position].role} ${credit.player.fullName}`;
}

/** "shortstop A to second baseman B to first baseman C": the way of the ball over all outs. */
function chain(movements: readonly Movement[]): string {
  const names = movements.filter((movement) => movement.outNumber !== null).flatMap((movement) => movement.credits.map(nameOf));
  return names.filter((name, i) => name !== names[i - 1]).join(" to ");
}

function errorKind({ credit }: FieldingCredit): string {
  return credit === "f_throwing_error" ? "throwing" : "fielding";
}

/** What became of each runner, in the order of the movements: "A scores. B to 3rd. C out at 2nd." */
function runnerSentences(movements: readonly Movement[], batterId: number, includeBatter: boolean): string[] {
  const last = new Map(movements.map((movement) => [movement.runner.id, movement]));
  return [...last.values()].flatMap((movement) => {
    const name = movement.runner.fullName;
    const error = movement.eventType === "error" ? movement.credits[0] : undefined;
    if (error !== undefined && movement.end !== null && movement.end !== "score")
      return [`${name} advances to ${BASE_ORDINALS[movement.end]}, on a ${errorKind(error)} error by ${nameOf(error)}.`];
    if (movement.runner.id === batterId && !includeBatter) return [];
    if (movement.outBase === "4B") return [`${name} out at home.`];
    if (movement.outBase !== null) return [`${name} out at ${BASE_ORDINALS[movement.outBase]}.`];
    if (movement.end === "score") return [`${name} scores.`];
    return movement.end === null ? [] : [`${name} to ${BASE_ORDINALS[movement.end]}.`];
  });
}

function describeBattedBall(eventType: string, event: string, name: string, hit: HitMeasures, movements: readonly Movement[]): string {
  const adverb = ADVERBS[hit.hardness];
  const sharp = hit.hardness === "hard" ? "sharp " : "";
  const fielder = movements.flatMap((movement) => movement.credits).find((credit) => credit.position === hit.location);
  const to = fielder === undefined ? "" : ` to ${nameOf(fielder)}`;
  const outs = chain(movements);
  switch (eventType) {
    case "single":
    case "double":
    case "triple":
      return `${name} ${HIT_VERBS[eventType] ?? ""} on a ${sharp}${BALLS[hit.trajectory]}${to}.`;
    case "home_run":
      return `${name} homers on a ${BALLS[hit.trajectory]} to ${FIELDS[hit.location] ?? "the field"}.`;
    case "field_error": {
      const error = movements.flatMap((movement) => movement.credits)[0];
      return error === undefined ? `${name} reaches on an error.` : `${name} reaches on a ${errorKind(error)} error by ${nameOf(error)}.`;
    }
    case "grounded_into_double_play":
      return `${name} grounds into a double play, ${outs}.`;
    case "force_out":
      return `${name} grounds into a force out, ${outs}.`;
    case "fielders_choice_out":
      return `${name} reaches on a fielder's choice out, ${outs}.`;
    case "fielders_choice":
      return `${name} reaches on a fielder's choice${fielder === undefined ? "" : `, fielded by ${nameOf(fielder)}`}.`;
    case "sac_bunt":
      return `${name} out on a sacrifice bunt, ${outs}.`;
    case "double_play":
      return `${name} lines into a double play, ${outs}.`;
    case "sac_fly":
      return `${name} out on a sacrifice fly${to}.`;
    default: {
      const verb = { Groundout: "grounds out", Flyout: "flies out", Lineout: "lines out", "Pop Out": "pops out" }[event] ?? "is out";
      const isAssisted = outs.includes(" to ");
      return `${name} ${verb}${adverb}${isAssisted ? `, ${outs}` : ` to ${outs}`}.`;
    }
  }
}

export interface PlayToDescribe {
  readonly event: string;
  readonly eventType: string;
  readonly batterId: number;
  readonly batterName: string;
  readonly hit: HitMeasures | null;
  readonly isCalledStrike: boolean;
  /** Movements of the play's own event, without those of earlier actions. */
  readonly movements: readonly Movement[];
}

/** The sentence (or sentences) of a play. */
export function describePlay(play: PlayToDescribe): string {
  const { batterName: name, eventType } = play;
  const isMultipleOut = eventType === "grounded_into_double_play" || eventType === "force_out" || eventType === "double_play";
  const runners = eventType === "strikeout_double_play" ? [] : runnerSentences(play.movements, play.batterId, isMultipleOut);
  return [headline(play, name, eventType), ...runners].join(" ");
}

/** The batter struck out, the runner was caught at the same time. */
function describeStrikeoutDoublePlay(play: PlayToDescribe, name: string): string {
  const caught = play.movements.find((movement) => movement.outBase !== null && movement.start !== null);
  const how = play.isCalledStrike ? "called out on strikes" : "strikes out swinging";
  const base = caught?.outBase === "3B" ? "3rd" : "2nd";
  return `${name} ${how} and ${caught?.runner.fullName ?? ""} caught stealing ${base}, ${caught === undefined ? "" : chain([caught])}.`;
}

function headline(play: PlayToDescribe, name: string, eventType: string): string {
  if (play.hit !== null) return describeBattedBall(eventType, play.event, name, play.hit, play.movements);
  if (eventType === "walk") return `${name} walks.`;
  if (eventType === "hit_by_pitch") return `${name} hit by pitch.`;
  if (eventType === "strikeout_double_play") return describeStrikeoutDoublePlay(play, name);
  return play.isCalledStrike ? `${name} called out on strikes.` : `${name} strikes out swinging.`;
}
