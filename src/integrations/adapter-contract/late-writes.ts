import { asDbError, assert, assertEqual, caughtDbError } from "./assert.ts";
import type { Cases } from "./cases.ts";
import type { DatabaseCases, DatabaseFixture } from "./database-fixture.ts";
import type { Session } from "../../index.ts";
import { BEGIN, COMMIT, errorOf, ROLLBACK, statuses } from "./fixture.ts";

/** For adapters whose transactions write at COMMIT. */
export const lateWrites: Cases = {
  "a write that fails is told at the commit, and nothing of the transaction stays": async (on) => {
    const connection = await on.openWithTables();
    const steps = [BEGIN, on.insertStep(2, "Bob", { guarded: true }), on.insertStep(1, "Eve", { guarded: true })];
    assertEqual(statuses(await on.send(connection, steps)), "done done done");
    const outcomes = await on.send(connection, [COMMIT]);
    assertEqual(asDbError("QUERY_FAILED", errorOf(outcomes[0])).details.kind, "unique");
    assert(!connection.isReusable, "a connection in a transaction is nobody else's");
    await on.send(connection, [ROLLBACK]);
    assertEqual(await on.names(connection), ["Ada"]);
    assert(connection.isReusable, "expected a connection that is good for others");
  },

  "a query of what the transaction has written is refused, and one of something else is answered": async (on) => {
    const connection = await on.openWithTables();
    const read = (table: string): ReturnType<typeof on.query> =>
      on.query({ text: `SELECT COUNT(*) AS n FROM ${table}` }, { guarded: true, onError: "continue" });
    const insert = on.query({ text: "INSERT INTO child (id) VALUES (1)" }, { guarded: true });
    const outcomes = await on.send(connection, [BEGIN, insert, read("child"), read("parent")]);
    assertEqual(statuses(outcomes), "done done failed done");
    assertEqual(asDbError("TRANSACTION_UNSUPPORTED", errorOf(outcomes[2])).outcome, "not-executed");
    assertEqual(statuses(await on.send(connection, [COMMIT])), "done");
    assertEqual(Number(await on.value(connection, "SELECT COUNT(*) AS n FROM child")), 1);
  },

  "what was read and has changed since keeps the transaction from being committed": async (on) => {
    const connection = await on.openWithTables();
    const read = on.query({ text: "SELECT COUNT(*) AS n FROM parent" }, { guarded: true });
    await on.send(connection, [BEGIN, read]);
    await on.insert(await on.open(), 2, "Bob");
    await on.send(connection, [on.insertStep(3, "Cyd", { guarded: true })]);
    const [outcome] = await on.send(connection, [COMMIT]);
    const error = asDbError("QUERY_FAILED", errorOf(outcome));
    assertEqual([error.details.kind, error.retryable, error.outcome], ["serialization", true, "not-executed"]);
    await on.send(connection, [ROLLBACK]);
    assertEqual(await on.names(connection), ["Ada", "Bob"]);
  },
};

async function rename(on: DatabaseFixture, session: Session, mark: string): Promise<void> {
  const { rows } = await session.query<{ name: string }>("SELECT name FROM parent WHERE id = 1");
  await session.query(on.text("UPDATE parent SET name = ? WHERE id = 1"), [rows[0]!.name + mark]);
}

export const lateDatabases: DatabaseCases = {
  "what a write has changed is known behind the commit, and asking before is refused": async (on) => {
    const results = await on.db.session(async (session) => {
      const inserted = await session.query("INSERT INTO parent (id, name, price) VALUES (7, 'Bob', 1)");
      const updated = await session.query("UPDATE parent SET price = 2");
      for (const name of ["rowsAffected", "lastInsertRowid"] as const)
        await caughtDbError("TRANSACTION_UNSUPPORTED", () => inserted[name]);
      return [inserted, updated];
    });
    assertEqual(
      results.map(({ rowsAffected, lastInsertRowid }) => [rowsAffected, lastInsertRowid]),
      [
        [1, 7],
        [2, undefined],
      ],
    );
  },

  "statements that are sent with the commit see all of it, and give their rows": async (on) => {
    const session = on.db.open();
    await on.insert(session, 2, "Bob");
    await session.commit(
      "INSERT INTO parent (id, name, price) VALUES (3, 'Cyd', 1) RETURNING id",
      "UPDATE parent SET price = 5 WHERE id IN (SELECT id FROM parent WHERE name = 'Bob')",
    );
    await session.close();
    assertEqual(await on.names(), ["Ada", "Bob", "Cyd"]);
  },

  "parts that were rolled back are not written": async (on) => {
    await on.db.session(async (session) => {
      await on.insert(session, 2, "kept");
      const failing = session.transaction(
        async (inner) => {
          await on.insert(inner, 1, "a key twice");
          throw new Error("changed my mind");
        },
        { propagation: "nested" },
      );
      await failing.catch(() => undefined);
      await on.insert(session, 3, "kept too");
    });
    assertEqual(await on.names(), ["Ada", "kept", "kept too"]);
  },

  "sessions that read and write the same row at once lose nothing": async (on) => {
    const marks = ["a", "b", "c", "d", "e"];
    await Promise.all(
      marks.map((mark) =>
        on.db.session((session) => rename(on, session, mark), { retry: { retries: 50, delayMs: 1, maxDelayMs: 20 } }),
      ),
    );
    const [name] = await on.names();
    assertEqual(String(name).slice(3).split("").sort(), marks);
  },
};
