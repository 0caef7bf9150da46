import { describe, expect, test } from "vitest";
import { DATES, type Isolate, startIsolate } from "./workers/isolate.ts";

const start = (date: string | undefined): Promise<Isolate> =>
  startIsolate("bad-days.ts", {
    ...(date !== undefined && { compatibilityDate: date, compatibilityFlags: ["nodejs_als"] }),
  });

/** The platform's own words, and that nothing was executed. */
const TOLD = [
  "CONNECT_FAILED",
  expect.stringContaining("Too many subrequests by single Worker invocation"),
  "not-executed",
  false,
];

describe.each(DATES)("at compatibility date %s, a request over its limit of subrequests", (date) => {
  // The BEGIN and the first statement, or nothing at all, leave before it.
  test.each([1, 0])("is told why, after %s of them, and costs the others nothing", async (count) => {
    const { get, names, server, stats, until } = await start(date);
    await get("/warm?count=4");
    const refused = await get(`/order?id=1&subrequests=${count}`);
    expect([refused.status, JSON.parse(refused.body)]).toEqual([500, TOLD]);
    const { closed, opened } = await stats();
    expect({ stale: closed.stale, broken: closed.broken, opened }).toEqual({ stale: 0, broken: count, opened: 4 });
    // What it could not close is closed by the next request.
    expect(await get("/order?id=2")).toEqual({ status: 200, body: "done" });
    await until(async () => (await server.open()).length === 4 - count);
    expect((await server.open()).filter(({ isInTransaction }) => isInTransaction)).toEqual([]);
    expect(await names()).toEqual([2]);
    expect((await stats()).opened).toBe(4);
  });

  test("is told why by a lone statement too, whose connection stays as it was", async () => {
    const { get, server, stats } = await start(date);
    await get("/warm?count=2");
    const refused = await get("/order?id=1&lone&subrequests=1");
    expect([refused.status, JSON.parse(refused.body)]).toEqual([500, TOLD]);
    expect(await stats()).toMatchObject({ open: 2, idle: 2, opened: 2 });
    expect(await server.open()).toHaveLength(2);
  });
});
