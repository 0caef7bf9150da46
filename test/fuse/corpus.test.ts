// Promise: the corpus takes so many requests less when it is fused, no handler takes more, and each gives and stores what it did.

import { AsyncLocalStorage } from "node:async_hooks";
import { expect, onTestFinished, test } from "vitest";
import { libsql } from "../../src/adapters/libsql/index.ts";
import { asyncLocal, createDatabase, type Database, isDbError } from "../../src/index.ts";
import { startLibsqlServer } from "../servers/libsql/libsql-server.ts";
import { corpus } from "./corpus/handlers.ts";
import { requests, rows, schema, tables } from "./corpus/request.ts";

const written = corpus("written");
const fused = corpus("fused");
const hand = { ...written, ...corpus("hand") };

async function open(): Promise<{ db: Database; sent: () => Promise<number>; reset: () => Promise<unknown> }> {
  const server = await startLibsqlServer();
  const db = createDatabase(server.url, { adapters: [libsql()], context: asyncLocal(AsyncLocalStorage) });
  await db.batch(schema("integer primary key"));
  onTestFinished(async () => {
    const { busy, waiting } = db.stats();
    await db.dispose();
    const open = await server.open();
    await server.stop();
    expect({ busy, waiting, open }).toEqual({ busy: 0, waiting: 0, open: [] });
  });
  const sent = async (): Promise<number> => {
    const { length } = await server.requests();
    await server.forgetRequests();
    return length;
  };
  return { db, sent, reset: () => db.batch([...tables.map((table) => `delete from ${table}`), ...rows()]) };
}

test("a table", async () => {
  const { db, sent, reset } = await open();
  const lines: string[] = [];
  const sums = [0, 0, 0];
  for (const name of Object.keys(written)) {
    const counts: number[] = [];
    for (const request of requests) {
      const seen: unknown[] = [];
      for (const version of [written, fused, hand]) {
        await reset();
        await sent();
        const told = await version[name]!(db, request).catch((error: unknown) =>
          isDbError(error) ? error.code : String(error),
        );
        counts.push(await sent());
        seen.push([told, await db.batch(tables.map((table) => `select * from ${table} order by id`))]);
      }
      expect(JSON.stringify(seen[1]), name).toEqual(JSON.stringify(seen[0]));
      expect(JSON.stringify(seen[2]), `${name} by hand`).toEqual(JSON.stringify(seen[0]));
    }
    lines.push(`${name}: ${counts.join(" ")}`);
    [0, 1, 2].forEach((i) => (sums[i]! += counts[i]!));
  }
  console.log(lines.join("\n"), sums);
});
