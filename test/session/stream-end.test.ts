// FOUND: a loop over a stream that went on while its session ended took a new connection and kept it.

import { describe, expect, test } from "vitest";
import type { DriverConnection, RowStream } from "../../src/contract/adapter.ts";
import { type Session, shared } from "../../src/index.ts";
import { FakeClock, settle } from "../kit/fake-clock.ts";
import type { FakeAdapter, FakeConnection } from "../kit/fake-adapter.ts";
import { byNow, deferred, fakeDatabase } from "../kit/fake-database.ts";

const gone = new Error("the client has gone");

const slowly = async (): Promise<void> => {
  for (let turn = 0; turn < 3; turn++) await settle();
};

const RETURNS: readonly (readonly [string, () => void | Promise<void>])[] = [
  ["at once", () => undefined],
  ["in a microtask", async () => undefined],
  ["after some time", slowly],
];

interface Watched {
  readonly log: string[];
  returned: number;
}

/** Every connection streams without end; what is done with a stream that was returned is noted. */
function endless(adapter: FakeAdapter, whenReturned: RowStream["return"]): Watched {
  const watched: Watched = { log: [], returned: 0 };
  const open = adapter.connections.push.bind(adapter.connections);
  adapter.connections.push = (...connections: (FakeConnection & Pick<DriverConnection, "stream">)[]) => {
    for (const connection of connections) {
      connection.stream = () => {
        let count = 0;
        let isReturned = false;
        return {
          next: async () => {
            if (isReturned) watched.log.push("next() after return()");
            if (connection.isClosed) watched.log.push("next() on a closed connection");
            return { done: false, value: { columns: ["n"], rows: [[++count]] } };
          },
          return: () => {
            isReturned = true;
            watched.returned++;
            return whenReturned();
          },
        };
      };
    }
    return open(...connections);
  };
  return watched;
}

/** Reads two rows, then the next `hops` microtasks after the session's ROLLBACK was answered. */
async function read(session: Session, rolledBack: Promise<void>, hops: number): Promise<number> {
  let rows = 0;
  for await (const _row of session.stream("all", { batchSize: 1 })) {
    if (++rows > 100) throw new Error("read from a session that has ended");
    if (rows !== 2) continue;
    await rolledBack;
    for (let hop = 0; hop < hops; hop++) await Promise.resolve();
  }
  return rows;
}

describe.each(RETURNS)("of a stream whose driver returns %s", (_how, whenReturned) => {
  test.each(["closed by hand", "aborted"] as const)(
    "the rows end with the session that is %s, whenever the loop asks for more",
    async (how) => {
      for (let hops = 0; hops < 30; hops++) {
        const rolledBack = deferred();
        const { db, adapter } = fakeDatabase(
          {},
          { pool: { max: 1 }, onEvent: ({ type }) => type === "rollback" && rolledBack.resolve() },
        );
        const watched = endless(adapter, whenReturned);
        const controller = new AbortController();
        let reading: Promise<unknown> | undefined;
        if (how === "aborted") {
          const work = db.session((s) => (reading = read(s, rolledBack.promise, hops)), { signal: controller.signal });
          await settle();
          controller.abort(gone);
          await expect(work).rejects.toBe(gone);
        } else {
          const session = db.open();
          reading = read(session, rolledBack.promise, hops);
          reading.catch(() => undefined);
          await settle();
          await session.close("rollback");
        }
        await expect(reading).rejects.toMatchObject({ code: "SESSION_CLOSED" });
        expect(watched).toEqual({ log: [], returned: 1 });
        expect(adapter.opens).toBe(1);
        expect(adapter.flights).toEqual(["1: begin", "1: rollback"]);
        expect(db.stats()).toMatchObject({ busy: 0, idle: 1, waiting: 0 });
      }
    },
  );
});

test("a stream that is opened in the moment in which its session ends is returned", async () => {
  for (let hops = 0; hops < 20; hops++) {
    const { db, adapter } = fakeDatabase();
    const controller = new AbortController();
    const watched = endless(adapter, () => undefined);
    let opened = 0;
    const work = db.session(
      async (s) => {
        await s.query("one");
        const connection = adapter.connections[0] as Pick<DriverConnection, "stream">;
        const stream = connection.stream!.bind(connection);
        connection.stream = (...asked) => {
          opened++;
          void (async () => {
            for (let hop = 0; hop < hops; hop++) await Promise.resolve();
            controller.abort(gone);
          })();
          return stream(...asked);
        };
        for await (const _row of s.stream("all")) await Promise.resolve();
      },
      { signal: controller.signal },
    );
    await expect(work).rejects.toBe(gone);
    await settle();
    expect(watched).toEqual({ log: [], returned: opened });
  }
});

test("a ROLLBACK that is lost beside a stream leaves nothing lent, and the loop ends", async () => {
  const gate = deferred();
  const { db, adapter } = fakeDatabase(
    {
      script: async (text) => {
        if (text !== "rollback") return undefined;
        await gate.promise;
        return { lost: "unknown" };
      },
    },
    { pool: { max: 1 } },
  );
  const watched = endless(adapter, () => undefined);
  const session = db.open();
  const rows = session.stream("all", { batchSize: 1 })[Symbol.asyncIterator]();
  await rows.next();
  const closing = session.close(null);
  const more = rows.next();
  more.catch(() => undefined);
  await settle();
  gate.resolve();
  await closing;
  await expect(more).rejects.toMatchObject({ code: "SESSION_CLOSED" });
  await db.autocommit.query("another");
  expect(watched.log).toEqual([]);
  expect(adapter.flights).toEqual(["1: begin", "1: rollback", "2: another"]);
});

test("next() after return() gives no more rows, and reads nothing", async () => {
  const { db, adapter } = fakeDatabase();
  const watched = endless(adapter, () => undefined);
  await db.session(async (s) => {
    const rows = s.stream("all", { batchSize: 1 })[Symbol.asyncIterator]();
    await rows.next();
    await rows.return!();
    expect(await rows.next()).toEqual({ done: true, value: undefined });
  });
  expect(watched).toEqual({ log: [], returned: 1 });
});

test("the connection is not pooled while a batch is still being fetched on it", async () => {
  const gate = deferred();
  const { db, adapter } = fakeDatabase(
    { script: async (text) => (text === "all" ? gate.promise.then(() => undefined) : undefined) },
    { pool: { max: 1 } },
  );
  const session = db.open({ transaction: false });
  const rows = session.stream("all")[Symbol.asyncIterator]();
  const first = rows.next();
  first.catch(() => undefined);
  await settle();
  const closing = session.close(null);
  const other = db.autocommit.query("other");
  await settle();
  expect(adapter.flights).toEqual(["1: stream all"]);
  gate.resolve();
  await Promise.all([closing, other]);
  await expect(first).rejects.toMatchObject({ code: "SESSION_CLOSED" });
  expect(adapter.flights.slice(0, 2)).toEqual(["1: stream all", "1: stream returned"]);
});

test.each(Array.from({ length: 12 }, (_, hops) => [hops]))(
  "a session that is given up %i microtasks behind the COMMIT of reconnect() keeps its connection until its streams have ended",
  async (hops) => {
    const controller = new AbortController();
    const { db, adapter } = fakeDatabase(
      {
        script: async (text) => {
          if (text !== "commit") return undefined;
          void (async () => {
            for (let at = 0; at < hops; at++) await Promise.resolve();
            controller.abort(gone);
          })();
          return undefined;
        },
      },
      { pool: { max: 1 } },
    );
    const gate = deferred();
    endless(adapter, () => gate.promise);
    const work = db.session(
      async (s) => {
        const rows = s.stream("all", { batchSize: 1 })[Symbol.asyncIterator]();
        await rows.next();
        await s.reconnect();
      },
      { signal: controller.signal },
    );
    work.catch(() => undefined);
    await slowly();
    const next = db.autocommit.query("next");
    await slowly();
    expect(adapter.flights).not.toContain("1: next");
    gate.resolve();
    await Promise.allSettled([work]);
    await next;
  },
);

test("a stream that gives no answer to its end keeps its session for 5 s at most; its connection is closed then", async () => {
  const clock = new FakeClock();
  const { db, adapter } = fakeDatabase({}, { runtime: { ...shared(), clock } });
  const watched = endless(adapter, () => new Promise<void>(() => undefined));
  const work = db.session(async (s) => {
    await s.stream("all")[Symbol.asyncIterator]().next();
    return "done";
  });
  await clock.advance(4_999);
  expect(await byNow(work)).toBe("pending");
  await clock.advance(1);
  expect(await byNow(work)).toBe("done");
  await settle();
  expect(watched).toEqual({ log: [], returned: 1 });
  expect(adapter.log).toEqual(["open 1", "1: begin", "1: commit", "close 1"]);
  expect(clock.timers).toBe(0);
});
