import { describe, expect, test } from "vitest";
import { DATES, startIsolate } from "./workers/isolate.ts";

describe.each(DATES)("at compatibility date %s", (compatibilityDate) => {
  const date = compatibilityDate === undefined ? {} : { compatibilityDate };

  test("a thousand requests of one isolate are answered over five streams, in one flight each", async () => {
    const { get, server, stats } = await startIsolate("shop.ts", date);
    const { streamsOpened: before } = await server.counts();
    const bodies = new Map<string, number>();
    let next = 0;
    const client = async (): Promise<void> => {
      while (next++ < 1_000) {
        const { status, body } = await get("/query");
        const told = `${status} ${body}`;
        bodies.set(told, (bodies.get(told) ?? 0) + 1);
      }
    };
    await Promise.all(Array.from({ length: 40 }, client));
    expect(Object.fromEntries(bodies)).toEqual({ '200 [{"one":1}]': 1_000 });
    const { streamsOpened: after, mostOpen } = await server.counts();
    const streamsOpened = after - before;
    expect(streamsOpened).toBeLessThanOrEqual(5);
    expect(mostOpen).toBeLessThanOrEqual(5);
    const requests = await server.requests();
    expect(requests.map(({ sql }) => sql)).toEqual(Array.from({ length: 1_000 }, () => ["SELECT 1 AS one"]));
    expect(await stats()).toMatchObject({ opened: streamsOpened, open: streamsOpened, busy: 0, waiting: 0 });
  });
});
