/** How a kind of pitch flies: the means around which single pitches vary. */
export interface PitchType {
  readonly description: string;
  /** Share of the pitcher's fastball speed. */
  readonly speedShare: number;
  /** Break against a spinless pitch, inches: towards the pitcher's arm side, and upwards. */
  readonly armSideBreak: number;
  readonly inducedRise: number;
  /** Revolutions per minute. */
  readonly spinRate: number;
  readonly spinDirection: number;
  readonly trailColor: string;
}

export const PITCH_TYPE_CODES = ["FF", "SI", "FC", "SL", "ST", "CH", "FS", "CU", "KC"] as const;
export type PitchTypeCode = (typeof PITCH_TYPE_CODES)[number];

export const PITCH_TYPES: Readonly<Record<PitchTypeCode, PitchType>> = {
  FF: pitchType("Four-Seam Fastball", 1, 7, 16, 2300, 205, "rgba(188, 0, 33, 1.0)"),
  SI: pitchType("Sinker", 0.99, 14, 8, 2150, 230, "rgba(50, 0, 221, 1.0)"),
  FC: pitchType("Cutter", 0.95, -2, 9, 2350, 190, "rgba(152, 0, 101, 1.0)"),
  SL: pitchType("Slider", 0.91, -5, 2, 2420, 150, "rgba(0, 0, 254, 1.0)"),
  ST: pitchType("Sweeper", 0.88, -14, 1, 2550, 75, "rgba(50, 50, 50, 1.0)"),
  CH: pitchType("Changeup", 0.905, 14, 6, 1750, 240, "rgba(0, 85, 254, 1.0)"),
  FS: pitchType("Splitter", 0.92, 10, 3, 1400, 235, "rgba(119, 0, 152, 1.0)"),
  CU: pitchType("Curveball", 0.84, -9, -10, 2500, 40, "rgba(0, 34, 255, 1.0)"),
  KC: pitchType("Knuckle Curve", 0.86, -6, -11, 2450, 35, "rgba(153, 171, 0, 1.0)"),
};

function pitchType(
  description: string,
  speedShare: number,
  armSideBreak: number,
  inducedRise: number,
  spinRate: number,
  spinDirection: number,
  trailColor: string,
): PitchType {
  return { description, speedShare, armSideBreak, inducedRise, spinRate, spinDirection, trailColor };
}
