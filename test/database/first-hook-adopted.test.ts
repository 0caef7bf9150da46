import { expect, test } from "vitest";
import { fakeDatabase } from "../kit/fake-database.ts";

test("a first hook whose queued statements never left, on a connection of one's own, is run for the next connection at once", async () => {
  const { db, adapter } = fakeDatabase({}, { afterFirstConnection: (connection) => connection.queue("schema") });
  const own = await db.session(async (session) => {
    await session.getConnection();
    return session.detach();
  });
  await db.session((session) => session.setConnection(own, { runHooks: true }));
  await db.session((session) => session.query("insert"));
  expect(adapter.flights).toEqual(["2: schema | begin | insert", "2: commit"]);
  await own.close();
});
