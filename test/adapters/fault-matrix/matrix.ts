// A fault at every message and at every statement of a unit of work: open, setup, hook, begin, statement, savepoint, release, commit or
// rollback, close. Whatever goes wrong, what is reported is what is stored, nothing stays open, and nothing waits beyond its deadline.
//
// `npm test` plays a sample: each place once, with one action and one ending. `npm run faults` plays every action, and pairs.

import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { seeded } from "../../kit/seeded.ts";
import type { Action, Ending, Stage, Subject, Told, Transport } from "./stage.ts";

/** All of it, not a sample. */
const isWhole: boolean = process.env["FAULTS"] !== undefined;
/** No case may take longer, on the slowest machine: its clock is set to the deadlines where a message hangs. */
const LATEST_MS = 30_000;
/** Stages that a transport is played on at once: most of the time is that of the servers. */
const LANES = isWhole ? 4 : 2;
/** Of the pairs, this share, by a seed. */
const PAIRS = Number(process.env["FAULT_PAIRS"] ?? 0.1);
const SEED = 20_261_129;

/** Of a transport; it ends what hangs, and no wait of a case is as long. */
const TIMEOUT_MS = isWhole ? 3_600_000 : 300_000;

interface Trouble {
  readonly action: Action;
  readonly after: number;
}

interface Case {
  readonly ending: Ending;
  readonly troubles: readonly Trouble[];
}

const LATE = Symbol("late");

async function within<T>(promise: Promise<T>): Promise<T | typeof LATE> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<typeof LATE>((resolve) => (timer = setTimeout(resolve, LATEST_MS, LATE)));
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

/** Does the work while somebody gives up on what hangs. */
async function work(stage: Stage, subject: Subject, { ending, troubles }: Case): Promise<Told | typeof LATE> {
  const controller = new AbortController();
  let isOver = false;
  const giveUp = async (): Promise<void> => {
    for (;;) {
      await stage.met();
      if (isOver) return;
      for (const { action } of troubles) {
        if (action.next === "abort") controller.abort(new Error("aborted by the application"));
        if (action.next === "deadline") stage.passDeadlines();
      }
    }
  };
  const givingUp = troubles.some(({ action }) => action.next) ? giveUp() : undefined;
  const told = await within(subject.work(ending, controller.signal));
  isOver = true;
  await stage.clear();
  await givingUp;
  return told;
}

function judge(ending: Ending, told: Told | typeof LATE, stored: string, all: string): string[] {
  if (told === LATE) return [`still waiting after ${LATEST_MS} ms`];
  const isNothing = stored === "";
  const isWrong =
    told === "done"
      ? ending !== "commit" || stored !== all
      : told === "unknown" || told === "gone"
        ? !isNothing && (stored !== all || ending !== "commit")
        : !isNothing || (told === "own error" && ending !== "rollback");
  return isWrong ? [`told ${told}, and stored ${stored || "nothing"}`] : [];
}

async function rests(subject: Subject): Promise<readonly string[]> {
  const until = performance.now() + LATEST_MS;
  for (;;) {
    const busy = await subject.busy();
    if (busy.length === 0 || performance.now() > until) return busy;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** Plays one case, and says what is wrong with it. */
async function play(stage: Stage, { all: rows, isLate = false }: Transport, each: Case): Promise<string[]> {
  const all = rows.join();
  const subject = stage.open();
  for (const { action, after } of each.troubles) await stage.fail(action.fault, after);
  const told = await work(stage, subject, each);
  const found = (await stage.take()).join();
  const wrong = judge(each.ending, told, found, all);
  wrong.push(...(await rests(subject)));
  // The same database goes on.
  const again = await within(subject.work("commit"));
  const stored = (await stage.take()).join();
  const both = rows.flatMap((n) => [n, n]).join();
  const isThere = stored === all || (isLate && told === "unknown" && found === "" && stored === both);
  if (again !== "done" || !isThere) wrong.push(`the next one: ${String(again)}, stored ${stored || "nothing"}`);
  wrong.push(...(await rests(subject)));
  if ((await within(subject.dispose())) === LATE) wrong.push("dispose() did not end");
  wrong.push(...(await stage.leaks()).map((leak) => `left open: ${leak}`));
  const faults = each.troubles.map(({ action, after }) => `${action.name} at ${action.at} ${after}`).join(" and ");
  return wrong.map((what) => `${each.ending}, ${faults || "nothing"}: ${what}`);
}

type Counts = Readonly<Record<string, number>>;

/** What is played of an ending with so many places. */
function casesOf({ actions, endings }: Transport, ending: Ending, counts: Counts): Case[] {
  const cases: Case[] = [];
  const random = seeded(SEED);
  const kinds = [...new Set(actions.map(({ at }) => at))];
  for (const at of kinds) {
    const mine = actions.filter((action) => action.at === at);
    for (let after = 0; after < (counts[at] ?? 0); after++)
      for (const [index, action] of mine.entries()) {
        if (!isWhole && (after % mine.length !== index || endings[after % endings.length] !== ending)) continue;
        const trouble: Trouble = { action, after };
        cases.push({ ending, troubles: [trouble] });
        if (!isWhole) continue;
        // The second meets what is sent because of the first, and what comes after it.
        for (const second of actions.filter(({ name }) => /^(drop-|refuse)/.test(name)))
          for (const more of [0, 1, 2]) {
            if (random() >= PAIRS) continue;
            const from = second.at === at ? after : Math.floor(random() * (counts[second.at] ?? 1));
            cases.push({ ending, troubles: [trouble, { action: second, after: from + more }] });
          }
      }
  }
  return cases;
}

/** At most so many, from the first to the last. */
function spread<T>(all: readonly T[], most: number): readonly T[] {
  if (all.length <= most) return all;
  return Array.from({ length: most }, (_, index) => all[Math.round((index * (all.length - 1)) / (most - 1))]!);
}

/** Plays a transport, and fails with all that is wrong with it. */
export function playMatrix(transport: Transport): void {
  const { name, endings, start, most = Infinity } = transport;
  describe.skipIf(!start)(name, () => {
    const stages: Stage[] = [];
    beforeAll(async () => {
      for (let lane = 0; lane < LANES; lane++) stages.push(await start!());
    });
    afterAll(() => Promise.all(stages.map((stage) => stage.stop())));

    test("a fault at every place of a unit of work", { timeout: TIMEOUT_MS }, async () => {
      const all: Case[] = [];
      const places: string[] = [];
      const [first] = stages;
      for (const ending of endings) {
        expect(await play(first!, transport, { ending, troubles: [] })).toEqual([]);
        await first!.counts();
        const subject = first!.open();
        expect(await subject.work(ending)).toMatch(ending === "commit" ? /^done/ : /^(own error|failed)/);
        const counts = await first!.counts();
        await subject.dispose();
        await first!.take();
        for (const at of new Set(transport.actions.map((action) => action.at)))
          expect(counts[at], `${at}, ${ending}`).toBeGreaterThan(0);
        places.push(`${ending}: ${JSON.stringify(counts)}`);
        all.push(...casesOf(transport, ending, counts));
      }
      const cases = isWhole ? all : spread(all, most);
      const wrong: string[] = [];
      let next = 0;
      await Promise.all(
        stages.map(async (stage) => {
          while (next < cases.length) wrong.push(...(await play(stage, transport, cases[next++]!)));
        }),
      );
      if (isWhole) console.log(`${name}: ${cases.length} cases; places: ${places.join("; ")}`);
      // Each is told; the first of many are enough.
      expect(wrong.slice(0, 40)).toEqual([]);
    });
  });
}
