import type { LateFigure, Play, PlayEvent } from "../game/game-record.ts";
import type { RandomSource } from "../random-source.ts";

/** What the tracking system settles only when it goes over a whole game again. */
const UNTIL_REWRITTEN: ReadonlySet<LateFigure> = new Set(["classification"]);

type Delays = ReadonlyMap<LateFigure, number>;

/** In how many states of the feed each figure of an event is missing: one or two, if it is late at all. */
function drawDelays(random: RandomSource, event: PlayEvent): Delays {
  const states = (): number => (random.chance(0.8) ? 1 : 2);
  switch (event.kind) {
    case "pitch":
      return new Map<LateFigure, number>([
        ["extension", states()],
        ["spin", random.chance(0.2) ? states() : 0],
        ["endTime", random.chance(0.1) ? states() : 0],
      ]);
    case "pickoff":
    case "stepoff":
    case "no_pitch":
      return new Map<LateFigure, number>([["playId", random.chance(0.6) ? states() : 0]]);
    case "action":
      return new Map<LateFigure, number>([["endTime", random.chance(0.2) ? states() : 0]]);
  }
}

function withPending(event: PlayEvent, pending: ReadonlySet<LateFigure>): PlayEvent {
  return { ...event, pending };
}

/** A play as the feed tells it while the game goes on, before it is rewritten: other angles of the breaks, a later end. */
function asFirstWritten(random: RandomSource, play: Play): Play {
  const events = play.events.map((event): PlayEvent => {
    if (event.kind !== "pitch") return event;
    const { measures } = event;
    const breakAngle = Number((measures.breakAngle + random.between(-3, 3)).toFixed(1));
    return { ...event, measures: { ...measures, breakAngle }, pending: UNTIL_REWRITTEN };
  });
  return { ...play, events, endTime: play.endTime + random.integer(400, 6000) };
}

/** The plays of a game in the form that they have while it goes on. */
export class PlaysAsSeen {
  readonly #plays: readonly Play[];
  readonly #delays: readonly (readonly Delays[])[];
  /** For each event, the first state that had it. */
  readonly #births = new Map<PlayEvent, number>();

  constructor(random: RandomSource, plays: readonly Play[]) {
    this.#plays = plays.map((play) => asFirstWritten(random.fork(`play ${play.index}`), play));
    this.#delays = this.#plays.map((play) => play.events.map((event, i) => drawDelays(random.fork(`delay ${play.index} ${i}`), event)));
  }

  /** Gives play `index` in the `state`-th state, in which its first `eventCount` events are known. */
  play(index: number, eventCount: number, state: number): Play {
    const play = this.#plays[index];
    if (play === undefined) throw new RangeError(`there is no play ${index}`);
    let isChanged = false;
    const events = play.events.map((event, i) => {
      if (i >= eventCount) return event;
      const birth = this.#births.get(event) ?? state;
      this.#births.set(event, birth);
      const late = [...(this.#delays[index]?.[i] ?? [])].filter(([, delay]) => state - birth < delay).map(([figure]) => figure);
      if (late.length === 0) return event;
      isChanged = true;
      return withPending(event, new Set([...event.pending, ...late]));
    });
    return isChanged ? { ...play, events } : play;
  }
}
