/** What time it is. Injected, so that tests say it. */
export interface Clock {
  now(): Date;
}

export const systemClock: Clock = { now: () => new Date() };
