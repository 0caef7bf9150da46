// Servers from before version 3 of the protocol, and none at all.

import { describe, expect, test } from "vitest";
import { add, openShop, PROFILES } from "./shop.ts";

describe.each(PROFILES)("at %s of version 2", (profile) => {
  const old = { server: { profile, newest: "v2" } } as const;

  test("sessions that are the first, and at the same time, all find out", async () => {
    const { db, names } = await openShop(old);
    const write = (id: number): Promise<unknown> => db.session((session) => session.batch([add(id, `goods ${id}`)]));
    await Promise.all([1, 2, 3, 4, 5].map(write));
    expect(await names()).toHaveLength(5);
  });

  test("a flight that is tried again is told in the version that it was written in", async () => {
    const { db, server, names } = await openShop(old);
    // The first waits a moment, and the second finds out in the meantime.
    await server.fail({ action: "status", status: 429, path: "v3/pipeline" });
    const write = (id: number): Promise<unknown> => db.session((session) => session.batch([add(id, `goods ${id}`)]));
    await Promise.all([1, 2].map(write));
    expect(await names()).toHaveLength(2);
  });

  test("it is asked for version 3 once, and not again by connections to come", async () => {
    const { db, server } = await openShop(old);
    await db.query("SELECT 1");
    await db.session(() => Promise.all([1, 2, 3].map((n) => db.autocommit.query("SELECT ?", [n]))));
    const paths = (await server.requests()).map(({ path }) => path);
    expect(paths.filter((path) => path !== "/v2/pipeline")).toEqual(["/v3/pipeline"]);
  });
});

test("a database that is not there for a while leaves no connection in the old version", async () => {
  const { db, server } = await openShop();
  await server.fail({ action: "status", status: 404, times: 2 });
  await expect(db.query("SELECT 1")).rejects.toMatchObject({ code: "CONNECT_FAILED" });
  await server.forgetRequests();
  await db.query("SELECT 2");
  expect((await server.requests()).map(({ path }) => path)).toEqual(["/v3/pipeline"]);
});
