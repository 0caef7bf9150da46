import { describe, expect, onTestFinished, test } from "vitest";
import { type RunningServer, startLibsqlServer } from "../servers/libsql/libsql-server.ts";
import { createGoods, DATES, type Isolate, idsAt, startIsolate } from "./workers/isolate.ts";

interface Ends extends Isolate {
  readonly second: RunningServer;
  /** What each of the two databases has. */
  kept(): Promise<[number[], number[]]>;
}

async function start(date: string | undefined, log = /^$/): Promise<Ends> {
  const second = await startLibsqlServer();
  await createGoods(second.url);
  const isolate = await startIsolate("ends.ts", {
    bindings: { SECOND_URL: second.url },
    compatibilityFlags: ["service_binding_extra_handlers"],
    isExperimental: true,
    log,
    ...(date !== undefined && { compatibilityDate: date }),
  });
  // Asked before the isolate's own end, which closes both of its databases.
  onTestFinished(async () => {
    expect((await second.open()).filter(({ isInTransaction }) => isInTransaction)).toEqual([]);
    await second.stop();
  });
  return { ...isolate, second, kept: async () => [await idsAt(isolate.server.url), await idsAt(second.url)] };
}

const UNCAUGHT = /thrown by the handler|FOREIGN KEY/;

describe.each(DATES)("at compatibility date %s", (date) => {
  test("what a handler did is committed before its response leaves, in every database", async () => {
    const { get, kept } = await start(date);
    for (const id of [1, 2, 3]) {
      expect(await get(`/?id=${id}`)).toEqual({ status: 200, body: "done" });
      expect((await kept()).map((ids) => ids.includes(id))).toEqual([true, true]);
    }
  });

  test("a handler that throws, or answers with a failure of its own, leaves nothing behind", async () => {
    const { get, kept } = await start(date, UNCAUGHT);
    expect((await get("/?id=1&throw")).status).toBe(500);
    expect(await get("/?id=2&status=503")).toEqual({ status: 503, body: "done" });
    // A refusal is an answer like any other.
    expect(await get("/?id=3&status=404")).toEqual({ status: 404, body: "done" });
    expect(await kept()).toEqual([[3], [3]]);
  });

  test("a commit that fails is a 500, and rolls back the databases behind it", async () => {
    const { get, kept } = await start(date, UNCAUGHT);
    expect((await get("/?id=1&fails=first")).status).toBe(500);
    expect(await kept()).toEqual([[], []]);
    // What was committed before it is there to stay.
    expect((await get("/?id=2&fails=second")).status).toBe(500);
    expect(await kept()).toEqual([[2], []]);
    expect(await get("/?id=3")).toEqual({ status: 200, body: "done" });
  });

  test("a scheduled event and a queue's batch are sessions as well: a failure rolls back, and is told", async () => {
    const { get, kept } = await start(date);
    expect((await get("/scheduled?id=4")).body).toContain('"outcome":"ok"');
    expect((await get("/scheduled?id=13")).body).toContain('"outcome":"exception"');
    expect((await get("/queue?id=5,6")).body).toContain('"outcome":"ok"');
    expect((await get("/queue?id=7,13")).body).toContain('"outcome":"exception"');
    expect(await kept()).toEqual([[4, 5, 6], []]);
  });

  test("a function of env makes the databases once, and what is no handler of events stays as it is", async () => {
    const { get } = await start(date);
    for (const id of [1, 2]) await get(`/?id=${id}`);
    await get("/scheduled?id=3");
    expect((await get("/describe")).body).toBe('["left as it is",1]');
  });
});
