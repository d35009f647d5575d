import type { CallReview, Happening } from "./game-record.ts";

/** How a play ended. */
export interface Ending extends Happening {
  readonly isOut: boolean;
  readonly isPlateAppearance: boolean;
  /** Only for an ending that describes itself: on the bases, or an intentional walk. */
  readonly description: string | null;
  /** A challenge of the pitch that ended it. */
  readonly review?: CallReview | null;
}
