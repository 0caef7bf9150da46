// Promise: a session pays the database's round trips alone, and opens no connection once the host is warm.

import { describe, expect, test } from "vitest";
import { DATES, startStage } from "./stage.ts";

const stages = [...DATES.map((date) => [date, "ws"] as const), [undefined, "tcp"] as const];

describe.each(stages)("at compatibility date %s, over %s", (compatibilityDate, transport) => {
  test("one-shots take 1 flight, three statements 4, with commit(last) 3, returned 1, and a warm host opens nothing", async () => {
    const stage = await startStage({ compatibilityDate, transport, host: { pool: { max: 5 } } });
    const { server, json, stats, quiet } = stage;
    // Over TCP there are no messages that could be counted, but each flight ends with a Sync, or is a simple query: COMMIT.
    const count = async (): Promise<number> =>
      transport === "ws"
        ? (await server.counts()).flights
        : (await server.requests()).map(({ messages }) => messages.replaceAll(/[^SQ]/g, "")).join("").length;
    await json("/?do=one&apart");
    for (const [path, flights] of [
      ["/?do=one&apart", 1],
      ["/?do=three", 4],
      ["/?do=short", 3],
      ["/?do=lazy&bare", 1],
      ["/?do=one&apart&bare", 1],
      ["/?do=three&bare", 4],
    ] as const) {
      await quiet();
      await server.forgetRequests();
      for (let turn = 0; turn < 3; turn++) await json(path);
      const { tunnelsOpened } = await server.counts();
      expect([path, await count(), tunnelsOpened]).toEqual([path, 3 * flights, 0]);
    }
    expect((await stats()).opened).toBe(1);
  });
});

test("a Worker that connects for each request pays 2, 5 and 4 over a WebSocket, and a connection each", async () => {
  const { server, json } = await startStage();
  for (const [path, flights] of [
    ["/?direct&do=one&apart", 2],
    ["/?direct&do=three", 5],
    ["/?direct&do=short", 4],
  ] as const) {
    await server.forgetRequests();
    await json(path);
    const { flights: taken, tunnelsOpened } = await server.counts();
    expect([path, taken, tunnelsOpened]).toEqual([path, flights, 1]);
  }
});
