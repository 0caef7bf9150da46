import { describe, expect, test } from "vitest";
import { PATIENCE } from "../../servers/patience.ts";
import { openShop, PROFILES } from "./shop.ts";

describe.each(PROFILES)("at %s", (profile) => {
  test("whoever gives up waits no longer, and the stream is closed all the same once its answer is there", async () => {
    const { db, names } = await openShop({ server: { profile, latencyMs: 120 } });
    const work = db.session(
      async (session) => {
        await session.query("INSERT INTO goods VALUES (1, 'tea')");
        await session.query("INSERT INTO goods VALUES (2, 'salt')", [], { timeoutMs: 20 });
      },
      { timeoutMs: 5_000 },
    );
    await expect(work).rejects.toMatchObject({ code: "QUERY_TIMEOUT", outcome: "unknown" });
    await db.dispose();
    expect(await names()).toEqual([]);
  });

  test("a signal's own reason comes back, while the server hangs", async () => {
    const { db, server } = await openShop({ server: { profile } });
    await db.query("SELECT 1");
    await server.fail({ action: "hang" });
    const controller = new AbortController();
    const reason = new Error("gone");
    const waiting = db.query("SELECT 2", [], { signal: controller.signal });
    await expect.poll(async () => (await server.requests()).map(({ status }) => status), PATIENCE).toContain("hang");
    controller.abort(reason);
    await expect(waiting).rejects.toBe(reason);
    expect((await db.query("SELECT 3 AS three")).rows).toEqual([{ three: 3 }]);
    // The farewell waits for the answer, and gives up after five seconds.
    await db.dispose();
    await server.expireStreams();
  });

  test("a session that is given up before anything was sent sends nothing", async () => {
    const { db, sent } = await openShop({ server: { profile } });
    const work = db.session((session) => session.query("SELECT 1"), { signal: AbortSignal.abort("gone") });
    await expect(work).rejects.toBe("gone");
    expect(await sent()).toEqual([]);
  });
});
