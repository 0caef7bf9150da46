// FOUND: two setConnection() of one connection at once both bound it.

import { describe, expect, test } from "vitest";
import type { Connection } from "../../src/index.ts";
import { settle } from "../kit/fake-clock.ts";
import { deferred, fakeDatabase, type FakeDatabase } from "../kit/fake-database.ts";

async function detached({ db }: FakeDatabase): Promise<Connection> {
  const session = db.open();
  await session.getConnection();
  const connection = session.detach();
  await session.close();
  return connection;
}

describe.each([true, false])("with runHooks: %s", (runHooks) => {
  test("of two sessions that bind one connection at once, one has it and the other is refused", async () => {
    const gate = deferred();
    let isSlow = false;
    const fake = fakeDatabase({}, { afterConnection: async () => void (isSlow && (await gate.promise)) });
    const { db, adapter } = fake;
    const connection = await detached(fake);
    isSlow = true;
    const sessions = [db.open(), db.open()];
    const binding = sessions.map((session) => session.setConnection(connection, { runHooks }));
    const both = Promise.allSettled(binding);
    await settle();
    gate.resolve();
    isSlow = false;
    const results = await both;
    expect(results.map(({ status }) => status)).toEqual(["fulfilled", "rejected"]);
    expect(results[1]).toMatchObject({ reason: expect.any(TypeError) });
    await sessions[0]!.query("one");
    await sessions[1]!.query("other");
    for (const session of sessions) await session.close();
    expect(adapter.flights).toEqual(["1: begin | one", "2: begin | other", "1: commit", "2: commit"]);
    await connection.close();
  });

  test("one that was refused, or failed, leaves the connection free for the next", async () => {
    let isBroken = false;
    const fake = fakeDatabase(
      {},
      {
        afterConnection: () => {
          if (isBroken) throw new Error("boom");
        },
      },
    );
    const { db } = fake;
    const connection = await detached(fake);
    const [first, second] = [db.open(), db.open()];
    isBroken = runHooks;
    await first.setConnection(connection, { runHooks }).catch(() => undefined);
    isBroken = false;
    await first.setConnection(null);
    await second.setConnection(connection, { runHooks });
    await second.close();
    await first.close();
    await connection.close();
  });
});

test("a session that ends while its setConnection() waits leaves the connection free", async () => {
  const gate = deferred();
  const fake = fakeDatabase({ script: async (text) => void (text === "slow" && (await gate.promise)) });
  const { db } = fake;
  const connection = await detached(fake);
  const session = db.open();
  const slow = session.query("slow");
  slow.catch(() => undefined);
  await settle();
  const binding = session.setConnection(connection);
  binding.catch(() => undefined);
  await settle();
  const closing = session.close(null);
  gate.resolve();
  await closing;
  await expect(binding).rejects.toMatchObject({ code: "SESSION_CLOSED" });
  await connection.query("mine again");
  await connection.close();
});

test("setConnection() of the connection that the session has already rolls back, and keeps it", async () => {
  const fake = fakeDatabase();
  const { db, adapter } = fake;
  const connection = await detached(fake);
  await db.session(async (s) => {
    await s.setConnection(connection);
    await s.query("one");
    await s.setConnection(connection);
    await s.query("two");
  });
  expect(adapter.flights).toEqual(["1: begin | one", "1: rollback", "1: begin | two", "1: commit"]);
  await connection.close();
});
