import { AsyncLocalStorage } from "node:async_hooks";
import { expect, test } from "vitest";
import { asyncLocal, type CloseAction, closeAllInstances } from "../../src/index.ts";
import { queryFailed } from "../kit/fake-adapter.ts";
import { fakeDatabase } from "../kit/fake-database.ts";

test.each([
  [undefined, "commit"],
  ["commit", "commit"],
  ["rollback", "rollback"],
  [null, "rollback"],
] as const)(
  "closeAllInstances(%j) ends every session that is current here, of every database, with %s",
  async (action, settled) => {
    const [one, other] = [fakeDatabase(), fakeDatabase()];
    const bystander = one.db.open();
    await bystander.query("bystander");
    await one.db.session(() =>
      other.db.session(async () => {
        await one.db.query("a");
        await other.db.query("b");
        await closeAllInstances(action);
        await expect(one.db.query("late")).rejects.toMatchObject({ code: "SESSION_CLOSED" });
      }),
    );
    expect(one.adapter.flights).toEqual(["1: begin | bystander", "2: begin | a", `2: ${settled}`]);
    expect(other.adapter.flights).toEqual(["1: begin | b", `1: ${settled}`]);
    await bystander.close();
  },
);

test("databases that share a context, and sessions inside sessions, are all found", async () => {
  const context = asyncLocal(AsyncLocalStorage);
  const [one, other] = [fakeDatabase({}, { context }), fakeDatabase({}, { context })];
  await one.db.session(async () => {
    await one.db.query("outer");
    await other.db.session(async () => {
      await other.db.query("other");
      await one.db.session(async () => {
        await one.db.query("inner");
        await closeAllInstances();
      });
    });
  });
  expect(one.adapter.flights.filter((line) => line.endsWith("commit"))).toEqual(["2: commit", "1: commit"]);
  expect(other.adapter.flights).toEqual(["1: begin | other", "1: commit"]);
});

test("one that fails stops none of the others: an AggregateError tells at the end, and all are closed", async () => {
  const errors = ["first", "third"].map((name) => queryFailed("other", name));
  const fakes = [errors[0], undefined, errors[1]].map((error) =>
    fakeDatabase({ script: (text) => (text === "commit" && error ? { error, state: "transaction" } : undefined) }),
  );
  const [one, two, three] = fakes as [(typeof fakes)[0], (typeof fakes)[0], (typeof fakes)[0]];
  await one.db.session(() =>
    two.db.session(() =>
      three.db.session(async () => {
        for (const { db } of fakes) await db.query("insert");
        const failure = await closeAllInstances().catch((error: unknown) => error);
        expect(failure).toBeInstanceOf(AggregateError);
        expect(new Set((failure as AggregateError).errors)).toEqual(new Set(errors));
        expect((failure as Error).message).toContain("2 of 3");
      }),
    ),
  );
  expect(two.adapter.flights.at(-1)).toBe("1: commit");
  for (const { db } of fakes) expect(db.stats()).toMatchObject({ busy: 0 });
  expect(fakes.map(({ adapter }) => adapter.openConnections)).toEqual([0, 1, 0]);
});

test("a callable is called with each session that has a connection", async () => {
  const [one, other] = [fakeDatabase(), fakeDatabase()];
  const seen: unknown[] = [];
  await one.db.session((mine) =>
    other.db.session(async () => {
      await mine.query("a");
      await closeAllInstances((session) => {
        seen.push(session);
        return session.commit();
      });
      expect(seen).toEqual([mine]);
    }),
  );
  expect(one.adapter.flights).toEqual(["1: begin | a", "1: commit"]);
});

test("inside a nested transaction it is the session around it that is closed", async () => {
  const { db, adapter } = fakeDatabase();
  await db.session(async () => {
    await db.query("outer");
    // What the inner transaction did is rolled back with its session, and it must not report anything else.
    const inner = db.transaction(() => closeAllInstances("rollback"), { propagation: "nested" });
    await expect(inner).rejects.toMatchObject({ code: "SESSION_CLOSED" });
    await expect(db.query("late")).rejects.toMatchObject({ code: "SESSION_CLOSED" });
  });
  expect(adapter.flights).toEqual(["1: begin | outer", "1: rollback"]);
});

test("outside of any session it does nothing, whatever is open elsewhere", async () => {
  const { db, adapter } = fakeDatabase();
  const session = db.open();
  await session.query("one");
  await closeAllInstances();
  expect(adapter.flights).toEqual(["1: begin | one"]);
  await session.close();
});

test("an unknown action is a TypeError, and nothing is closed", async () => {
  const { db } = fakeDatabase();
  await db.session(async (s) => {
    await s.query("one");
    const failure = await closeAllInstances("comit" as CloseAction).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(TypeError);
    expect((failure as Error).message).toContain("comit");
    await s.query("two");
  });
});

test("a database that ends unused, or twice, takes no other of its context out of sight", async () => {
  const context = asyncLocal(AsyncLocalStorage);
  const [one, other] = [fakeDatabase({}, { context }), fakeDatabase({}, { context })];
  await one.db.session(async () => {
    await one.db.query("a");
    await other.db.dispose();
    await other.db.dispose();
    await closeAllInstances();
    await expect(one.db.query("late")).rejects.toMatchObject({ code: "SESSION_CLOSED" });
  });
  expect(one.adapter.flights).toEqual(["1: begin | a", "1: commit"]);
});

// FOUND: they were no longer looked for, and what was to be rolled back was committed.
test("the sessions that still run when their database is disposed of are found", async () => {
  class Storage<T> extends AsyncLocalStorage<T> {}
  const { db, adapter } = fakeDatabase({}, { context: asyncLocal(Storage) });
  let disposing: Promise<void> | undefined;
  await db.session(async () => {
    await db.query("a");
    disposing = db.dispose();
    await closeAllInstances("rollback");
  });
  expect(adapter.flights).toEqual(["1: begin | a", "1: rollback"]);
  await disposing;
  const { contexts } = (globalThis as never)[Symbol.for("isopool.instances.2")] as { contexts: Map<unknown, number> };
  expect(contexts.has(db.context), "its context is looked into no longer").toBe(false);
});
