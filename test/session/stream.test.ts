import { expect, test } from "vitest";
import type { DriverConnection, StreamOptions } from "../../src/contract/adapter.ts";
import type { Statement } from "../../src/contract/statement.ts";
import type { Session } from "../../src/index.ts";
import type { FakeAdapter, FakeConnection } from "../kit/fake-adapter.ts";
import { fakeDatabase } from "../kit/fake-database.ts";

const script = (text: string) => (text === "all" ? { columns: ["n"], rows: [[1], [2], [3], [4], [5]] } : undefined);

test("rows come one by one, fetched in batches, and other statements may run in between", async () => {
  const { db, adapter } = fakeDatabase({ script });
  const seen: unknown[] = [];
  await db.session(async (s) => {
    for await (const row of s.stream("all", { batchSize: 2 })) {
      seen.push(row);
      if (seen.length === 2) await s.query("between");
    }
  });
  expect(seen).toEqual([{ n: 1 }, { n: 2 }, { n: 3 }, { n: 4 }, { n: 5 }]);
  expect(adapter.flights).toEqual(["1: begin", "1: stream all", "1: between", "1: stream returned", "1: commit"]);
});

test("leaving the loop early frees the stream", async () => {
  const { db, adapter } = fakeDatabase({ script });
  for await (const _row of db.stream("all", { batchSize: 2 })) break;
  expect(adapter.flights).toEqual(["1: stream all", "1: stream returned"]);
  expect(db.stats().idle).toBe(1);
});

test("a stream that outlives its session ends with a typed error", async () => {
  const { db, adapter } = fakeDatabase({ script });
  const rows = await db.session(async (s) => {
    const stream = s.stream("all", { batchSize: 1 })[Symbol.asyncIterator]();
    await stream.next();
    return stream;
  });
  expect(adapter.flights).toContain("1: stream returned");
  await expect(rows.next()).rejects.toMatchObject({ code: "SESSION_CLOSED" });
});

test("a batch size that is none is a TypeError", async () => {
  const { db } = fakeDatabase({ script });
  const read = async () => {
    for await (const _row of db.stream("all", { batchSize: 0 })) break;
  };
  await expect(read()).rejects.toThrow(/`batchSize` to be an integer >= 1, got `0`/);
});

/** A stream whose second batch does not come until its signal says why. */
async function stuck(session: Session, adapter: FakeAdapter): Promise<string[]> {
  const log: string[] = [];
  await session.getConnection();
  const [connection] = adapter.connections as [FakeConnection & Pick<DriverConnection, "stream">];
  let reads = 0;
  connection.stream = (_statement: Statement, { signal }: StreamOptions) => ({
    next: async () => {
      if (++reads === 1) return { done: false, value: { columns: ["n"], rows: [[1]] } };
      return new Promise((_, reject) => signal?.addEventListener("abort", () => reject(signal.reason)));
    },
    return: () => void log.push("returned"),
  });
  return log;
}

test("a stream that fails to end does not fail its session, nor keep the others from their end", async () => {
  const { db, adapter } = fakeDatabase();
  const ended: number[] = [];
  await db.session(async (s) => {
    await s.getConnection();
    const [connection] = adapter.connections as [FakeConnection & Pick<DriverConnection, "stream">];
    let count = 0;
    connection.stream = () => {
      const number = ++count;
      return {
        next: async () => ({ done: false, value: { columns: ["n"], rows: [[number]] } }),
        return: () => {
          ended.push(number);
          throw new Error("too late");
        },
      };
    };
    for (const text of ["one", "two"]) await s.stream(text)[Symbol.asyncIterator]().next();
  });
  expect(ended).toEqual([1, 2]);
  expect(db.stats()).toMatchObject({ idle: 1 });
});

test.each([
  ["the session's signal", (controller: AbortController) => ({ session: { signal: controller.signal }, stream: {} })],
  ["its own signal", (controller: AbortController) => ({ session: {}, stream: { signal: controller.signal } })],
] as const)("a batch that does not come is given up by %s, and nothing hangs", async (_whose, toOptions) => {
  const { db, adapter } = fakeDatabase();
  const controller = new AbortController();
  const options = toOptions(controller);
  const reason = new Error("gone");
  let log: string[] = [];
  const work = db.session(async (s) => {
    log = await stuck(s, adapter);
    for await (const row of s.stream("all", options.stream)) {
      expect(row).toEqual({ n: 1 });
      setImmediate(() => controller.abort(reason));
    }
  }, options.session);
  await expect(work).rejects.toBe(reason);
  expect(log).toEqual(["returned"]);
});

test("rows that are asked for all at once come in order, each once, and then the end", async () => {
  const { db } = fakeDatabase({ script });
  for (const batchSize of [1, 2, 5, 100]) {
    await db.session(async (s) => {
      const rows = s.stream("all", { batchSize })[Symbol.asyncIterator]();
      const steps = await Promise.all(Array.from({ length: 7 }, () => rows.next()));
      expect(steps.map(({ value }) => (value as { n: number } | undefined)?.n)).toEqual([
        1,
        2,
        3,
        4,
        5,
        undefined,
        undefined,
      ]);
    });
  }
});

test("a row that was fetched is dropped by return(), and a failure is that of the step that met it", async () => {
  let isBroken = false;
  const { db, adapter } = fakeDatabase({
    script: (text) => (isBroken && text === "all" ? { error: new Error("boom") } : script(text)),
  });
  await db.session(async (s) => {
    const left = s.stream("all", { batchSize: 3 })[Symbol.asyncIterator]();
    await left.next();
    await left.return!();
    expect(await left.next()).toEqual({ done: true, value: undefined });
    const rows = s.stream("all", { batchSize: 2 })[Symbol.asyncIterator]();
    await rows.next();
    isBroken = true;
    const [second, third, fourth] = await Promise.allSettled([rows.next(), rows.next(), rows.next()]);
    expect(second).toMatchObject({ status: "fulfilled", value: { value: { n: 2 } } });
    expect(third).toMatchObject({ status: "rejected", reason: { message: "boom" } });
    expect(fourth).toMatchObject({ status: "fulfilled", value: { done: true } });
  });
  expect(adapter.flights.filter((line) => line.endsWith("stream returned"))).toHaveLength(2);
});

test("an adapter that cannot stream says so, and the session goes on", async () => {
  const { db, adapter } = fakeDatabase();
  await db.session(async (s) => {
    await s.getConnection();
    Object.assign(adapter.connections[0]!, { stream: undefined });
    await expect(s.stream("all")[Symbol.asyncIterator]().next()).rejects.toMatchObject({
      code: "TRANSACTION_UNSUPPORTED",
      message: expect.stringContaining("fake cannot stream: use query()"),
      details: { adapter: "fake", wanted: "streams" },
      outcome: "not-executed",
    });
    await s.query("one");
  });
  expect(adapter.flights.at(-1)).toBe("1: commit");
});

test("a stream of the session is read on while a nested transaction is under way", async () => {
  const { db, adapter } = fakeDatabase({ script });
  await db.session(async (s) => {
    const rows = s.stream("all", { batchSize: 2 })[Symbol.asyncIterator]();
    await rows.next();
    await s.transaction(
      async (inner) => {
        await inner.query("one");
        const steps = [await rows.next(), await rows.next()];
        expect(steps.map(({ value }) => value as unknown)).toEqual([{ n: 2 }, { n: 3 }]);
      },
      { propagation: "nested" },
    );
    await rows.return!();
  });
  expect(adapter.flights).toEqual([
    ...["1: begin", "1: stream all", "1: savepoint isopool_1 | one"],
    ...["1: stream returned", "1: release isopool_1 | commit"],
  ]);
});
