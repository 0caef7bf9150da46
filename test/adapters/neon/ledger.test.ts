// Tunnels and requests are cut at random, and callers give up at random: what is told of each write is true, and no write
// is ever done twice.

import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { type Database, isDbError } from "../../../src/index.ts";
import { seeded } from "../../kit/seeded.ts";
import type { Fault } from "../../servers/neon/server.ts";
import { openShop, type Shop } from "./shop.ts";

type Told = "done" | "not-executed" | "unknown" | "executed";
type Write = (db: Database, number: number, signal: AbortSignal) => Promise<unknown>;

const TEXT = "INSERT INTO goods VALUES ($1, 'goods')";
const GAVE_UP = new Error("gave up");

/** Ways to write a row. */
const writes: Readonly<Record<string, Write>> = {
  "a lone statement": (db, number, signal) => db.autocommit.query(TEXT, [number], { signal }),
  "a list": (db, number, signal) => db.batch([{ text: TEXT, params: [number] }, "SELECT 1"], { signal }),
  "a session": (db, number, signal) =>
    db.session(
      async (session) => {
        await session.query("SELECT 1");
        await session.query(TEXT, [number]);
      },
      { retry: 6, signal },
    ),
  "a session of one flight": (db, number, signal) =>
    db.session((session) => session.commit({ text: TEXT, params: [number] }), { retry: 6, signal }),
  "a stream": (db, number, signal) => read(db, number, { transaction: true, retry: 6, signal }),
  "a stream of its own": (db, number, signal) => read(db, number, { transaction: false, retry: 6, signal }),
};

async function read(db: Database, number: number, options: object): Promise<void> {
  await db.session(async (session) => {
    for await (const row of session.stream({ text: `${TEXT} RETURNING number`, params: [number] })) void row;
  }, options);
}

/** What a caller knows of his write in the end. */
async function toldOf(write: Promise<unknown>): Promise<Told> {
  try {
    await write;
    return "done";
  } catch (error) {
    // A signal's own reason does not say.
    if (error === GAVE_UP) return "unknown";
    if (isDbError(error)) return error.outcome;
    throw error;
  }
}

/** Writes sixty rows, six at a time; tells where the ledger and the table differ. `begin` is called before each. */
async function play(
  { db, server }: Shop,
  names: readonly string[],
  begin: () => AbortSignal | Promise<AbortSignal>,
): Promise<string[]> {
  await server.query("ALTER TABLE goods DROP CONSTRAINT goods_pkey");
  const ledger: Promise<Told>[] = [];
  let next = 0;
  const clerk = async (): Promise<void> => {
    for (let number: number; (number = next++) < 60;) {
      const signal = await begin();
      await (ledger[number] = toldOf(writes[names[number % names.length]!]!(db, number, signal)));
    }
  };
  await Promise.all([1, 2, 3, 4, 5, 6].map(clerk));
  await server.clearFaults();
  // What was given up may still be on its way.
  await db.dispose();
  expect(await server.leaks()).toEqual([]);
  const rows = (await server.query("SELECT number FROM goods")).map((row) => Number(row["number"]));
  const possible = { done: [1], executed: [1], "not-executed": [0], unknown: [0, 1] };
  const wrong = (await Promise.all(ledger)).map((told, number) => {
    const times = rows.filter((row) => row === number).length;
    return possible[told].includes(times) ? "" : `${names[number % names.length]}: told ${told}, done ${times} times`;
  });
  return wrong.filter(Boolean);
}

describe.each(["auto", "ws", "http"] as const)("with transport %s", (transport) => {
  const names = Object.keys(writes).slice(0, transport === "http" ? 2 : undefined);
  const open = (): Promise<Shop> =>
    openShop({ neon: { transport }, db: { pool: { max: 4, acquireTimeoutMs: 60_000 } } });

  test.each([1, 2])("connections are cut at random (%i)", async (seed) => {
    const shop = await open();
    const random = seeded(seed);
    const pick = <T>(items: readonly T[]): T => items[Math.floor(random() * items.length)]!;
    const sabotage = async (): Promise<AbortSignal> => {
      const on = transport === "auto" ? pick(["http", "tunnel"] as const) : transport === "ws" ? "tunnel" : "http";
      const action = pick(["drop-before", "drop-after", on === "http" ? "truncate" : "drop-during"] as const);
      const fault: Fault = { on, action, after: Math.floor(random() * 4) };
      if (random() < 0.8) await shop.server.fail(fault);
      return new AbortController().signal;
    };
    expect(await play(shop, names, sabotage)).toEqual([]);
  });

  test("callers give up at random", async () => {
    const shop = await open();
    const random = seeded(3);
    const impatient = (): AbortSignal => {
      const controller = new AbortController();
      void sleep(random() * 40).then(() => controller.abort(GAVE_UP));
      return controller.signal;
    };
    expect(await play(shop, names, impatient)).toEqual([]);
  });
});
