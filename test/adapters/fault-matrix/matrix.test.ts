// A fault at every message of a unit of work: open, setup, hook, begin, statement, savepoint, release, commit or rollback, close.
// Whatever goes wrong, what is reported is what is stored, nothing stays open, and nothing waits beyond its deadline.
//
// `npm test` plays a sample: each position, with one action each. `npm run faults` plays every action, and pairs.

import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Database, isDbError } from "../../../src/index.ts";
import { type Stage, transports } from "./transports.ts";

const isWhole = process.env["FAULTS"] !== undefined;
/** No case may take longer: two deadlines, and a slow machine. */
const LATEST_MS = 30_000;

const mine = new Error("the application's own error");

/** What is done in one unit of work; `ends` says how. */
async function work(db: Database, ends: "commit" | "rollback"): Promise<void> {
  await db.session(async (session) => {
    await session.query("INSERT INTO goods VALUES (1)");
    await session.transaction((inner) => inner.query("INSERT INTO goods VALUES (2)"), { propagation: "nested" });
    const undone = session.transaction(
      async (inner) => {
        await inner.query("INSERT INTO goods VALUES (3)");
        throw mine;
      },
      { propagation: "nested" },
    );
    await undone.catch((error: unknown) => {
      if (error !== mine) throw error;
    });
    await session.query("INSERT INTO goods VALUES (4)");
    if (ends === "rollback") throw mine;
  });
}

const ALL = [1, 2, 4];

/** Plays one case, and says what is wrong with it. */
async function play(
  stage: Stage,
  ends: "commit" | "rollback",
  faults: readonly (readonly [string, number])[],
): Promise<string[]> {
  const db = stage.open();
  for (const [action, after] of faults) await stage.fail(action, after);
  const since = performance.now();
  const error = await work(db, ends).then(
    () => undefined,
    (thrown: unknown) => thrown ?? new Error("nothing was thrown"),
  );
  const wrong: string[] = [];
  if (performance.now() - since > LATEST_MS) wrong.push(`took ${performance.now() - since} ms`);
  await stage.clear();
  const { busy, waiting } = db.stats();
  if (busy + waiting > 0) wrong.push(`busy ${busy}, waiting ${waiting}`);
  const stored = (await stage.take()).join();
  const all = ALL.join();
  const isUnknown = isDbError(error) && error.outcome === "unknown" && error.code === "COMMIT_UNKNOWN";
  if (ends === "rollback" && stored !== "") wrong.push(`rolled back, and stored ${stored}`);
  if (ends === "rollback" && error === undefined) wrong.push("resolved, though the work threw");
  if (ends === "commit" && error === undefined && stored !== all) wrong.push(`resolved, and stored ${stored}`);
  if (ends === "commit" && isUnknown && stored !== all && stored !== "") wrong.push(`unknown, and stored ${stored}`);
  if (ends === "commit" && error !== undefined && !isUnknown && stored !== "")
    wrong.push(`rejected with ${String(error)}, and stored ${stored}`);
  // The same database goes on.
  const again = await work(db, "commit").then(
    () => stage.take(),
    (thrown: unknown) => String(thrown),
  );
  if (String(again) !== all) wrong.push(`the next session: ${String(again)}`);
  await db.dispose();
  const leaks = await stage.leaks();
  if (leaks.length > 0) wrong.push(`left open: ${leaks.join(", ")}`);
  return wrong.map(
    (what) => `${ends}, ${faults.map(([action, after]) => `${action} at ${after}`).join(" and ")}: ${what}`,
  );
}

describe.each(transports)("$name", ({ name, actions, start }) => {
  let stage: Stage;
  beforeAll(async () => {
    if (start) stage = await start();
  });
  afterAll(() => stage?.stop());

  test.skipIf(!start).each(["commit", "rollback"] as const)("a unit of work that ends by %s", async (ends) => {
    expect(await play(stage, ends, [])).toEqual([]);
    await stage.sent();
    const db = stage.open();
    await work(db, ends).catch(() => undefined);
    const count = await stage.sent();
    await db.dispose();
    await stage.take();
    expect(count, name).toBeGreaterThan(4);
    const wrong: string[] = [];
    let played = 0;
    for (let after = 0; after < count; after++)
      for (const [at, action] of actions.entries()) {
        if (!isWhole && (after + (ends === "commit" ? 0 : 3)) % actions.length !== at) continue;
        wrong.push(...(await play(stage, ends, [[action, after]])));
        played++;
        // The second meets what is sent because of the first, and what comes after it.
        const seconds = isWhole ? [0, 1, 2] : [];
        for (const second of seconds)
          for (const other of ["drop-before", "drop-after"])
            if (actions.includes(other)) {
              wrong.push(
                ...(await play(stage, ends, [
                  [action, after],
                  [other, after + second],
                ])),
              );
              played++;
            }
      }
    if (isWhole) console.log(`${name}, ${ends}: ${played} cases over ${count} messages`);
    expect(wrong).toEqual([]);
  });
});
