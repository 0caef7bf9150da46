import { describe, expect, test } from "vitest";
import { DATES, type Isolate, startIsolate } from "./workers/isolate.ts";

/** A hundred requests at the same time; gives what each has found. */
async function visit({ get }: Isolate): Promise<unknown[]> {
  const visits = Array.from({ length: 100 }, async (_, id) => JSON.parse((await get(`/?id=${id}`)).body) as unknown);
  return Promise.all(visits);
}

/** Its own number, and its own session, every time. */
const OWN = Array.from({ length: 100 }, (_, id) => [id, true]);

describe.each(DATES)("at compatibility date %s", (date) => {
  const dated = date === undefined ? {} : { compatibilityDate: date };

  test("with no flag at all, the request and its context lead to its session", async () => {
    const isolate = await startIsolate("by-hand.ts", dated);
    expect(await visit(isolate)).toEqual(OWN);
    // Nobody can know whether a session is current: what has none at hand is refused.
    expect(await isolate.get("/outside")).toMatchObject({ body: '"SESSION_REQUIRED"' });
  });

  test("with AsyncLocalStorage handed in, the session is found with nothing at hand", async () => {
    // The newest date brings it; redundant flags are told.
    const flags = date === undefined ? {} : { compatibilityFlags: ["nodejs_als"] };
    const isolate = await startIsolate("ambient.ts", { ...dated, ...flags });
    expect(await visit(isolate)).toEqual(OWN);
    // Here it is known that there is none: the statement is a session of its own.
    expect(await isolate.get("/outside")).toMatchObject({ body: '[{"seven":7}]' });
  });
});
