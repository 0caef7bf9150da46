import type { RowStream, SqlValue } from "../../index.ts";
import { assert, assertEqual, caught, caughtDbError } from "./assert.ts";
import type { Cases } from "./cases.ts";
import { BEGIN, COMMIT, type Fixture, ROLLBACK, statuses } from "./fixture.ts";

async function drain(stream: RowStream): Promise<SqlValue[][]> {
  const batches: SqlValue[][] = [];
  for (;;) {
    const { done, value } = await stream.next();
    if (done) return batches;
    batches.push(value.rows.map(([first]) => Number(first)));
  }
}

const cases: Cases = {
  "rows come in batches, in order, with the names of their columns": async (on) => {
    const connection = await on.open();
    const stream = connection.stream!({ text: on.dialect.numbers(7) }, { batchSize: 3 });
    const first = await stream.next();
    assert(!first.done, "expected a batch");
    assertEqual(first.value.columns.length, 1);
    assertEqual(
      first.value.rows.map(([n]) => Number(n)),
      [1, 2, 3],
    );
    assertEqual(await drain(stream), [[4, 5, 6], [7]]);
    assertEqual((await stream.next()).done, true);
    await stream.return();
    assertEqual(await drain(connection.stream!({ text: on.dialect.numbers(0) }, { batchSize: 3 })), []);
  },

  "other statements may run between two batches, the same one too": async (on) => {
    const connection = await on.openWithTables();
    const text = on.dialect.numbers(4);
    const stream = connection.stream!({ text }, { batchSize: 2 });
    await stream.next();
    assertEqual((await on.run(connection, text)).rows.length, 4);
    await on.send(connection, [BEGIN, on.insertStep(2, "Bob"), COMMIT]);
    assertEqual(await drain(stream), [[3, 4]]);
    assertEqual(await on.names(connection), ["Ada", "Bob"]);
  },

  "a stream that is left holds nothing": async (on) => {
    const connection = await on.openWithTables();
    await on.insert(connection, 2, "Bob");
    const stream = connection.stream!({ text: "SELECT id FROM parent ORDER BY id" }, { batchSize: 1 });
    await stream.next();
    await stream.return();
    assertEqual((await stream.next()).done, true);
    await on.run(connection, "DROP TABLE child");
    await on.run(connection, "DROP TABLE parent");
    assert(connection.isReusable, "expected a connection that is good for others");
  },

  "a stream is told when its transaction is rolled back": async (on) => {
    const connection = await on.openWithTables();
    await on.send(connection, [BEGIN, on.insertStep(2, "Bob")]);
    const stream = connection.stream!({ text: "SELECT id FROM parent ORDER BY id" }, { batchSize: 1 });
    await stream.next();
    assertEqual(statuses(await on.send(connection, [ROLLBACK])), "done");
    await caughtDbError("TRANSACTION_LOST", () => stream.next());
    await stream.return();
    assertEqual(await on.names(connection), ["Ada"]);
  },

  "a stream of a connection that is closed says so": async (on) => {
    const connection = await on.openWithTables();
    await on.insert(connection, 2, "Bob");
    const stream = connection.stream!({ text: "SELECT id FROM parent" }, { batchSize: 1 });
    await stream.next();
    await connection.close();
    await caughtDbError("CONNECTION_LOST", () => stream.next());
  },

  "a stream whose signal is aborted tells the signal's own reason": async (on) => {
    const connection = await on.open();
    const controller = new AbortController();
    const stream = connection.stream!({ text: on.dialect.numbers(4) }, { batchSize: 1, signal: controller.signal });
    await stream.next();
    const reason = new Error("gone");
    controller.abort(reason);
    assert((await caught(() => stream.next())) === reason, "expected the signal's own reason");
  },

  "a statement that fails fails its stream, as it would fail a query": async (on) => {
    const connection = await on.openWithTables();
    const stream = connection.stream!({ text: "SELECT * FROM nowhere" }, { batchSize: 1 });
    await caughtDbError("QUERY_FAILED", () => stream.next());
    assertEqual(await on.names(connection), ["Ada"]);
  },

  "a write that gives rows is whole when its first row is there, and can be committed": async (on) => {
    const connection = await on.openWithTables();
    await on.send(connection, [BEGIN]);
    const text = "INSERT INTO parent (id, name, price) VALUES (2, 'Bob', 1), (3, 'Cyd', 1) RETURNING id";
    const stream = connection.stream!({ text }, { batchSize: 1 });
    await stream.next();
    assertEqual(statuses(await on.send(connection, [COMMIT])), "done");
    assertEqual(await drain(stream), [[3]]);
    assertEqual(await on.names(connection), ["Ada", "Bob", "Cyd"]);
  },
};

/** An adapter either streams, or says that it cannot, and then has no \`stream()\`. */
export const streams: Cases = Object.fromEntries(
  Object.entries(cases).map(([name, work]) => [
    name,
    async (on: Fixture): Promise<void> => {
      if (on.adapter.capabilities.streaming) return work(on);
      const connection = await on.open();
      assert(connection.stream === undefined, "an adapter that cannot stream has no stream()");
    },
  ]),
);
