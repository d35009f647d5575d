import type { Player } from "../league/player.ts";
import type { FieldPosition } from "../league/position.ts";
import type { HitTrajectory } from "../measurement/measure-hit.ts";
import type { RandomSource } from "../random-source.ts";
import type { HitType } from "./game-record.ts";

type SwungTrajectory = Exclude<HitTrajectory, "bunt_grounder">;

export type BattedBallOutcome = HitType | "error" | "out";

export interface BattedBall {
  readonly trajectory: HitTrajectory;
  readonly outcome: BattedBallOutcome;
  /** Who fields it; for a home run, the outfielder who watches it. */
  readonly fielder: FieldPosition;
}

const INFIELD_SHARES: Record<"P" | "1B" | "2B" | "3B" | "SS", number> = { P: 0.06, "1B": 0.14, "2B": 0.27, "3B": 0.22, SS: 0.31 };
const POPUP_SHARES: Record<"C" | "1B" | "2B" | "3B" | "SS", number> = { C: 0.12, "1B": 0.22, "2B": 0.22, "3B": 0.18, SS: 0.26 };
const OUTFIELD_SHARES: Record<"LF" | "CF" | "RF", number> = { LF: 0.32, CF: 0.37, RF: 0.31 };

function chooseOutcome(random: RandomSource, trajectory: SwungTrajectory, batter: Player): BattedBallOutcome {
  const { power, speed } = batter.batting;
  switch (trajectory) {
    case "ground_ball":
      return random.weighted<BattedBallOutcome>({ out: 0.735, single: 0.225 * speed, double: 0.014, triple: 0, home_run: 0, error: 0.022 });
    case "line_drive":
      return random.weighted<BattedBallOutcome>({
        out: 0.36,
        single: 0.44,
        double: 0.18 * power,
        triple: 0.014 * speed,
        home_run: 0.02 * power,
        error: 0.003,
      });
    case "fly_ball":
      return random.weighted<BattedBallOutcome>({
        out: 0.69,
        single: 0.055,
        double: 0.085 * power,
        triple: 0.013 * speed,
        home_run: 0.14 * power * power,
        error: 0.004,
      });
    case "popup":
      return random.weighted<BattedBallOutcome>({ out: 0.985, single: 0.012, double: 0, triple: 0, home_run: 0, error: 0.003 });
  }
}

function chooseFielder(random: RandomSource, trajectory: SwungTrajectory, outcome: BattedBallOutcome): FieldPosition {
  const reachesOutfield = outcome === "double" || outcome === "triple" || outcome === "home_run";
  switch (trajectory) {
    case "ground_ball":
      return reachesOutfield || (outcome === "single" && random.chance(0.85))
        ? random.weighted(OUTFIELD_SHARES)
        : random.weighted(INFIELD_SHARES);
    case "line_drive":
      return outcome === "out" && random.chance(0.35) ? random.weighted(INFIELD_SHARES) : random.weighted(OUTFIELD_SHARES);
    case "fly_ball":
      return random.weighted(OUTFIELD_SHARES);
    case "popup":
      return outcome === "single" ? random.weighted(OUTFIELD_SHARES) : random.weighted(POPUP_SHARES);
  }
}

/** Chooses how a ball is hit, who fields it, and whether the batter gets away with it. */
export function chooseBattedBall(random: RandomSource, batter: Player): BattedBall {
  const { power } = batter.batting;
  const trajectory = random.weighted<SwungTrajectory>({
    ground_ball: 0.395 / power,
    line_drive: 0.228,
    fly_ball: 0.27 * power,
    popup: 0.085,
  });
  const outcome = chooseOutcome(random, trajectory, batter);
  return { trajectory, outcome, fielder: chooseFielder(random, trajectory, outcome) };
}
