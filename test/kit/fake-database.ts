import { AsyncLocalStorage } from "node:async_hooks";
import { expect, onTestFinished } from "vitest";
import { createDatabase, type Database, type DatabaseEvent, type DatabaseOptions } from "../../src/index.ts";
import { asyncLocal } from "../../src/index.ts";
import { FakeAdapter, type FakeAdapterOptions } from "./fake-adapter.ts";

export interface FakeDatabase {
  readonly db: Database;
  readonly adapter: FakeAdapter;
  readonly events: DatabaseEvent[];
}

/** A database on a fake adapter; at the end of its test nothing may be lent, waited for, or left open. */
export function fakeDatabase(
  adapterOptions: FakeAdapterOptions = {},
  options: Partial<DatabaseOptions> = {},
): FakeDatabase {
  const adapter = new FakeAdapter(adapterOptions);
  const events: DatabaseEvent[] = [];
  const db = createDatabase("fake:db", {
    adapters: [adapter.factory],
    context: asyncLocal(AsyncLocalStorage),
    onEvent: (event) => events.push(event),
    ...options,
  });
  onTestFinished(async () => {
    const { busy, waiting } = db.stats();
    expect({ busy, waiting }, "lent or waiting at the end").toEqual({ busy: 0, waiting: 0 });
    await db.dispose();
    const closes = adapter.connections.map(({ number, closes: count }) => `${number} closed ${count}x`);
    expect(closes, "each connection closed once").toEqual(
      adapter.connections.map(({ number }) => `${number} closed 1x`),
    );
  });
  return { db, adapter, events };
}

/** A promise, and the hand that settles it. */
export function deferred<T = void>(): {
  promise: Promise<T>;
  resolve: (value: T) => void;
  reject: (error: unknown) => void;
} {
  let resolve!: (value: T) => void;
  let reject!: (error: unknown) => void;
  const promise = new Promise<T>((fulfil, refuse) => {
    resolve = fulfil;
    reject = refuse;
  });
  return { promise, resolve, reject };
}

/** What a promise has come to with no time passing: enough for every other promise, too little for any timer. */
export async function byNow<T>(promise: Promise<T>): Promise<T | "pending"> {
  let isPending = true;
  promise.then(
    () => (isPending = false),
    () => (isPending = false),
  );
  for (let turn = 0; turn < 5 && isPending; turn++) await new Promise((resolve) => setImmediate(resolve));
  return isPending ? "pending" : promise;
}
