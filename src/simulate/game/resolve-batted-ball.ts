import type { Player } from "../league/player.ts";
import type { RandomSource } from "../random-source.ts";
import { BASES } from "./base-state.ts";
import type { Base } from "./base-state.ts";
import type { BattedBall } from "./batted-ball.ts";
import type { Cause, Diamond } from "./diamond.ts";
import { coversFirst, coversSecond, errorCredit, fieldedCredit, outCredits, relayCredits } from "./fielding-play.ts";
import { HIT_BASES } from "./game-record.ts";
import type { Happening, HitType } from "./game-record.ts";
import type { TeamInGame } from "./team-in-game.ts";

export interface BattedBallContext {
  readonly random: RandomSource;
  readonly diamond: Diamond;
  readonly defense: TeamInGame;
  readonly batter: Player;
  /** Index of the pitch that was hit. */
  readonly eventIndex: number;
  /** Runs with which the home team wins at once; `null` where it cannot. */
  readonly runsToWin: number | null;
}

export interface Resolution extends Happening {
  /** Whether the play made an out, of the batter or of another. */
  readonly isOut: boolean;
}

const HIT_EVENTS: Record<HitType, string> = { single: "Single", double: "Double", triple: "Triple", home_run: "Home Run" };
const FORCED = "r_adv_force";
const ON_PLAY = "r_adv_play";

function destination(from: Base, bases: number): Base | "score" {
  return BASES[BASES.indexOf(from) + bases] ?? "score";
}

/** Shortens a hit that ends the game: nobody runs on once the winning run is in. */
function shortenWinningHit(context: BattedBallContext, hit: HitType): HitType {
  const { diamond, runsToWin } = context;
  if (runsToWin === null || hit === "home_run") return hit;
  const leadFirst = BASES.toReversed().filter((base) => diamond.runner(base) !== null);
  const winner = leadFirst[runsToWin - 1];
  if (winner === undefined) return hit;
  const needed = 3 - BASES.indexOf(winner);
  return HIT_BASES[hit] <= needed ? hit : ((["single", "double", "triple"] as const)[needed - 1] ?? hit);
}

function resolveHit(context: BattedBallContext, ball: BattedBall, wanted: HitType): Resolution {
  const { diamond, random, defense, batter, eventIndex, runsToWin } = context;
  const hit = shortenWinningHit(context, wanted);
  const happening = { event: HIT_EVENTS[hit], eventType: hit };
  const bases = HIT_BASES[hit];
  const runsBefore = diamond.runs;
  const pitcher = defense.stint.pitcher;

  for (const from of BASES.toReversed()) {
    if (diamond.runner(from) === null) continue;
    const isGameWon = runsToWin !== null && diamond.runs - runsBefore >= runsToWin;
    const sure = destination(from, bases);
    const next = sure === "score" ? sure : destination(sure, 1);
    const speed = diamond.runner(from)?.player.batting.speed ?? 1;
    const isBold = random.chance((next === "score" ? 0.62 : 0.3) * speed * (diamond.outs === 2 ? 1.25 : 1));
    const isNextFree = next === "score" || diamond.runner(next) === null;
    const takesExtra = sure !== "score" && isBold && isNextFree && !isGameWon;
    const cause: Cause = { ...happening, eventIndex, isRbi: true };
    if (takesExtra && next === "score" && runsToWin === null && reachesOutfield(ball) && random.chance(0.05)) {
      diamond.putOutRunner(from, "4B", { ...cause, reason: "r_thrown_out", credits: relayCredits(defense, [ball.fielder, "C"]) });
    } else if (takesExtra && hit === "single" && next !== "score") {
      diamond.advance(from, sure, { ...cause, reason: FORCED });
      diamond.advance(sure, next, { ...cause, reason: ON_PLAY });
    } else {
      diamond.advance(from, takesExtra ? next : sure, { ...cause, reason: takesExtra || from !== "1B" ? ON_PLAY : FORCED });
    }
  }
  diamond.batterReaches(batter, pitcher, destination("1B", bases - 1), {
    ...happening,
    eventIndex,
    isRbi: true,
    credits: hit === "home_run" ? [] : fieldedCredit(defense, ball.fielder),
  });
  const isOpen = diamond.runner("2B") === null && diamond.outs < 3 && runsToWin === null;
  if (hit === "single" && isOpen && reachesOutfield(ball) && random.chance(0.03)) advanceOnError(context, ball);
  return { ...happening, isOut: false };
}

function reachesOutfield({ fielder }: BattedBall): boolean {
  return fielder === "LF" || fielder === "CF" || fielder === "RF";
}

/** The batter takes second base on an error of the outfielder. */
function advanceOnError({ diamond, defense, random, eventIndex }: BattedBallContext, { fielder }: BattedBall): void {
  const kind = random.chance(0.5) ? "throwing" : "fielding";
  diamond.advance("1B", "2B", {
    event: "Error",
    eventType: "error",
    eventIndex,
    reason: ON_PLAY,
    credits: errorCredit(defense, fielder, kind),
  });
}

function resolveError(context: BattedBallContext, ball: BattedBall): Resolution {
  const { diamond, random, defense, batter, eventIndex } = context;
  const happening = { event: "Field Error", eventType: "field_error" };
  for (const from of BASES.toReversed()) diamond.advance(from, destination(from, 1), { ...happening, eventIndex, reason: ON_PLAY });
  const kind = ball.trajectory === "ground_ball" && random.chance(0.4) ? "throwing" : "fielding";
  diamond.lostOuts += 1;
  diamond.batterReaches(
    batter,
    defense.stint.pitcher,
    "1B",
    { ...happening, eventIndex, credits: errorCredit(defense, ball.fielder, kind) },
    false,
  );
  return { ...happening, isOut: false };
}

/** The runner of first base is out at second; the others move up if the inning goes on. */
function forceAtSecond(context: BattedBallContext, ball: BattedBall, isDoublePlay: boolean): Resolution {
  const { diamond, defense, batter, eventIndex } = context;
  const happening = isDoublePlay
    ? { event: "Grounded Into DP", eventType: "grounded_into_double_play" }
    : { event: "Forceout", eventType: "force_out" };
  const pivot = coversSecond(ball.fielder);
  const isInningOver = diamond.outs + (isDoublePlay ? 2 : 1) >= 3;
  diamond.putOutRunner("1B", "2B", { ...happening, eventIndex, reason: "r_force_out", credits: outCredits(defense, ball.fielder, pivot) });
  if (isDoublePlay) diamond.putOutBatter(batter, { ...happening, eventIndex, credits: outCredits(defense, pivot, "1B") });
  if (!isInningOver) {
    diamond.advance("3B", "score", { ...happening, eventIndex, reason: ON_PLAY, isRbi: !isDoublePlay });
    diamond.advance("2B", "3B", { ...happening, eventIndex, reason: ON_PLAY });
  }
  if (!isDoublePlay) diamond.batterReaches(batter, defense.stint.pitcher, "1B", { ...happening, eventIndex });
  return { ...happening, isOut: true };
}

/** The fielder throws home, and the runner of third base is out there. */
function chooseHome(context: BattedBallContext, ball: BattedBall): Resolution {
  const { diamond, defense, batter, eventIndex } = context;
  const happening = { event: "Fielders Choice Out", eventType: "fielders_choice_out" };
  const cause = { ...happening, eventIndex, reason: ON_PLAY };
  diamond.putOutRunner("3B", "4B", { ...cause, reason: "r_thrown_out", credits: relayCredits(defense, [ball.fielder, "C"]) });
  diamond.advance("2B", "3B", cause);
  diamond.advance("1B", "2B", cause);
  diamond.batterReaches(batter, defense.stint.pitcher, "1B", { ...happening, eventIndex });
  return { ...happening, isOut: true };
}

/** The fielder throws to second base, too late for anybody. */
function chooseSecondInVain(context: BattedBallContext, ball: BattedBall): Resolution {
  const { diamond, defense, batter, eventIndex } = context;
  const happening = { event: "Fielders Choice", eventType: "fielders_choice" };
  const isLoaded = diamond.runner("2B") !== null && diamond.runner("3B") !== null;
  if (isLoaded) diamond.advance("3B", "score", { ...happening, eventIndex, reason: FORCED, isRbi: true });
  diamond.advance("2B", "3B", { ...happening, eventIndex, reason: FORCED });
  diamond.advance("1B", "2B", { ...happening, eventIndex, reason: FORCED });
  const credits = fieldedCredit(defense, ball.fielder);
  diamond.batterReaches(batter, defense.stint.pitcher, "1B", { ...happening, eventIndex, credits });
  return { ...happening, isOut: false };
}

function resolveGroundOut(context: BattedBallContext, ball: BattedBall): Resolution {
  const { diamond, random, defense, batter, eventIndex } = context;
  const isLoaded = BASES.every((base) => diamond.runner(base) !== null);
  if (diamond.runner("3B") !== null && diamond.outs < 2 && !isLoaded && random.chance(0.1)) return chooseHome(context, ball);
  if (diamond.runner("1B") !== null && random.chance(0.02)) return chooseSecondInVain(context, ball);
  if (diamond.runner("1B") !== null) {
    if (diamond.outs < 2 && random.chance(0.36)) return forceAtSecond(context, ball, true);
    if (random.chance(0.42)) return forceAtSecond(context, ball, false);
  }
  const happening = { event: "Groundout", eventType: "field_out" };
  const mustMove = diamond.runner("1B") !== null;
  diamond.putOutBatter(batter, {
    ...happening,
    eventIndex,
    credits: outCredits(defense, ball.fielder, coversFirst(ball.fielder, random.chance(0.25))),
  });
  if (diamond.outs < 3) {
    const cause = { ...happening, eventIndex, reason: ON_PLAY };
    const isSecondTaken = diamond.runner("2B") !== null;
    if ((mustMove && isSecondTaken) || random.chance(0.5)) diamond.advance("3B", "score", { ...cause, isRbi: true });
    if (isSecondTaken && diamond.runner("3B") === null && (mustMove || random.chance(0.5))) diamond.advance("2B", "3B", cause);
    if (diamond.runner("2B") === null) diamond.advance("1B", "2B", cause);
  }
  return { ...happening, isOut: true };
}

function resolveAirOut(context: BattedBallContext, ball: BattedBall): Resolution {
  const { diamond, random, defense, batter, eventIndex } = context;
  const isOutfield = ball.fielder === "LF" || ball.fielder === "CF" || ball.fielder === "RF";
  const canTag = isOutfield && diamond.outs < 2 && ball.trajectory !== "popup";
  const scoresFromThird = canTag && diamond.runner("3B") !== null && random.chance(ball.trajectory === "fly_ball" ? 0.85 : 0.4);
  const isDoubledOff =
    ball.trajectory === "line_drive" && !isOutfield && diamond.outs < 2 && diamond.runner("1B") !== null && random.chance(0.2);
  const happening = scoresFromThird
    ? { event: "Sac Fly", eventType: "sac_fly" }
    : isDoubledOff
      ? { event: "Double Play", eventType: "double_play" }
      : {
          event: { line_drive: "Lineout", fly_ball: "Flyout", popup: "Pop Out", ground_ball: "Groundout", bunt_grounder: "Groundout" }[
            ball.trajectory
          ],
          eventType: "field_out",
        };
  const cause = { ...happening, eventIndex };
  diamond.putOutBatter(batter, { ...cause, credits: outCredits(defense, ball.fielder, ball.fielder) });
  if (isDoubledOff)
    diamond.putOutRunner("1B", "1B", { ...cause, reason: "r_doubled_off", credits: outCredits(defense, ball.fielder, "1B") });
  if (scoresFromThird) {
    diamond.advance("3B", "score", { ...cause, reason: ON_PLAY, isRbi: true });
    if (random.chance(0.3)) diamond.advance("2B", "3B", { ...cause, reason: ON_PLAY });
  }
  return { ...happening, isOut: true };
}

/** Plays out a ball in play on the diamond. */
export function resolveBattedBall(context: BattedBallContext, ball: BattedBall): Resolution {
  switch (ball.outcome) {
    case "single":
    case "double":
    case "triple":
    case "home_run":
      return resolveHit(context, ball, ball.outcome);
    case "error":
      return resolveError(context, ball);
    case "out":
      return ball.trajectory === "ground_ball" ? resolveGroundOut(context, ball) : resolveAirOut(context, ball);
  }
}
