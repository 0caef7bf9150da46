import { describe, expect, test } from "vitest";
import { DATES, type Isolate, type IsolateOptions, startIsolate } from "./workers/isolate.ts";

/** Resolves when the server has got a statement that begins so. */
async function seen({ server, until }: Isolate, sql: string): Promise<void> {
  await until(async () =>
    (await server.requests()).some((request) => request.sql.some((text) => text.startsWith(sql))),
  );
}

async function quiet({ stats, until }: Isolate): Promise<void> {
  await until(async () => {
    const { busy, waiting, opening } = await stats();
    return busy + waiting + opening === 0;
  });
}

describe.each(DATES)("at compatibility date %s", (compatibilityDate) => {
  const date: IsolateOptions = compatibilityDate === undefined ? {} : { compatibilityDate };
  // Only from 2026-11-17 on does a request tell that its client has left.
  const isTold = compatibilityDate === undefined;

  test("a client that leaves in the middle of a transaction leaves no connection behind", async () => {
    const isolate = await startIsolate("shop.ts", { ...date, pool: { max: 1 } });
    const { reset } = isolate.call("/order?id=1&hold");
    await seen(isolate, "INSERT");
    reset();
    if (isTold) await quiet(isolate);
    await isolate.get("/let-go?id=1");
    await quiet(isolate);
    // It is rolled back at once where it is told; else it runs to its end.
    expect(await isolate.names()).toEqual(isTold ? [] : [1]);
    await isolate.until(async () => (await isolate.events()).includes("finally 1"));
    expect((await isolate.server.open()).every(({ isInTransaction }) => !isInTransaction)).toBe(true);
    expect(await isolate.get("/order?id=2")).toEqual({ status: 200, body: '[{"name":"goods 2"}]' });
  });

  test("a client that leaves while its statement is on its way leaves no connection behind", async () => {
    const isolate = await startIsolate("shop.ts", { ...date, server: { latencyMs: 300 }, pool: { max: 1 } });
    const { reset } = isolate.call("/order?id=1");
    await isolate.until(async () => (await isolate.events()).includes("began 1"));
    reset();
    await quiet(isolate);
    expect(await isolate.names()).toEqual(isTold ? [] : [1]);
    expect(await isolate.get("/order?id=2")).toEqual({ status: 200, body: '[{"name":"goods 2"}]' });
  });

  test("a client that leaves during its commit leaves no connection behind", async () => {
    const isolate = await startIsolate("shop.ts", { ...date, server: { latencyMs: 40 }, pool: { max: 1 } });
    const { reset } = isolate.call("/order?id=1");
    // It is told after the last statement: the commit has just left.
    await isolate.until(async () => (await isolate.events()).includes("finally 1"));
    reset();
    await quiet(isolate);
    // Whether it took effect nobody can know.
    expect([[], [1]]).toContainEqual(await isolate.names());
    expect(await isolate.get("/order?id=2")).toEqual({ status: 200, body: '[{"name":"goods 2"}]' });
  });

  test("clients that leave the line hold up nobody behind them", async () => {
    const isolate = await startIsolate("shop.ts", { ...date, pool: { max: 1 } });
    const first = isolate.call("/order?id=1&hold");
    await seen(isolate, "INSERT");
    const leaving = [2, 3, 4].map((id) => isolate.call(`/order?id=${id}`));
    await isolate.until(async () => (await isolate.stats()).waiting === 3);
    const last = isolate.call("/order?id=5");
    await isolate.until(async () => (await isolate.stats()).waiting === 4);
    for (const { reset } of leaving) reset();
    if (isTold) await isolate.until(async () => (await isolate.stats()).waiting === 1);
    await isolate.get("/let-go?id=1");
    expect(await first.answer).toMatchObject({ status: 200 });
    expect(await last.answer).toMatchObject({ status: 200 });
    await quiet(isolate);
    expect(await isolate.names()).toEqual(isTold ? [1, 5] : [1, 2, 3, 4, 5]);
  });

  test("without withSession(), whoever was cut off in line holds up nobody for long", async () => {
    const pool = { max: 1, acquireTimeoutMs: 3_000 };
    const isolate = await startIsolate("shop.ts", { ...date, pool, log: /^$|different request context/ });
    const first = isolate.call("/order?id=1&hold");
    await seen(isolate, "INSERT");
    const gone = isolate.call("/careless?id=2");
    await isolate.until(async () => (await isolate.stats()).waiting === 1);
    gone.reset();
    const last = isolate.call("/order?id=3");
    await isolate.until(async () => (await isolate.stats()).waiting === 2);
    await isolate.get("/let-go?id=1");
    expect(await first.answer).toMatchObject({ status: 200 });
    expect(await last.answer).toMatchObject({ status: 200 });
    // Its place is forgotten when its time in line is over.
    await quiet(isolate);
  });

  // Before, the platform does not tell: it is missing for 30 seconds.
  describe.skipIf(compatibilityDate === "2024-09-01").each([
    { where: "between two statements", latencyMs: 0, lostStreams: 0 },
    // Nobody has heard what their streams are called: the server ends them by itself.
    { where: "with the first on its way", latencyMs: 300, lostStreams: 2 },
  ])("without withSession(), in a transaction, $where", ({ latencyMs, lostStreams }) => {
    test("whoever was cut off has its connection no longer, and all is rolled back", async () => {
      const pool = { max: 1, acquireTimeoutMs: 5_000 };
      const log = /^isopool: nothing keeps this session alive.+\n$/;
      const isolate = await startIsolate("shop.ts", { ...date, pool, server: { latencyMs }, lostStreams, log });
      for (const id of [1, 2]) {
        const gone = isolate.call(`/careless?id=${id}&insert&pause=3600000`);
        const begun = latencyMs === 0 ? "inserted" : "began";
        await isolate.until(async () => (await isolate.events()).includes(`${begun} ${id}`));
        const waiting = isolate.call("/query");
        await isolate.until(async () => (await isolate.stats()).waiting === 1);
        gone.reset();
        expect(await waiting.answer).toMatchObject({ status: 200 });
        await quiet(isolate);
        await isolate.server.forgetRequests();
      }
      expect(await isolate.names()).toEqual([]);
      expect(await isolate.stats()).toMatchObject({ closed: { broken: 2 } });
    });
  });
});
