// Runs the corpus in its versions on a database: results, errors and stored rows must be equal.

import { expect } from "vitest";
import { type Database, isDbError } from "../../../src/index.ts";
import { corpus, type Handler } from "./handlers.ts";
import { type Request, requests, rows, tables } from "./request.ts";

/**
 * @param count - what was sent since it was called before.
 * @param only - some of the handlers. Default: all.
 * @param empty - empties all tables. Default: as SQLite does.
 * @returns what each sent as written, fused and by hand, with the first request.
 */
export async function compare(
  db: Database,
  count: () => Promise<number>,
  only: (name: string, index: number) => boolean = () => true,
  empty: readonly string[] = tables.map((table) => `delete from ${table}`),
): Promise<Record<string, number[]>> {
  const [written, fused] = [corpus("written"), corpus("fused")];
  const hand = { ...written, ...corpus("hand") };
  const counted: Record<string, number[]> = {};
  for (const [index, name] of Object.keys(written).filter(only).entries())
    // The other requests take other ways: a few of them will do here.
    for (const request of process.env["CORPUS"] === "all" || index % 6 === 0 ? requests : requests.slice(0, 1)) {
      const isFirst = request === requests[0];
      const versions = [written, fused, ...(isFirst ? [hand] : [])].map((version) => version[name]!);
      const runs: Run[] = [];
      for (const handler of versions) {
        await db.batch([...empty, ...rows()]);
        runs.push(await play(db, handler, request, count));
      }
      const [{ told, stored }] = runs as [Run, ...Run[]];
      for (const each of runs) expect({ name, told: each.told, stored: each.stored }).toEqual({ name, told, stored });
      if (isFirst) counted[name] = runs.map(({ sent }) => sent);
      expect(runs[1]!.sent, name).toBeLessThanOrEqual(runs[0]!.sent);
    }
  return counted;
}

interface Run {
  readonly told: unknown;
  readonly stored: unknown;
  readonly sent: number;
}

async function play(db: Database, handler: Handler, request: Request, count: () => Promise<number>): Promise<Run> {
  await count();
  const told = await handler(db, request).catch((error: unknown) => (isDbError(error) ? error.code : String(error)));
  const sent = await count();
  const stored = await db.batch(tables.map((table) => `select * from ${table} order by id`));
  return { told, sent, stored: stored.map((each) => each.rows) };
}
