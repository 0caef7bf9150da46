import { describe, expect, test } from "vitest";
import { DATES, idsAt, startIsolate } from "./workers/isolate.ts";

describe.each(DATES)("at compatibility date %s, with the platform's waitUntil", (date) => {
  const dated = date === undefined ? {} : { compatibilityDate: date };

  test("a session of its own ends as well when its client leaves", async () => {
    const { call, events, get, server, stats, until } = await startIsolate("by-itself.ts", dated);
    const { reset } = call("/?id=1");
    await until(async () => (await events()).includes("began 1"));
    reset();
    await get("/let-go?id=1");
    await until(async () => (await stats()).busy === 0);
    expect(await idsAt(server.url)).toEqual([1]);
  });

  test("whoever waits for too long is told by a timer of its own, while the others go on", async () => {
    const { call, events, get, until } = await startIsolate("by-itself.ts", dated);
    const first = call("/?id=1");
    await until(async () => (await events()).includes("began 1"));
    const [code, details] = JSON.parse((await get("/?id=2")).body) as [string, object];
    expect(code).toBe("POOL_TIMEOUT");
    expect(details).toMatchObject({ max: 1, busy: 1 });
    expect(first.received()).toBe("");
    await get("/let-go?id=1");
    expect((await first.answer)?.body).toBe('"done"');
  });
});
