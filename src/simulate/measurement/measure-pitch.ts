import type { Hand, Player } from "../league/player.ts";
import type { RandomSource } from "../random-source.ts";
import { PITCH_TYPES } from "./pitch-type.ts";
import type { PitchTypeCode } from "./pitch-type.ts";

/** Where a pitch is to cross the plate: in the zone, just outside of it, in the dirt, or at the batter. */
export type PitchTarget = "zone" | "edge" | "dirt" | "batter";

/** Position (feet), velocity (feet/s) and acceleration (feet/s²) when 50 feet from the plate, as the feed gives them. */
export interface Trajectory {
  readonly x0: number;
  readonly y0: number;
  readonly z0: number;
  readonly vX0: number;
  readonly vY0: number;
  readonly vZ0: number;
  readonly aX: number;
  readonly aY: number;
  readonly aZ: number;
}

export interface PitchMeasures {
  readonly type: PitchTypeCode;
  readonly typeConfidence: number;
  /** mph, at release and at the plate. */
  readonly startSpeed: number;
  readonly endSpeed: number;
  readonly strikeZoneTop: number;
  readonly strikeZoneBottom: number;
  readonly trajectory: Trajectory;
  /** Where it crosses the plate, feet from its middle and above the ground (catcher's view). */
  readonly pX: number;
  readonly pZ: number;
  /** Movement over the last 40 feet, inches. */
  readonly pfxX: number;
  readonly pfxZ: number;
  /** 1–9 inside the strike zone, 11–14 outside. */
  readonly zone: number;
  /** Seconds from 50 feet to the plate. */
  readonly plateTime: number;
  /** Feet in front of the rubber at release. */
  readonly extension: number;
  readonly breakAngle: number;
  readonly breakLength: number;
  readonly breakVertical: number;
  readonly breakVerticalInduced: number;
  readonly breakHorizontal: number;
  readonly spinRate: number;
  readonly spinDirection: number;
}

const GRAVITY = 32.174;
const FEET_PER_SECOND_PER_MPH = 5280 / 3600;
const PLATE_Y = 17 / 12;
const HALF_PLATE = 0.83;

function round(value: number, digits: number): number {
  return Number(value.toFixed(digits));
}

function chooseTarget(random: RandomSource, target: PitchTarget, top: number, bottom: number, batSide: Hand): { pX: number; pZ: number } {
  const middle = (top + bottom) / 2;
  switch (target) {
    case "zone":
      return { pX: random.between(-0.78, 0.78), pZ: random.between(bottom + 0.05, top - 0.05) };
    case "edge": {
      const side = random.chance(0.5) ? 1 : -1;
      return random.chance(0.55)
        ? { pX: side * random.between(0.9, 1.7), pZ: random.normal(middle, 0.7) }
        : { pX: random.normal(0, 0.5), pZ: side > 0 ? random.between(top + 0.05, top + 0.8) : random.between(bottom - 0.9, bottom - 0.05) };
    }
    case "dirt":
      return { pX: random.normal(0, 0.8), pZ: random.between(-0.4, 0.5) };
    case "batter":
      return { pX: (batSide === "L" ? 1 : -1) * random.between(1.9, 2.7), pZ: random.between(1.5, 4.5) };
  }
}

function zoneOf(pX: number, pZ: number, top: number, bottom: number): number {
  const column = Math.floor(((pX + HALF_PLATE) / (2 * HALF_PLATE)) * 3);
  const row = Math.floor(((top - pZ) / (top - bottom)) * 3);
  if (column >= 0 && column < 3 && row >= 0 && row < 3) return row * 3 + column + 1;
  return (pZ > (top + bottom) / 2 ? 11 : 13) + (pX > 0 ? 1 : 0);
}

/** Chooses a kind of pitch out of the pitcher's and flies it, at constant acceleration, to where it should cross the plate. */
export function measurePitch(random: RandomSource, pitcher: Player, batter: Player, batSide: Hand, target: PitchTarget): PitchMeasures {
  const skill = pitcher.pitching;
  const arsenal = skill?.arsenal ?? ["FF"];
  const type = random.chance(0.3) ? "FF" : random.pick(arsenal);
  const kind = PITCH_TYPES[type];
  const armSide = pitcher.throws === "R" ? -1 : 1;

  const strikeZoneTop = batter.strikeZoneTop + random.between(-0.08, 0.08);
  const strikeZoneBottom = batter.strikeZoneBottom + random.between(-0.06, 0.06);
  const { pX, pZ } = chooseTarget(random, target, strikeZoneTop, strikeZoneBottom, batSide);

  const startSpeed = round((skill?.velocity ?? 80) * kind.speedShare + random.normal(0, 0.9), 1);
  const vY0 = -startSpeed * FEET_PER_SECOND_PER_MPH * 0.9905;
  const aY = 27 + (startSpeed - 90) * 0.42 + random.normal(0, 0.9);
  const y0 = 50 + random.normal(0, 0.004);
  const plateTime = (-vY0 - Math.sqrt(vY0 * vY0 - 2 * aY * (y0 - PLATE_Y))) / aY;

  const armSideBreak = random.normal(kind.armSideBreak, 1.6);
  const inducedRise = random.normal(kind.inducedRise, 1.5);
  // Displacement is half the acceleration times the square of the time; breaks are inches.
  const accelerationPerInch = 2 / (12 * plateTime * plateTime);
  const aX = armSide * armSideBreak * accelerationPerInch;
  const aZ = inducedRise * accelerationPerInch - GRAVITY;
  const x0 = armSide * random.normal(1.7, 0.2);
  const z0 = random.normal(5.9, 0.12);
  const vX0 = (pX - x0 - 0.5 * aX * plateTime * plateTime) / plateTime;
  const vZ0 = (pZ - z0 - 0.5 * aZ * plateTime * plateTime) / plateTime;
  const vYPlate = vY0 + aY * plateTime;

  const lateTime = plateTime * 0.735;
  const lastFortyFeet = 0.5 * lateTime * lateTime * 12;
  const pfxX = aX * lastFortyFeet;
  const gravityDrop = 0.5 * GRAVITY * plateTime * plateTime * 12;
  return {
    type,
    typeConfidence: round(random.between(0.84, 0.94), 2),
    startSpeed,
    endSpeed: round(-vYPlate / FEET_PER_SECOND_PER_MPH, 1),
    strikeZoneTop,
    strikeZoneBottom,
    trajectory: { x0, y0, z0, vX0, vY0, vZ0, aX, aY, aZ },
    pX,
    pZ,
    pfxX,
    pfxZ: (aZ + GRAVITY) * lastFortyFeet,
    zone: zoneOf(pX, pZ, strikeZoneTop, strikeZoneBottom),
    plateTime,
    extension: random.normal(6.5, 0.2),
    breakAngle: round(Math.abs(pfxX) * 7.2, 1),
    breakLength: round(Math.max(0.2, 8.3 - 0.3 * inducedRise), 1),
    breakVertical: round(inducedRise - gravityDrop, 1),
    breakVerticalInduced: round(inducedRise, 1),
    breakHorizontal: round(-armSide * armSideBreak, 1),
    spinRate: Math.round(random.normal(kind.spinRate, 70)),
    spinDirection: Math.round(pitcher.throws === "R" ? kind.spinDirection : 360 - kind.spinDirection) + random.integer(-8, 8),
  };
}
