import type { FieldPosition } from "../league/position.ts";
import type { RandomSource } from "../random-source.ts";

export const TRAJECTORIES = ["ground_ball", "line_drive", "fly_ball", "popup", "bunt_grounder"] as const;
export type HitTrajectory = (typeof TRAJECTORIES)[number];
export type Hardness = "soft" | "medium" | "hard";

export interface HitMeasures {
  readonly trajectory: HitTrajectory;
  readonly hardness: Hardness;
  /** mph, degrees and feet; whole degrees and feet, as the feed has them. */
  readonly launchSpeed: number;
  readonly launchAngle: number;
  readonly totalDistance: number;
  /** Who got the ball, as the number of the position; beyond the fence: who stood nearest. */
  readonly location: FieldPosition;
  /** Where it was fielded, in pixels of the feed's diagram: home plate is near (125, 199), 2.5 feet are a pixel. */
  readonly coordX: number;
  readonly coordY: number;
}

export interface HitSpec {
  readonly trajectory: HitTrajectory;
  readonly fielder: FieldPosition;
  readonly isHomeRun: boolean;
  /** The batter's power, 1 is average. */
  readonly power: number;
}

interface Launch {
  readonly speed: readonly [mean: number, deviation: number];
  readonly angle: readonly [low: number, high: number];
  readonly distance: readonly [low: number, high: number];
}

const LAUNCHES: Record<HitTrajectory, Launch> = {
  ground_ball: { speed: [85, 17], angle: [-35, 8], distance: [4, 90] },
  line_drive: { speed: [93, 11], angle: [9, 24], distance: [150, 300] },
  fly_ball: { speed: [91, 10], angle: [26, 50], distance: [240, 370] },
  popup: { speed: [75, 13], angle: [51, 76], distance: [80, 210] },
  bunt_grounder: { speed: [46, 5], angle: [-60, -25], distance: [2, 8] },
};
const HOME_RUN: Launch = { speed: [104, 3], angle: [24, 34], distance: [385, 440] };

/** The sine of the angle from the line to second base (negative: towards third base), and the feet from home plate. */
const PLACES: Record<FieldPosition, { readonly sine: number; readonly feet: number }> = {
  P: { sine: 0, feet: 60 },
  C: { sine: 0, feet: 15 },
  "1B": { sine: 0.6, feet: 105 },
  "2B": { sine: 0.27, feet: 145 },
  "3B": { sine: -0.6, feet: 110 },
  SS: { sine: -0.27, feet: 150 },
  LF: { sine: -0.42, feet: 280 },
  CF: { sine: 0.02, feet: 305 },
  RF: { sine: 0.42, feet: 280 },
};

/** Gives the measures of a batted ball that fit what happened to it. */
export function measureHit(random: RandomSource, spec: HitSpec): HitMeasures {
  const launch = spec.isHomeRun ? HOME_RUN : LAUNCHES[spec.trajectory];
  const speed = Math.min(119, Math.max(30, random.normal(launch.speed[0] + (spec.power - 1) * 8, launch.speed[1])));
  const totalDistance = Math.round(random.between(launch.distance[0], launch.distance[1]));
  const place = PLACES[spec.fielder];
  const sine = Math.min(0.7, Math.max(-0.7, place.sine + random.normal(0, 0.08)));
  const feet = spec.isHomeRun ? totalDistance : place.feet + random.normal(0, place.feet * 0.06);
  const isHard = speed > 100;
  const isSoft = speed < 66 && spec.trajectory !== "line_drive";
  return {
    trajectory: spec.trajectory,
    hardness: isHard ? "hard" : isSoft ? "soft" : "medium",
    launchSpeed: Number(speed.toFixed(1)),
    launchAngle: Math.round(random.between(launch.angle[0], launch.angle[1])),
    totalDistance,
    location: spec.fielder,
    coordX: Number((125.4 + 0.4 * feet * sine).toFixed(2)),
    coordY: Number((199 - 0.4 * feet * Math.sqrt(1 - sine * sine)).toFixed(2)),
  };
}
