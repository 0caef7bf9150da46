import { describe, expect, test } from "vitest";
import { shared } from "../../../src/index.ts";
import { FakeClock } from "../../kit/fake-clock.ts";
import { openShop, PROFILES } from "./shop.ts";

const numbers = (count: number): string =>
  `WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers) SELECT n FROM numbers LIMIT ${count}`;

describe.each(PROFILES)("at %s", (profile) => {
  test("rows are read as they come: the first is there while the server still sends", async () => {
    let read = 0;
    const counting = async (url: string, init: RequestInit): Promise<Response> => {
      const response = await fetch(url, init);
      if (!url.endsWith("/cursor")) return response;
      const counted = response.body!.pipeThrough(
        new TransformStream<Uint8Array, Uint8Array>({
          transform: (chunk, controller) => {
            read += chunk.length;
            controller.enqueue(chunk);
          },
        }),
      );
      return new Response(counted, response);
    };
    const { db } = await openShop({ server: { profile }, libsql: { fetch: counting } });
    let readAtFirst = 0;
    let sum = 0;
    for await (const { n } of db.stream<{ n: number }>(numbers(20_000), { batchSize: 10 })) {
      readAtFirst ||= read;
      sum += n;
    }
    expect(sum).toBe((20_000 * 20_001) / 2);
    expect(readAtFirst).toBeLessThan(read / 2);
  });

  test("a loop that is left early frees the stream; one in a transaction keeps it", async () => {
    const { db, server, names } = await openShop({ server: { profile } });
    for await (const { n } of db.stream<{ n: number }>(numbers(50_000))) if (n === 3) break;
    expect(await server.open()).toEqual([]);
    await db.session(async (session) => {
      await session.query("INSERT INTO goods VALUES (1, 'tea')");
      for await (const { n } of session.stream<{ n: number }>(numbers(500))) if (n === 3) break;
      await session.query("INSERT INTO goods VALUES (2, 'salt')");
    });
    expect(await names()).toEqual(["tea", "salt"]);
  });

  test("a stream that is cut off in the middle says so, and never ends as if it were whole", async () => {
    const { db, server } = await openShop({ server: { profile } });
    await server.fail({ action: "truncate", path: "cursor" });
    const read = async (): Promise<void> => {
      for await (const row of db.stream(numbers(5_000), { batchSize: 1 })) expect(row).toBeDefined();
    };
    await expect(read()).rejects.toMatchObject({ code: "CONNECTION_LOST" });
    await read();
  });

  test("a statement that cannot be parsed fails its stream as it would fail a query", async () => {
    const { db } = await openShop({ server: { profile } });
    const read = async (): Promise<void> => {
      for await (const row of db.stream("SELEC 1")) expect(row).toBeDefined();
    };
    await expect(read()).rejects.toMatchObject({ code: "QUERY_FAILED", details: { kind: "syntax", position: 0 } });
  });

  test("a stream in a transaction that is gone reads nothing in autocommit", async () => {
    const { db } = await openShop({ server: { profile, txnTimeoutMs: 40 } });
    const work = db.session(async (session) => {
      await session.query("INSERT INTO goods VALUES (1, 'old')");
      await db.autocommit.query("INSERT INTO goods VALUES (2, 'young')");
      for await (const row of session.stream("SELECT * FROM goods")) expect(row).toBeUndefined();
    });
    await expect(work).rejects.toMatchObject({ code: "TRANSACTION_LOST" });
  });
});

/** A fetch that hands out the first part of a cursor's answer, and no more. */
function stalling(): (url: string, init: RequestInit) => Promise<Response> {
  return async (url, init) => {
    const response = await fetch(url, init);
    if (!url.endsWith("/cursor")) return response;
    const reader = response.body!.getReader();
    const body = new ReadableStream<Uint8Array>({
      start: async (controller) => controller.enqueue((await reader.read()).value!),
      pull: () => new Promise((_, reject) => init.signal!.addEventListener("abort", () => reject(init.signal!.reason))),
      cancel: (reason) => reader.cancel(reason),
    });
    return new Response(body, response);
  };
}

describe.each([true, false])("a server that stalls in the middle of a stream (transaction: %s)", (transaction) => {
  const gone = new Error("gone");

  test("keeps nobody who is given up while they wait for rows", async () => {
    const { db } = await openShop({ libsql: { fetch: stalling() } });
    const controller = new AbortController();
    const work = db.session(
      async (session) => {
        if (transaction) await session.query("INSERT INTO goods VALUES (1, 'tea')");
        let rows = 0;
        for await (const _row of session.stream(numbers(50_000), { batchSize: 1 }))
          if (++rows === 1) setImmediate(() => controller.abort(gone));
      },
      { transaction, signal: controller.signal },
    );
    await expect(work).rejects.toBe(gone);
  });

  test("keeps no statement behind it for longer than that may take", async () => {
    const { db } = await openShop({ libsql: { fetch: stalling() } });
    await db.session(
      async (session) => {
        const rows = session.stream(numbers(50_000), { batchSize: 1 })[Symbol.asyncIterator]();
        await rows.next();
        const behind = session.query("SELECT 1", [], { timeoutMs: 50 });
        await expect(behind).rejects.toMatchObject({ code: "QUERY_TIMEOUT" });
        await session.rollback();
        expect((await session.query("SELECT 2 AS two")).rows).toEqual([{ two: 2 }]);
      },
      { transaction },
    );
  });

  test("keeps a session by hand from its end for no longer than a rollback may take", async () => {
    const clock = new FakeClock();
    const { db } = await openShop({
      libsql: { fetch: stalling() },
      database: { runtime: { ...shared(), clock } },
    });
    const session = db.open({ transaction });
    const rows = session.stream(numbers(50_000), { batchSize: 1 })[Symbol.asyncIterator]();
    await rows.next();
    const ending = session[Symbol.asyncDispose]();
    await clock.advance(5_000);
    await ending;
    await expect(rows.next()).rejects.toMatchObject({ code: expect.stringMatching(/SESSION_CLOSED|CONNECTION_LOST/) });
  });
});

test("a stream is opened again when the server has too much to do", async () => {
  const { db, server } = await openShop();
  await server.fail({ action: "status", status: 429, path: "cursor", times: 2 });
  let rows = 0;
  for await (const _row of db.stream(numbers(3))) rows++;
  expect(rows).toBe(3);
});

test("neither does the next stream, when the first was told that the transaction is gone and nobody cared", async () => {
  const { db } = await openShop({ server: { txnTimeoutMs: 40 } });
  const told: unknown[] = [];
  const work = db.session(async (session) => {
    await session.query("INSERT INTO goods VALUES (1, 'old')");
    await db.autocommit.query("INSERT INTO goods VALUES (2, 'young')");
    for (let attempt = 0; attempt < 2; attempt++) {
      try {
        for await (const row of session.stream("SELECT * FROM goods")) told.push(row);
      } catch (error) {
        told.push((error as { code: string }).code);
      }
    }
    throw new Error("mine");
  });
  await expect(work).rejects.toThrow("mine");
  expect(told).toEqual(["TRANSACTION_LOST", "TRANSACTION_LOST"]);
});
