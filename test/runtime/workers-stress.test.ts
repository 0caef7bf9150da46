import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { seeded } from "../kit/seeded.ts";
import { startLibsqlServer } from "../servers/libsql/libsql-server.ts";
import { PATIENCE } from "../servers/patience.ts";
import { bundleWorker } from "./bundle.ts";
import { type Answer, call } from "./workers/client.ts";
import { createGoods, DATES, idsAt, startIsolate } from "./workers/isolate.ts";
import { startSocketServer } from "./workers/socket-server.ts";
import { startWorkerd } from "./workerd.ts";

const REQUESTS = 100;
const PATHS = [...Array.from({ length: 7 }, () => "/order"), "/rows", "/scheduled", "/queue"];
/** Nobody waits for these: when whoever has sent them is cut off, so are they, which no real one ever is. */
const WITHOUT_CLIENT = ["/scheduled", "/queue"];

interface Visit {
  readonly id: number;
  readonly isReset: boolean;
  readonly answer: Answer | undefined;
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Visitors who come within some time, of whom a part resets its connection at some moment. */
function storm(url: string, resets: number, comeWithinMs: number, leaveWithinMs: number): Promise<Visit[]> {
  const random = seeded(20_261_129);
  const visit = async (id: number): Promise<Visit> => {
    const path = PATHS[Math.floor(random() * PATHS.length)]!;
    const isReset = random() < resets && !WITHOUT_CLIENT.includes(path);
    const [comesAfterMs, leavesAfterMs] = [random() * comeWithinMs, random() * leaveWithinMs];
    await pause(comesAfterMs);
    const { answer, reset } = call(url, `${path}?id=${id}`);
    if (isReset) void pause(leavesAfterMs).then(reset);
    return { id, isReset, answer: await answer };
  };
  return Promise.all(Array.from({ length: REQUESTS }, (_, index) => visit(index + 1)));
}

/** What is left of them: whoever was not reset has to have its answer. */
function unserved(visits: readonly Visit[]): unknown[] {
  return visits.filter(({ isReset, answer }) => !isReset && answer?.status !== 200);
}

const CASES = DATES.flatMap((date) => [0.3, 0.6].map((resets) => [date, resets] as const));

describe.each(CASES)("at compatibility date %s, %d of the clients reset", (date, resets) => {
  test("the others are served, the two databases agree, and nothing is left", async () => {
    const second = await startLibsqlServer();
    onTestFinished(() => second.stop());
    await createGoods(second.url);
    const { get, server, stats, until, url } = await startIsolate("stress.ts", {
      bindings: { SECOND_URL: second.url },
      compatibilityFlags: ["service_binding_extra_handlers"],
      isExperimental: true,
      ...(date !== undefined && { compatibilityDate: date }),
    });
    const visits = await storm(url, resets, 400, 200);
    expect(unserved(visits)).toEqual([]);
    const gone = visits.filter(({ isReset, answer }) => isReset && !answer).length;
    expect(gone, "some were reset in the middle").toBeGreaterThan(REQUESTS * resets * 0.2);
    await until(async () => {
      const { busy, waiting, opening } = await stats();
      return busy + waiting + opening === 0;
    });
    expect((await stats()).open).toBeLessThanOrEqual(10);
    // Of two commits, no client's end divides one from the other.
    const [kept, alsoKept] = [await idsAt(server.url), await idsAt(second.url)];
    expect(alsoKept).toEqual(kept);
    const served = visits.filter(({ answer }) => answer?.status === 200).map(({ id }) => id);
    expect(served.filter((id) => id % 2 === 1 && !kept.includes(id))).toEqual([]);
    for (const each of [server, second]) {
      expect((await each.open()).filter(({ isInTransaction }) => isInTransaction)).toEqual([]);
      // A stream that was idle for long is not asked for any more, and is forgotten there a moment later.
      await expect.poll(async () => (await each.open()).length, PATIENCE).toBeLessThanOrEqual(5);
    }
    expect(await get("/order?id=1000")).toEqual({ status: 200, body: "done" });
  });
});

// Were it served too, the storm would prove nothing.
describe.each(DATES)("at compatibility date %s, the control", (date) => {
  test("a pool of sockets at module level does not come through the same storm", async () => {
    const server = await startSocketServer();
    const { code } = await bundleWorker(join(import.meta.dirname, "workers/naive-pool.ts"));
    const bindings = { SOCKETS_URL: server.url };
    const dated = date === undefined ? {} : { compatibilityDate: date };
    const workerd = await startWorkerd({ script: code, bindings, ...dated });
    onTestFinished(async () => {
      await workerd.stop();
      await server.stop();
    });
    const storming = storm(workerd.url, 0.3, 400, 800);
    // Some of its requests hang for good.
    const visits = await Promise.race([storming, pause(4_000).then(() => undefined)]);
    const failed = visits ? unserved(visits).length : Infinity;
    expect(failed).toBeGreaterThan(REQUESTS * 0.3);
  });
});
