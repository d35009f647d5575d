import type { JsonObject } from "../json-value.ts";

/**
 * Gives a writer that remembers what it wrote of each thing, for as long as the thing lives: most of a feed is the same from state
 * to state. For things that never change; what else the writer is given has to be the same whenever the thing is.
 */
export function writtenOnce<Thing extends object, Rest extends readonly unknown[]>(
  write: (thing: Thing, ...rest: Rest) => JsonObject,
): (thing: Thing, ...rest: Rest) => JsonObject {
  const written = new WeakMap<Thing, JsonObject>();
  return (thing, ...rest) => {
    const known = written.get(thing);
    if (known !== undefined) return known;
    const object = write(thing, ...rest);
    written.set(thing, object);
    return object;
  };
}
