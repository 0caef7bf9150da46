// Promise: setup and hooks are the host's, once for each connection; work may also run inside the object, on the same pool.

import { expect, test } from "vitest";
import { startStage } from "./stage.ts";

const sql = (text: string): string => `/?do=sql&apart&q=${encodeURIComponent(text)}`;

test("setup is done on every connection, in the flight of its first statement, and again behind each reset", async () => {
  const { json, server, stats } = await startStage({
    host: { pool: { max: 1 }, setup: ["SET lock_timeout = 4321"], hooks: true },
  });
  for (let turn = 0; turn < 3; turn++) expect(await json(sql("SHOW lock_timeout"))).toEqual([[["4321ms"]]]);
  expect(await stats()).toMatchObject({ opened: 1, flights: 3 });
  // One Sync for each flight: the setup had none of its own.
  const messages = (await server.requests()).map((request) => request.messages).join("");
  expect(messages.replaceAll(/[^S]/g, "")).toBe("SSS");
});

test("connection hooks run once for each connection, and not for each session", async () => {
  const { json, raw } = await startStage({ host: { pool: { max: 1 }, hooks: true } });
  for (let turn = 0; turn < 3; turn++) await json("/?do=one");
  expect(await raw("hooked")).toBe(1);
});

test("work inside the object has connections of the same pool", async () => {
  const { json, raw, stats } = await startStage({ host: { pool: { max: 1 } } });
  expect(await raw("count")).toEqual({ count: 1 });
  await json("/?do=three&id=1");
  expect(await raw("count")).toEqual({ count: 3 });
  expect((await stats()).opened).toBe(1);
});

test("wrong options of the host are told to its sessions, in their own words", async () => {
  const { get } = await startStage({ host: { leaseMs: -1 }, isBroken: true });
  const { status, body } = await get("/?do=one&bare");
  expect([status, body]).toEqual([500, JSON.stringify("TypeError: Expected `leaseMs` to be a number >= 0, got `-1`")]);
});
