import { describe, expect, test } from "vitest";
import { DATES, type Isolate, startIsolate } from "./workers/isolate.ts";

/** With AsyncLocalStorage for the Worker's own use. */
const FLAGS = { compatibilityFlags: ["nodejs_als"] };

const start = (date: string | undefined): Promise<Isolate> =>
  startIsolate("bad-days.ts", { ...(date === undefined ? {} : { ...FLAGS, compatibilityDate: date }) });

describe.each(DATES)("at compatibility date %s", (date) => {
  test.each(["/rows?", "/rows?lone", ...(date === undefined ? ["/read?ms=1", "/read?ms=0", "/read?lone&ms=1"] : [])])(
    "a client that leaves in mid-stream costs no connection but its own: %s",
    async (path) => {
      const { call, events, get, server, stats, until } = await start(date);
      expect(await get("/warm?count=4")).toMatchObject({ status: 200 });
      await until(async () => (await stats()).idle === 4);
      const { received, reset } = call(path);
      await until(async () => (await events()).includes("reads") || received().length > 100_000);
      reset();
      await until(async () => (await stats()).busy === 0);
      const { closed, idle, opened } = await stats();
      expect({ stale: closed.stale, opened, left: idle + closed.broken }).toEqual({ stale: 0, opened: 4, left: 4 });
      // What was given up is closed at the server too, and the others are used again.
      await until(async () => (await server.open()).length <= idle);
      expect((await server.open()).filter(({ isInTransaction }) => isInTransaction)).toEqual([]);
      expect(await get("/order?id=2")).toEqual({ status: 200, body: "done" });
      expect((await stats()).opened).toBe(4);
    },
  );
});
