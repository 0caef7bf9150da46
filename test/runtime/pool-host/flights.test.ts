// Promise: a session pays the database's round trips alone, and opens no connection once the host is warm.

import { describe, expect, test } from "vitest";
import { DATES, startStage } from "./stage.ts";

describe.each(DATES)("at compatibility date %s", (compatibilityDate) => {
  test("one-shots take 1 flight, three statements 4, three with commit(last) 3, and a warm host opens nothing", async () => {
    const { server, json, stats, quiet } = await startStage({ compatibilityDate, host: { pool: { max: 5 } } });
    await json("/?do=one&apart");
    for (const [path, flights] of [
      ["/?do=one&apart", 1],
      ["/?do=three", 4],
      ["/?do=short", 3],
      ["/?do=one&apart&bare", 1],
      ["/?do=three&bare", 4],
    ] as const) {
      await quiet();
      await server.forgetRequests();
      for (let turn = 0; turn < 3; turn++) await json(path);
      const { flights: taken, tunnelsOpened } = await server.counts();
      expect([path, taken, tunnelsOpened]).toEqual([path, 3 * flights, 0]);
    }
    expect((await stats()).opened).toBe(1);
  });
});
