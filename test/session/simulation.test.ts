// Random programs of sessions, nested transactions, faults and aborts. The seed of a failure is in its message: SEED=<n> runs it alone.

import { AsyncLocalStorage } from "node:async_hooks";
import { expect, test } from "vitest";
import { asyncLocal, type Database, type Session, shared } from "../../src/index.ts";
import { type Answer, type FakeAdapter, type FakeConnection, queryFailed } from "../kit/fake-adapter.ts";
import { FakeClock, settle } from "../kit/fake-clock.ts";
import { fakeDatabase } from "../kit/fake-database.ts";
import { seeded } from "../kit/seeded.ts";

const SEEDS = 300;
// Seconds of pure computing: a busy machine takes a multiple of them.
const TIMEOUT_MS = 60_000;
const SESSIONS = 5;
// One for all: in Node every storage that was ever used makes every promise slower.
const context = asyncLocal(AsyncLocalStorage);

const INSIDE = ["nested", "nested", "required", "mandatory", "supports", "never"] as const;
const APART = ["requires-new", "not-supported"] as const;

interface World {
  readonly random: () => number;
  readonly db: Database;
  readonly adapter: FakeAdapter;
  /** Length of the log when a session was over, by its mark. */
  readonly over: Map<string, number>;
  /** Sessions apart: whoever began one may have been given up before it ends. */
  readonly apart: Promise<unknown>[];
}

/** Some turns of the microtask queue, or of the event loop. */
async function pause(random: () => number): Promise<void> {
  if (random() < 0.2) await new Promise((resolve) => setImmediate(resolve));
  for (let hops = Math.floor(random() * 6); hops > 0; hops--) await Promise.resolve();
}

async function program(world: World, session: Session, mark: string, depth: number): Promise<void> {
  const { random } = world;
  const ignore = (): undefined => undefined;
  for (let steps = Math.floor(random() * 5); steps > 0; steps--) {
    const dice = random();
    // The error is swallowed now and then: what is lost or failed must then refuse the rest by itself.
    const guard =
      random() < 0.5
        ? (work: Promise<unknown>): Promise<unknown> => work.catch(ignore)
        : (work: Promise<unknown>) => work;
    if (dice < 0.35) await guard(session.query(`q ${mark}`));
    else if (dice < 0.45) await guard(Promise.all([session.query(`q ${mark}`), session.query(`q ${mark}`)]));
    else if (dice < 0.55) await guard(session.batch([`q ${mark}`, `q ${mark}`]));
    else if (dice < 0.6) session.query(`q ${mark} floating`).catch(ignore);
    else if (dice < 0.63 && depth < 3) inside(world, session, mark, depth).catch(ignore);
    else if (dice < 0.7) await pause(random);
    else if (dice < 0.75 && depth === 0) await guard(random() < 0.5 ? session.commit(`q ${mark}`) : session.rollback());
    else if (dice < 0.93 && depth < 3)
      await guard(dice < 0.9 ? inside(world, session, mark, depth) : apart(world, session));
    else if (dice > 0.97) throw new Error(`${mark} fails`);
    else await pause(random);
  }
}

function inside(world: World, session: Session, mark: string, depth: number): Promise<void> {
  const propagation = INSIDE[Math.floor(world.random() * INSIDE.length)]!;
  return session.transaction((inner) => program(world, inner, mark, depth + 1), { propagation });
}

/** A session inside another one, which has nothing to do with it. */
function apart(world: World, session: Session): Promise<unknown> {
  const { random, over, adapter } = world;
  const propagation = APART[Math.floor(random() * APART.length)]!;
  const mark = `s${SESSIONS + world.apart.length}`;
  const work = (inner: Session): Promise<void> =>
    propagation === "requires-new" ? program(world, inner, mark, 2) : program(world, inner, `${mark}-plain`, 9);
  const running = session.transaction(work, { propagation }).finally(() => over.set(mark, adapter.log.length));
  world.apart.push(running.catch(() => undefined));
  return running;
}

async function oneSession(world: World, mark: string): Promise<void> {
  const { random, db } = world;
  await pause(random);
  const controller = new AbortController();
  const isTransaction = random() < 0.8;
  const work = db.session(
    (session) => program(world, session, isTransaction ? mark : `${mark}-plain`, isTransaction ? 0 : 9),
    {
      transaction: isTransaction,
      ...(random() < 0.5 && { signal: controller.signal }),
    },
  );
  if (random() < 0.3) void pause(random).then(() => controller.abort(new Error("aborted")));
  await work.catch(() => undefined);
  world.over.set(mark, world.adapter.log.length);
}

/** Looks at each step as it is executed; gives what is wrong. Statement texts are marked: `q s3`, `q s4-plain`. */
function watch(): { readonly violations: string[]; readonly see: (text: string, connection: FakeConnection) => void } {
  const violations: string[] = [];
  const holders = new Map<FakeConnection, string>();
  return {
    violations,
    see: (text, connection) => {
      if (text === "begin") holders.delete(connection);
      const [, mark, plain] = /^q (s\d+)(-plain)?/.exec(text) ?? [];
      if (mark === undefined) return;
      const holder = holders.get(connection) ?? mark;
      holders.set(connection, mark);
      if (connection.state === "transaction" && holder !== mark)
        violations.push(`${mark} gets into ${holder}'s transaction: ${text}`);
      if (connection.state !== "transaction" && plain === undefined)
        violations.push(`${mark} runs without its transaction: ${text}`);
      if (connection.closes > 0) violations.push(`${mark} runs on a closed connection: ${text}`);
    },
  };
}

function lateLines({ adapter, over }: World): string[] {
  return [...over].flatMap(([mark, from]) =>
    adapter.log.slice(from).filter((line) => new RegExp(`q ${mark}\\b`).test(line)),
  );
}

async function simulate(seed: number): Promise<void> {
  const random = seeded(seed);
  const faulty = random() < 0.5;
  const { violations, see } = watch();
  const script = (text: string, connection: FakeConnection): Answer | Promise<Answer | undefined> | undefined => {
    see(text, connection);
    const dice = random();
    if (faulty && dice < 0.03) return { lost: random() < 0.5 ? "unknown" : "not-executed" };
    if (faulty && dice < 0.08) return { error: queryFailed("other") };
    if (faulty && dice < 0.1 && text.startsWith("q ")) return { error: queryFailed("other"), state: "idle" };
    return dice < 0.5 ? pause(random).then(() => undefined) : undefined;
  };
  const clock = new FakeClock();
  const { db, adapter } = fakeDatabase(
    { script },
    { runtime: { ...shared(), clock }, context, pool: { max: 1 + Math.floor(random() * 3) } },
  );
  const world: World = { random, db, adapter, over: new Map(), apart: [] };
  let isDone = false;
  const all = Promise.all(Array.from({ length: SESSIONS }, (_, index) => oneSession(world, `s${index}`)))
    .then(async () => {
      for (const each of world.apart) await each;
    })
    .then(() => (isDone = true));
  // Time passes only when nothing else happens.
  for (let turns = 0; !isDone && turns < 200; turns++) await (turns % 20 === 19 ? clock.advance(1_000) : settle());
  expect(isDone, "every session ends").toBe(true);
  await all;
  expect(violations).toEqual([]);
  expect(lateLines(world), "sent after the session's end").toEqual([]);
  expect(db.stats()).toMatchObject({ busy: 0, waiting: 0 });
  await db.dispose();
  expect(adapter.openConnections).toBe(0);
  expect(clock.timers).toBe(0);
}

test(
  "whatever sessions do, and whatever fails: none gets into another's transaction, none sends after its end, nothing leaks",
  async () => {
    const only = process.env["SEED"];
    const unhandled: unknown[] = [];
    const note = (error: unknown): void => void unhandled.push(error);
    process.on("unhandledRejection", note);
    try {
      for (let seed = Number(only ?? 1); seed <= Number(only ?? SEEDS); seed++) {
        await simulate(seed).catch((error: unknown) => {
          throw new Error(`SEED=${seed}: ${(error as Error).message}`, { cause: error });
        });
        expect(unhandled, `SEED=${seed}`).toEqual([]);
      }
    } finally {
      process.off("unhandledRejection", note);
    }
  },
  TIMEOUT_MS,
);
