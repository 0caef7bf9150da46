import { describe, expect, test } from "vitest";
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
