import { expect, test } from "vitest";
import { SmallPlatform, openDatabase } from "./small-platform.ts";

test("of work that fails and leaves a store that cannot be let go, the first error is told", async () => {
  await using platform = await SmallPlatform.open();
  await platform.execute("CREATE TABLE store.thing (id INTEGER)");
  await using database = await openDatabase();
  const connection = await database.connect();
  const work = platform.store.whileAttached(connection, async () => {
    // A transaction that is never ended is in the way of DETACH.
    await connection.run("BEGIN TRANSACTION");
    await connection.run("INSERT INTO store.thing VALUES (1)");
    throw new Error("what went wrong");
  });
  await expect(work).rejects.toThrow("what went wrong");
});
