// A commit() keeps what was asked ahead of it, and no more; and not every command waits for a turn.

import { expect, test } from "vitest";
import { settle } from "../kit/fake-clock.ts";
import { byNow, deferred, fakeDatabase } from "../kit/fake-database.ts";

test("what is asked behind a commit() that waits for a part stays behind it, in the session and in its parts", async () => {
  const { db, adapter } = fakeDatabase();
  const gate = deferred();
  await db.session(async (s) => {
    const ahead = s.transaction(async (tx) => {
      await tx.query("ahead");
      await gate.promise;
      await tx.query("still ahead");
    });
    await settle();
    const asked = [
      s.commit(),
      s.query("behind"),
      s.transaction((tx) => tx.query("in a part")),
      s.transaction((tx) => tx.transaction((inner) => inner.query("deeper"))),
    ];
    expect(await byNow(Promise.race(asked))).toBe("pending");
    gate.resolve();
    await Promise.all([ahead, ...asked]);
  });
  expect(adapter.flights).toEqual([
    "1: begin | ahead",
    "1: still ahead",
    "1: commit",
    ...["1: begin | behind", "1: in a part", "1: deeper", "1: commit"],
  ]);
});

test("a connection is there at once, also while a part has its turn", async () => {
  const { db, adapter } = fakeDatabase();
  const session = db.open();
  const part = await session.savepoint();
  await part.query("one");
  expect(await byNow(session.getConnection())).not.toBe("pending");
  await part.release();
  await session.close();
  expect(adapter.flights).toEqual(["1: begin | savepoint isopool_1 | one", "1: release isopool_1 | commit"]);
});

test("a stream reads on while a savepoint inside its transaction is open, and waits for a transaction that it is not in", async () => {
  const { db } = fakeDatabase({
    script: (text) => (text === "all" ? { columns: ["n"], rows: [[1], [2]] } : undefined),
  });
  for (const transaction of [undefined, false] as const) {
    const session = db.open({ transaction });
    const rows = session.stream("all", { batchSize: 1 })[Symbol.asyncIterator]();
    expect(await rows.next()).toMatchObject({ value: { n: 1 } });
    const part = await session.savepoint();
    await part.query("one");
    const second = rows.next();
    expect(await byNow(second)).toEqual(transaction === false ? "pending" : { done: false, value: { n: 2 } });
    await part.release();
    expect(await second).toMatchObject({ value: { n: 2 } });
    await session.close();
  }
});
