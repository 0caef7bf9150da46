import { describe, expect, test } from "vitest";
import { DATES, type Isolate, startIsolate } from "./workers/isolate.ts";

// The server forgets nothing by itself while the isolate's clock goes forward.
const start = (date: string | undefined): Promise<Isolate> =>
  startIsolate("bad-days.ts", {
    server: { expirationMs: 600_000, txnTimeoutMs: 600_000 },
    pool: { max: 1, acquireTimeoutMs: 300_000 },
    ...(date !== undefined && { compatibilityDate: date, compatibilityFlags: ["nodejs_als"] }),
  });

describe.each(DATES)("at compatibility date %s", (date) => {
  test("what a handler holds that never settles is given up after half a minute, and closed at the server", async () => {
    const { call, get, names, server, stats, until } = await start(date);
    const hung = call("/hang?id=1");
    await until(async () => (await server.open()).some(({ isWriter }) => isWriter));
    const next = call("/order?id=2");
    await until(async () => (await stats()).waiting === 1);
    await get("/later?ms=29000");
    expect(await stats()).toMatchObject({ busy: 1, waiting: 1 });
    await get("/later?ms=2000");
    expect(await next.answer).toEqual({ status: 200, body: "done" });
    expect(await server.open()).toEqual([expect.objectContaining({ isInTransaction: false })]);
    // When it goes on after all, it is told that nothing of its work is there.
    await get("/let-go");
    expect(await hung.answer).toEqual({ status: 500, body: expect.stringMatching(/CONNECTION_LOST.*not-executed/) });
    expect(await names()).toEqual([2]);
  });

  test("a handler that goes on with its transaction keeps it for as long as it works", async () => {
    const { call, get, names, stats, until } = await start(date);
    const working = call("/work?id=1&count=100");
    await until(async () => (await stats()).flights > 3);
    const next = call("/order?id=2");
    for (const _ of [1, 2, 3]) {
      const { flights } = await stats();
      await get("/later?ms=25000");
      await until(async () => (await stats()).flights > flights + 2);
    }
    expect(await working.answer).toEqual({ status: 200, body: "done" });
    expect(await next.answer).toEqual({ status: 200, body: "done" });
    expect(await names()).toEqual([1, 2]);
    expect(await stats()).toMatchObject({ closed: { broken: 0 } });
  });
});
