import { describe, expect, test } from "vitest";
import { DATES, type Isolate, startIsolate } from "./workers/isolate.ts";

const start = (date: string | undefined, log: RegExp): Promise<Isolate> =>
  startIsolate("unkept.ts", {
    durableObjects: ["Host"],
    log,
    ...(date !== undefined && { compatibilityDate: date }),
  });

/** Once, whatever follows. */
const ONCE = /^isopool: nothing keeps this session alive.*withSession\(\).*waitUntil.*\n$/;

describe.each(DATES)("at compatibility date %s", (date) => {
  test.each(["/session", "/lone"])(
    "a session that nothing keeps alive is told once, with the remedies: %s",
    async (path) => {
      const { get, log } = await start(date, ONCE);
      for (const _ of [1, 2, 3]) expect(await get(path)).toMatchObject({ status: 200 });
      expect(log()).toMatch(ONCE);
    },
  );

  test("one that is kept alive is not, in whatever way; nor one in a Durable Object that is known to be one", async () => {
    const { get } = await start(date, /^$/);
    for (const path of ["/nested", "/kept", "/quiet", "/by-hand", "/object", "/nested"])
      expect([path, await get(path)]).toMatchObject([path, { status: 200 }]);
  });
});
