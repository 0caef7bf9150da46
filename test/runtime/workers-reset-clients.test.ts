import { describe, expect, test } from "vitest";
import { seeded } from "../kit/seeded.ts";
import { DATES, startIsolate } from "./workers/isolate.ts";

const REQUESTS = 300;

describe.each(DATES)("at compatibility date %s", (compatibilityDate) => {
  const date = compatibilityDate === undefined ? {} : { compatibilityDate };

  test("of 300 requests on five connections a third is reset at random: the others are served, and nothing is left", async () => {
    const { call, get, server, stats, until } = await startIsolate("shop.ts", date);
    const random = seeded(20_261_117);
    const visit = async (id: number): Promise<readonly [id: number, told: string]> => {
      const isReset = random() < 0.3;
      const [comesAfterMs, leavesAfterMs] = [random() * 400, random() * 2_000];
      await pause(comesAfterMs);
      const { answer, reset } = call(`/order?id=${id}&pause=3`);
      if (isReset) void pause(leavesAfterMs).then(reset);
      const answered = await answer;
      return [id, answered ? `${answered.status} ${answered.body}` : isReset ? "reset" : "no answer"];
    };
    const told = await Promise.all(Array.from({ length: REQUESTS }, (_, id) => visit(id)));
    const others = told.filter(([, what]) => what !== "reset");
    expect(others).toEqual(others.map(([id]) => [id, `200 [{"name":"goods ${id}"}]`]));
    expect(told.length - others.length, "some were reset in the middle").toBeGreaterThan(10);
    await until(async () => {
      const { busy, waiting, opening } = await stats();
      return busy + waiting + opening === 0;
    });
    const { body } = await get("/names");
    const kept = new Set(JSON.parse(body) as number[]);
    expect(
      others.filter(([id]) => !kept.has(id)),
      "answered, so committed",
    ).toEqual([]);
    const open = await server.open();
    expect(open.filter(({ isInTransaction }) => isInTransaction)).toEqual([]);
    expect(open.length).toBeLessThanOrEqual(5);
    expect((await server.counts()).mostOpen).toBeLessThanOrEqual(6);
    expect((await stats()).open).toBeLessThanOrEqual(5);
  });
});

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
