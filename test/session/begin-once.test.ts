// FOUND: when a step behind BEGIN failed in the same flight, BEGIN was sent again, and rollback() sent nothing.

import { describe, expect, test } from "vitest";
import { queryFailed } from "../kit/fake-adapter.ts";
import { DIALECTS, storingDatabase } from "../kit/storing-database.ts";

const failed = queryFailed("other");
const nested = { propagation: "nested" } as const;

/** Fails once at this text. */
function once(at: string): (text: string) => { error: Error } | undefined {
  let isOver = false;
  return (text) => (!isOver && text === at && (isOver = true) ? { error: failed } : undefined);
}

describe.each(DIALECTS)("%s: BEGIN done, and the savepoint behind it failed", (dialect) => {
  test("rollback() is sent, and the next statement begins anew", async () => {
    const { db, adapter, stored, events } = storingDatabase({ dialect, script: once("savepoint isopool_1") });
    await db.session(async (s) => {
      await expect(s.transaction((tx) => tx.query("A"), nested)).rejects.toBe(failed);
      await s.rollback();
      await s.query("B");
    });
    expect(stored).toEqual(["B"]);
    expect(adapter.flights).toEqual(["1: begin | savepoint isopool_1 | A", "1: rollback", "1: begin | B", "1: commit"]);
    const settles = events.map(({ type }) => type).filter((type) => /begin|commit|rollback/.test(type));
    expect(settles).toEqual(["begin", "rollback", "begin", "commit"]);
  });

  test("without it, what is possible is told by the dialect, and BEGIN is not sent twice", async () => {
    const { db, adapter, stored } = storingDatabase({ dialect, script: once("savepoint isopool_1") });
    const work = db.session(async (s) => {
      await s.transaction((tx) => tx.query("A"), nested).catch(() => undefined);
      await s.query("B");
    });
    if (dialect === "sqlite") await work;
    else await expect(work).rejects.toMatchObject({ code: "ROLLBACK_ONLY", cause: failed });
    expect(stored).toEqual(dialect === "sqlite" ? ["B"] : []);
    expect(adapter.flights.join(" ").match(/begin/g)).toHaveLength(1);
  });
});

test.each(DIALECTS)("%s: the second of two savepoints failed: the first is not set again", async (dialect) => {
  const { db, adapter, stored } = storingDatabase({ dialect, script: once("savepoint isopool_2") });
  await db.session(async (s) => {
    await s.query("first");
    const part = s.transaction(async (a) => {
      await a.transaction((b) => b.query("b"), nested).catch(() => undefined);
      if (dialect === "sqlite") await a.query("a");
      else throw failed;
    }, nested);
    await part.catch(() => undefined);
    await s.query("last");
  });
  expect(stored).toEqual(dialect === "sqlite" ? ["first", "a", "last"] : ["first", "last"]);
  expect(adapter.flights.join(" ").match(/savepoint isopool_1/g)).toHaveLength(1);
});

test("setup steps that were done are not sent again when the one behind them failed with the connection kept", async () => {
  const { db, adapter } = storingDatabase({ script: once("begin") }, { setup: ["set"] });
  await db.session(async (s) => {
    await expect(s.query("A")).rejects.toBe(failed);
    await s.query("B");
  });
  expect(adapter.flights).toEqual(["1: set | begin | A", "1: begin | B", "1: commit"]);
});

test("events of begin and of its end come in pairs, whatever fails", async () => {
  const texts = [
    "begin",
    "A",
    "savepoint isopool_1",
    "B",
    "release isopool_1",
    "commit",
    "rollback",
    "rollback-to isopool_1",
  ];
  for (const dialect of DIALECTS) {
    for (const at of texts) {
      for (const throws of [false, true]) {
        const { db, events } = storingDatabase({ dialect, script: once(at) });
        const work = db.session(async (s) => {
          await s.query("A");
          await s
            .transaction(async (tx) => {
              await tx.query("B");
              if (throws) throw failed;
            }, nested)
            .catch(() => undefined);
          await s.query("C");
        });
        await work.catch(() => undefined);
        const settles = events.map(({ type }) => type).filter((type) => /^(begin|commit|rollback)$/.test(type));
        const ends = events.filter(
          (event) => event.type === "error" || (event.type === "close" && event.reason === "broken"),
        );
        const allowed = ["", "begin,commit", "begin,rollback", ...(ends.length > 0 ? ["begin"] : [])];
        expect(allowed, `${dialect}: ${at} ${throws}`).toContain(settles.join());
      }
    }
  }
});
