// Promise: fused, the corpus takes less than half of its requests, no handler takes more than before, and each gives and stores what
// it did. A ratchet: what is counted here may only fall.

import { AsyncLocalStorage } from "node:async_hooks";
import { afterEach, expect, test, vi } from "vitest";
import { createDatabase, asyncLocal } from "../../src/index.ts";
import { libsql } from "../../src/adapters/libsql/index.ts";
import { ensureSqld } from "../setup/ensure-sqld.mjs";
import { type LibsqlServerOptions, startLibsqlServer } from "../servers/libsql/libsql-server.ts";
import { compare } from "./corpus/compare.ts";
import { schema } from "./corpus/request.ts";

/** Requests as written, fused, and by hand. */
const REQUESTS: Readonly<Record<string, readonly [written: number, fused: number, hand: number]>> = {
  addUser: [3, 3, 2],
  approve: [4, 2, 2],
  bookSeats: [4, 2, 2],
  bookSlot: [5, 4, 4],
  buy: [4, 2, 2],
  cancelBooking: [6, 2, 2],
  changeTariff: [5, 2, 2],
  checkOut: [13, 5, 5],
  completeRun: [4, 1, 1],
  createPost: [3, 2, 2],
  dashboard: [1, 1, 1],
  deleteUser: [7, 1, 1],
  doubleEntry: [5, 3, 3],
  finishGame: [8, 1, 1],
  grant: [4, 2, 2],
  importPrices: [4, 1, 1],
  invite: [5, 3, 2],
  joinAsGuest: [5, 3, 3],
  linkAlias: [4, 3, 3],
  listing: [3, 2, 1],
  logAttempt: [5, 2, 2],
  move: [8, 4, 4],
  nextTask: [4, 2, 2],
  openAccount: [4, 2, 2],
  openTrip: [6, 2, 1],
  payOut: [4, 1, 1],
  postInCategories: [3, 2, 2],
  probe: [5, 1, 1],
  publish: [12, 5, 5],
  register: [7, 3, 3],
  relate: [6, 1, 1],
  renameTask: [3, 2, 2],
  resetByMail: [4, 2, 2],
  restock: [4, 4, 2],
  review: [10, 2, 2],
  setPassword: [5, 2, 2],
  signOutEverywhere: [5, 1, 1],
  statement: [4, 1, 1],
  statistics: [1, 1, 1],
  submitForm: [7, 3, 3],
  transfer: [4, 1, 1],
};

type Counts = Awaited<ReturnType<typeof compare>>;

afterEach(() => void vi.useRealTimers());

/** Runs some handlers at a server, and counts there. */
async function played(options: LibsqlServerOptions, only?: (name: string, index: number) => boolean): Promise<Counts> {
  // The clock stands still: on a slow machine a read may seem to be slow in company, and leaves alone then.
  vi.useFakeTimers({ toFake: ["Date"] });
  const server = await startLibsqlServer(options);
  const db = createDatabase(server.url, { adapters: [libsql()], context: asyncLocal(AsyncLocalStorage) });
  try {
    await db.batch(schema("integer primary key"));
    const count = async (): Promise<number> => {
      const { length } = await server.requests();
      await server.forgetRequests();
      return length;
    };
    const counted = await compare(db, count, only);
    const { busy, waiting } = db.stats();
    expect({ busy, waiting }).toEqual({ busy: 0, waiting: 0 });
    return counted;
  } finally {
    await db.dispose();
    expect(await server.open()).toEqual([]);
    await server.stop();
  }
}

test("each handler of the corpus", async () => {
  const counted = await played({});
  expect(counted).toEqual(REQUESTS);
  const sum = (column: number): number => Object.values(counted).reduce((all, counts) => all + counts[column]!, 0);
  expect(Object.keys(counted)).toHaveLength(41);
  expect(Object.entries(counted).filter(([, [written, fused]]) => fused! > written!)).toEqual([]);
  expect(1 - sum(1) / sum(0)).toBeGreaterThan(0.57);
});

const program = await ensureSqld();

test.skipIf(program === undefined)("a few of them at a real sqld", async () => {
  const counted = await played({ program: program! }, (_name, index) => index % 8 === 3);
  expect(counted).toEqual(Object.fromEntries(Object.keys(counted).map((name) => [name, REQUESTS[name]])));
  expect(Object.keys(counted).length).toBeGreaterThan(4);
});
