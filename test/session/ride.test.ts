// COMMIT leaves with the lazy queries that the work returned, and nothing else is different.

import { AsyncLocalStorage } from "node:async_hooks";
import { expect, expectTypeOf, test } from "vitest";
import { asyncLocal, DbError, isDbError, type Session } from "../../src/index.ts";
import { queryFailed, type Script } from "../kit/fake-adapter.ts";
import { deferred, fakeDatabase } from "../kit/fake-database.ts";

const numbered: Script = (text) => ({ columns: ["text"], rows: [[text]] });

test("a query that a plain function returns leaves with BEGIN and COMMIT", async () => {
  const { db, adapter, events } = fakeDatabase({ script: numbered });
  const calls: string[] = [];
  const rows = await db.session((s) => {
    s.onCommit(() => void calls.push("commit"));
    s.onRollback(() => void calls.push("rollback"));
    return s.sql<{ text: string }>`one`;
  });
  expect(rows).toEqual([{ text: "one" }]);
  expect(await db.session(() => db.sql`ambient`)).toEqual([{ text: "ambient" }]);
  expect(await db.transaction((s) => s.sql`two`)).toEqual([{ text: "two" }]);
  expect(adapter.flights).toEqual(["one", "ambient", "two"].map((text) => `1: begin | ${text} | commit`));
  expect(calls).toEqual(["commit"]);
  const told = events.map(({ type }) => type).filter((type) => ["begin", "commit", "rollback", "end"].includes(type));
  expect(told).toEqual(["begin", "commit", "end", "begin", "commit", "end", "begin", "commit", "end"]);
});

test("a list of queries is one flight, each with its own rows, whoever returns it", async () => {
  const { db, adapter } = fakeDatabase({ script: numbered });
  const plain = await db.session((s) => [s.sql<{ text: "a" }>`a`, s.sql<{ text: "b" }>`b`]);
  expectTypeOf(plain).toEqualTypeOf<[{ text: "a" }[], { text: "b" }[]]>();
  expect(plain).toEqual([[{ text: "a" }], [{ text: "b" }]]);
  const late = await db.session(async (s) => {
    await s.query("first");
    return ["c", "d"].map((text) => s.sql<{ text: string }>`${s.sql.raw(text)}`);
  });
  expectTypeOf(late).toEqualTypeOf<{ text: string }[][]>();
  expect(late).toEqual([[{ text: "c" }], [{ text: "d" }]]);
  expect(adapter.flights).toEqual(["1: begin | a | b | commit", "1: begin | first", "1: c | d | commit"]);
});

test("a list runs where there is nothing to commit as well", async () => {
  const { db, adapter } = fakeDatabase({ script: numbered });
  const work = (s: Session) => [s.sql`a`, s.sql`b`];
  const rows = [[{ text: "a" }], [{ text: "b" }]];
  expect(await db.session(work, { transaction: false })).toEqual(rows);
  expect(await db.session(work, { timeoutMs: 1_000_000 })).toEqual(rows);
  expect(await db.session((s) => s.transaction(work, { propagation: "nested" }))).toEqual(rows);
  expect(await db.session((s) => s.transaction(work))).toEqual(rows);
  expect(adapter.flights).toEqual([
    "1: a | b",
    "1: begin | a | b",
    "1: commit",
    "1: begin | savepoint isopool_1 | a | b",
    "1: release isopool_1 | commit",
    "1: begin | a | b",
    "1: commit",
  ]);
});

test("what was returned and is not a list of lazy queries comes back as it is", async () => {
  const { db } = fakeDatabase({ script: numbered });
  const other = db.sql`elsewhere`;
  const asked = await db.session((s) => {
    const query = s.sql`one`;
    void query.then();
    return [query, 5] as const;
  });
  expect(asked[1]).toBe(5);
  expect(await db.session(() => [other])).toEqual([other]);
  expect(await db.session(() => [])).toEqual([]);
  expectTypeOf(await db.session(() => JSON.parse("1"))).toBeAny();
  expectTypeOf(await db.session(async () => 1)).toEqualTypeOf<number>();
});

test("a transaction in a plain session ends with its query; a deadline is kept apart from COMMIT", async () => {
  const { db, adapter } = fakeDatabase();
  await db.session((s) => s.transaction((inner) => inner.sql`one`), { transaction: false });
  await db.session((s) => s.sql`two`, { timeoutMs: 1_000_000 });
  const session = db.open({ transaction: false, timeoutMs: 1_000_000 });
  await session.transaction((inner) => inner.sql`three`);
  await session.close();
  await db.session((s) => s.sql`four`, { signal: new AbortController().signal });
  expect(adapter.flights).toEqual([
    "1: begin | one | commit",
    "1: begin | two",
    "1: commit",
    "1: begin | three",
    "1: commit",
    "1: begin | four | commit",
  ]);
});

const turns = async (count: number): Promise<void> => {
  for (let turn = 0; turn < count; turn++) await Promise.resolve();
};

test.each([0, 1, 2, 3, 5, 9])("what is asked %i microtasks later is ahead of COMMIT", async (hops) => {
  const { db, adapter } = fakeDatabase();
  await db.session((s) => {
    void turns(hops).then(() => s.query("later"));
    return s.sql`last`;
  });
  expect(adapter.flights.at(-1)).toBe("1: commit");
  expect(adapter.flights.join()).toMatch(/begin.*later/);
});

test("what is asked while COMMIT is in the air is refused, and kept out of the next transaction", async () => {
  const flying = deferred();
  const landing = deferred();
  const { db, adapter } = fakeDatabase({
    script: async (text) => {
      if (text !== "last") return undefined;
      flying.resolve();
      await landing.promise;
      return undefined;
    },
  });
  let late: Promise<unknown> | undefined;
  await db.session((s) => {
    late = flying.promise.then(async () => {
      const asked = s.query("late").catch((error: unknown) => error);
      landing.resolve();
      return asked;
    });
    return s.sql`last`;
  });
  expect(isDbError(await late, "SESSION_CLOSED")).toBe(true);
  expect(adapter.flights).toEqual(["1: begin | last | commit"]);
});

test("a query that is awaited by others too does not carry COMMIT: they may ask for more", async () => {
  const { db, adapter } = fakeDatabase();
  const begun = (s: Session, when: (then: () => void) => void) => {
    const query = s.sql`last`;
    when(() => void query.then(() => s.query("more")));
    return query;
  };
  await db.session((s) => begun(s, (then) => then()));
  await db.session((s) => begun(s, (then) => queueMicrotask(then)));
  await db.session((s) => begun(s, (then) => void turns(6).then(then)));
  await db.session((s) => {
    const query = s.sql`last`;
    void turns(3).then(() => query.first().then(() => s.query("more")));
    return query;
  });
  expect(adapter.flights).toEqual(Array.from({ length: 4 }, () => ["1: begin | last", "1: more", "1: commit"]).flat());
});

test("parts, savepoints, streams and a close that are under way keep COMMIT back", async () => {
  const { db, adapter } = fakeDatabase();
  await db.session((s) => {
    void s.transaction(async (inner) => void (await inner.query("inner")), { propagation: "nested" });
    return s.sql`last`;
  });
  expect(adapter.flights.at(-1)).toMatch(/commit$/);
  expect(adapter.flights.join()).toMatch(/inner.*commit/);
  const undecided = db.session(async (s) => {
    await s.savepoint();
    return [s.sql`last`];
  });
  await expect(undecided).rejects.toMatchObject({ code: "PROPAGATION_REFUSED" });
  expect(adapter.flights.at(-1)).toMatch(/rollback$/);
  await db
    .session((s) => {
      void s.close();
      return s.sql`last`;
    })
    .catch(() => undefined);
  await db
    .session((s) => {
      s.transaction(() => Promise.reject(new Error("swallowed"))).catch(() => undefined);
      return turns(2).then(() => [s.sql`last`]);
    })
    .catch((error: unknown) => expect(isDbError(error, "ROLLBACK_ONLY")).toBe(true));
  expect(adapter.flights.filter((each) => each.includes("last") && each.includes("commit"))).toEqual([]);
});

test("its own failure is the caller's error, and nothing is kept", async () => {
  const error = queryFailed("unique");
  const { db, adapter } = fakeDatabase({ script: (text) => (text === "bad" ? { error } : undefined) });
  const calls: string[] = [];
  const work = (s: Session, texts: string[]) => {
    s.onCommit(() => void calls.push("commit"));
    s.onRollback(() => void calls.push("rollback"));
    return texts.map((text) => s.sql`${s.sql.raw(text)}`);
  };
  await expect(db.session((s) => s.sql`bad`)).rejects.toBe(error);
  await expect(db.session((s) => work(s, ["good", "bad", "behind"]))).rejects.toBe(error);
  expect(calls).toEqual(["rollback"]);
  expect(adapter.flights).toEqual([
    "1: begin | bad | commit",
    "1: rollback",
    "1: begin | good | bad | behind | commit",
    "1: rollback",
  ]);
});

test("a query that cannot be sent is refused without COMMIT for the others", async () => {
  const { db, adapter } = fakeDatabase();
  const result = db.session(async (s) => {
    await s.query("first");
    return [s.sql`good`, s.sql`commit`];
  });
  await expect(result).rejects.toMatchObject({ code: "TRANSACTION_STATEMENT" });
  await expect(db.session((s) => s.sql`commit`)).rejects.toMatchObject({ code: "TRANSACTION_STATEMENT" });
  expect(adapter.flights).toEqual(["1: begin | first", "1: good", "1: rollback"]);
});

test("a COMMIT that fails is the caller's error, and what can be tried again is", async () => {
  const busy = new DbError(
    "QUERY_FAILED",
    "lost the race",
    { kind: "conflict", sql: "", dialectCode: "40001" } as never,
    {
      retryable: true,
      outcome: "not-executed",
    },
  );
  let tries = 0;
  const { db, adapter } = fakeDatabase({
    script: (text) => (text === "commit" && ++tries === 1 ? { error: busy, state: "transaction" } : undefined),
  });
  await db.session((s) => s.sql`one`, { retry: { retries: 1, delayMs: 0 } });
  expect(adapter.flights).toEqual(["1: begin | one | commit", "1: rollback", "1: begin | one | commit"]);
  tries = 0;
  await expect(db.session((s) => s.sql`one`)).rejects.toBe(busy);
});

test("an answer that is lost leaves the outcome unknown, and nothing is sent again", async () => {
  const { db, adapter } = fakeDatabase({ script: (text) => (text === "one" ? { lost: "unknown" } : undefined) });
  const calls: string[] = [];
  const failure = await db
    .session(
      (s) => {
        s.onCommit(() => void calls.push("commit"));
        s.onRollback(() => void calls.push("rollback"));
        return s.sql`one`;
      },
      { retry: 3 },
    )
    .catch((error: unknown) => error);
  expect(isDbError(failure, "COMMIT_UNKNOWN") && failure.outcome).toBe("unknown");
  expect(calls).toEqual([]);
  expect(adapter.flights).toEqual(["1: begin | one | commit"]);
});

test("what died before it was sent goes on another connection, with COMMIT", async () => {
  let deaths = 0;
  const { db, adapter } = fakeDatabase({
    script: (text) => (text === "one" && ++deaths === 1 ? { lost: "not-executed" } : undefined),
  });
  await db.query("warm");
  await db.session((s) => s.sql`one`);
  expect(adapter.flights).toEqual(["1: warm", "1: begin | one | commit", "2: begin | one | commit"]);
});

test("an abort while COMMIT is in the air says that the outcome is unknown", async () => {
  const flying = deferred();
  const { db } = fakeDatabase({
    script: async (text) => {
      if (text !== "one") return undefined;
      flying.resolve();
      return new Promise(() => undefined);
    },
  });
  const controller = new AbortController();
  const result = db.session((s) => s.sql`one`, { signal: controller.signal });
  await flying.promise;
  controller.abort(new Error("gone"));
  const failure = await result.catch((error: unknown) => error);
  expect(isDbError(failure, "COMMIT_UNKNOWN") && failure.cause).toMatchObject({ message: "gone" });
});

test("an abort before it leaves is the reason itself, and nothing was sent", async () => {
  const { db, adapter } = fakeDatabase();
  const controller = new AbortController();
  const result = db.session((s) => (controller.abort(new Error("gone")), s.sql`one`), { signal: controller.signal });
  await expect(result).rejects.toThrow("gone");
  expect(adapter.flights).toEqual([]);
});

test.each(["select 1 as a, 2 as a", "select * from a, b", "select * from a join b", "update a set b = 1 returning *"])(
  "%s may give rows that are refused: COMMIT waits",
  async (text) => {
    const { db, adapter } = fakeDatabase({
      script: (each) => (each === text ? { columns: ["a", "a"], rows: [[1, 2]] } : undefined),
    });
    await expect(db.session((s) => s.sql`${s.sql.raw(text)}`)).rejects.toMatchObject({ code: "QUERY_FAILED" });
    expect(adapter.flights.at(-1)).toBe("1: rollback");
  },
);

test.each([
  "select count(*) as n from a",
  "select * from a where b = 1",
  "insert into a values (1)",
  "update a set b = 1 returning id, b",
])("COMMIT leaves with %s", async (text) => {
  const { db, adapter } = fakeDatabase();
  await db.session((s) => s.sql`${s.sql.raw(text)}`);
  expect(adapter.flights).toEqual([`1: begin | ${text} | commit`]);
});

test("the stack of what fails names the lines that wait for it", async () => {
  const { db } = fakeDatabase(
    { script: (text) => (text === "bad" ? { error: queryFailed("unique") } : undefined) },
    { context: asyncLocal(AsyncLocalStorage) },
  );
  async function transfer(): Promise<void> {
    await db.session((s) => s.sql`bad`);
  }
  const failure = await transfer().catch((error: Error) => error);
  expect((failure as Error).stack).toMatch(/transfer/);
});

test("COMMIT leaves with them also where a stream was read to its end before", async () => {
  const { db, adapter } = fakeDatabase({ script: numbered });
  await db.session(async (s) => {
    for await (const _row of s.stream("all")) await Promise.resolve();
    return [s.sql`last`];
  });
  expect(adapter.flights.at(-1)).toBe("1: last | commit");
});
