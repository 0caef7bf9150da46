import { describe, expect, test } from "vitest";
import { DATES, startIsolate } from "./workers/isolate.ts";

const ALL = `${Array.from({ length: 3_000 }, (_, n) => n + 1).join(" ")} `;

describe.each(DATES)("at compatibility date %s", (compatibilityDate) => {
  const date = compatibilityDate === undefined ? {} : { compatibilityDate };

  test("a session has ended when the response leaves: a body that reads on in it breaks off", async () => {
    const { call, names } = await startIsolate("shop.ts", { ...date, log: /SESSION_CLOSED/ });
    const { answer, received } = call("/rows");
    expect(await answer).toBe(undefined);
    expect(received()).toContain("HTTP/1.1 200");
    expect(await names()).toEqual([1]);
  });

  test("with keepUntilStreamEnds, a body streams rows, and ends when all is committed", async () => {
    const { get, names } = await startIsolate("shop.ts", date);
    expect(await get("/rows?keep")).toEqual({ status: 200, body: ALL });
    expect(await names()).toEqual([1]);
  });

  test("with keepUntilStreamEnds, a commit that fails breaks the body off", async () => {
    const { call, names } = await startIsolate("shop.ts", { ...date, log: /FOREIGN KEY/ });
    const { answer, received } = call("/rows?keep&orphan");
    expect(await answer).toBe(undefined);
    expect(received()).toContain("2999");
    expect(await names()).toEqual([]);
  });

  test("with keepUntilStreamEnds, a client that leaves in the middle ends the session: it is rolled back", async () => {
    const { call, names, stats, until } = await startIsolate("shop.ts", { ...date, pool: { max: 1 } });
    const { received, reset } = call("/rows?keep&slow");
    await until(() => received().length > 100_000);
    reset();
    await until(async () => (await stats()).busy === 0);
    expect(await names()).toEqual([]);
  });

  test("with keepUntilStreamEnds, a client that left before the response began ends the session, also where that is not told", async () => {
    const { call, events, get, names, stats, until } = await startIsolate("shop.ts", { ...date, pool: { max: 1 } });
    const { reset } = call("/rows?keep&wait");
    await until(async () => (await events()).includes("waits"));
    reset();
    await get("/let-go?id=1");
    await until(async () => (await stats()).busy === 0);
    expect(await names()).toEqual([]);
  });
});
