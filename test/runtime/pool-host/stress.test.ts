// Promise: whatever happens at a random moment, nothing is lost, nothing is left, nobody is told what is not so, nobody waits on.
// 5,000 requests whose clients leave, and some hundreds with worse; STRESS=10 is ten times as many.

import { setTimeout as pause } from "node:timers/promises";
import { describe, expect, test, vi } from "vitest";
import { seeded } from "../../kit/seeded.ts";
import { DATES, type Stage, startStage } from "./stage.ts";

vi.setConfig({ testTimeout: 600_000 });

const TIMES = Number(process.env["STRESS"] ?? 1);
const AT_ONCE = 40;
/** Nobody waits longer for a connection; a machine that is busy itself may take some more. */
const ACQUIRE_MS = 20_000;
const PATIENCE_MS = 3 * ACQUIRE_MS;

interface Told {
  readonly id: number;
  /** What was answered; `undefined`: the client was reset before. */
  readonly code: string | undefined;
  readonly outcome: string | undefined;
  readonly wasReset: boolean;
  readonly tookMs: number;
}

/** Requests of which 30 % are reset: orders in a transaction, and others in one statement. */
async function visit(
  stage: Pick<Stage, "call">,
  requests: number,
  more: string,
  random: () => number,
  all: Told[] = [],
): Promise<Told[]> {
  let next = 0;
  const client = async (): Promise<void> => {
    while (next < requests) {
      const id = ++next;
      const wasReset = random() < 0.3;
      const leavesAfterMs = random() * 150;
      const begun = performance.now();
      const path = id % 3 === 0 ? `/?do=lone&apart&id=${id}${more}` : `/?do=order&id=${id}&pause=${id % 4}${more}`;
      const { answer, reset } = stage.call(path);
      if (wasReset) void pause(leavesAfterMs).then(reset);
      const answered = await answer;
      const { code = "done", outcome } = (answered?.status === 500 ? JSON.parse(answered.body) : {}) as Partial<
        Record<"code" | "outcome", string>
      >;
      all.push({ id, code: answered && code, outcome, wasReset, tookMs: performance.now() - begun });
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, client));
  return all;
}

/** What was told, against what is stored. */
async function judge({ server }: Stage, all: readonly Told[]): Promise<string[]> {
  const parts = new Map<number, number>();
  for (const { id } of await server.query("SELECT id FROM orders"))
    parts.set(Number(id), (parts.get(Number(id)) ?? 0) + 1);
  return all.flatMap((told) => {
    const { id, code, outcome, wasReset, tookMs } = told;
    const stored = parts.get(id) ?? 0;
    const text = JSON.stringify({ ...told, stored });
    if (stored === 1) return `torn: ${text}`;
    if (tookMs > PATIENCE_MS) return `waited: ${text}`;
    if (code === undefined) return wasReset ? [] : `no answer: ${text}`;
    if (code === "done") return stored === 2 ? [] : `lost: ${text}`;
    const isUnknown = code === "COMMIT_UNKNOWN" || outcome !== "not-executed";
    return stored === 2 && !isUnknown ? `told wrongly: ${text}` : [];
  });
}

const counted = (all: readonly Told[]): Record<string, number> => {
  const counts: Record<string, number> = {};
  for (const { code = "reset" } of all) counts[code] = (counts[code] ?? 0) + 1;
  return counts;
};

const host = { pool: { max: 5, acquireTimeoutMs: ACQUIRE_MS }, leaseMs: 5_000, graceMs: 1_000 };

describe.each(DATES)("at compatibility date %s", (compatibilityDate) => {
  test.each([
    ["with withSession()", ""],
    ["without it", "&bare"],
  ])("of 834 requests 30 % are reset, %s: the others are served", async (_, more) => {
    const stage = await startStage({ compatibilityDate, host });
    const all = await visit(stage, 834 * TIMES, more, seeded(20_261_117));
    expect(await judge(stage, all)).toEqual([]);
    expect(all.filter(({ code, wasReset }) => code !== "done" && !wasReset)).toEqual([]);
    expect(counted(all)["reset"], "reset in the middle").toBeGreaterThan(50);
    await stage.quiet();
    const { opened, max } = await stage.stats();
    expect((await stage.server.counts()).peakTunnels).toBeLessThanOrEqual(max);
    expect(opened).toBeGreaterThan(0);
  });
});

test("objects are reset and sockets cut at random moments, and 30 % of the clients: each is told what is so", async () => {
  const stage = await startStage({ host, log: /^([^]*reset by the test[^]*)?$/ });
  const random = seeded(7);
  const all: Told[] = [];
  const requests = 500 * TIMES;
  // Behind so many answers, so that on any machine there are some between one trouble and the next.
  const trouble = async (): Promise<void> => {
    for (let at = 20; at < requests - AT_ONCE; at = all.length + 30 + random() * 30) {
      while (all.length < at) await pause(5);
      await pause(random() * 30);
      if (random() < 0.3) await stage.raw("die").catch(() => undefined);
      else await stage.server.kill({ which: random() < 0.5 ? "all" : "transaction" });
    }
  };
  await Promise.all([visit(stage, requests, "", random, all), trouble()]);
  expect(await judge(stage, all)).toEqual([]);
  const counts = counted(all);
  expect(counts["done"], JSON.stringify(counts)).toBeGreaterThan(100);
  expect(counts["CONNECTION_LOST"], JSON.stringify(counts)).toBeGreaterThan(0);
});

test("Workers are killed and stopped at random moments: nothing of theirs stays, and others are served", async () => {
  const stage = await startStage({ isSplit: true, host: { ...host, leaseMs: 500 } });
  const random = seeded(11);
  let first = 0;
  for (let round = 0; round < 4; round++) {
    const trouble = pause(50 + random() * 300).then(async () => {
      if (round % 2 === 0) return stage.worker.signal("SIGKILL");
      stage.worker.signal("SIGSTOP");
      await pause(1_000);
      stage.worker.signal("SIGCONT");
    });
    const all = await visitFrom(stage, first, 75 * TIMES, random);
    first += 75 * TIMES;
    await trouble;
    // A Worker that was killed gives no answers.
    const told = all.map((each) => (round % 2 === 0 ? { ...each, wasReset: true } : each));
    expect(await judge(stage, told)).toEqual([]);
    await stage.quiet();
    if (round % 2 === 0) await stage.restart();
  }
  expect((await stage.stats()).open).toBeLessThanOrEqual(5);
});

async function visitFrom(stage: Stage, first: number, requests: number, random: () => number): Promise<Told[]> {
  const shift = (path: string): string => path.replace(/id=(\d+)/, (_, id: string) => `id=${Number(id) + first}`);
  const all = await visit({ call: (path) => stage.call(shift(path)) }, requests, "", random);
  return all.map((told) => ({ ...told, id: told.id + first }));
}
