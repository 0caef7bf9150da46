import type { Step } from "../../index.ts";
import { asDbError, assert, assertEqual } from "./assert.ts";
import type { Cases } from "./cases.ts";
import { oneOf } from "./flights.ts";
import { BEGIN, COMMIT, errorOf, ROLLBACK, statuses, unwrap } from "./fixture.ts";

export const transactions: Cases = {
  "what is committed stays, and what is rolled back is gone": async (on) => {
    const connection = await on.openWithTables();
    assertEqual(connection.state, "idle");
    await on.send(connection, [BEGIN, on.insertStep(2, "Bob", { guarded: true })]);
    assertEqual(connection.state, "transaction");
    await on.send(connection, [COMMIT]);
    assertEqual(connection.state, "idle");
    await on.send(connection, [BEGIN, on.insertStep(3, "Cyd", { guarded: true })]);
    assertEqual(statuses(await on.send(connection, [ROLLBACK])), "done");
    assertEqual(connection.state, "idle");
    assertEqual(await on.names(connection), ["Ada", "Bob"]);
    assert(connection.isReusable, "expected a connection that is good for others");
  },

  "a guarded step never runs outside of a transaction": async (on) => {
    const connection = await on.openWithTables();
    const outcomes = await on.send(connection, [on.insertStep(2, "Bob", { guarded: true }), on.insertStep(3, "Cyd")]);
    assertEqual(statuses(outcomes), "skipped done");
    assertEqual(await on.names(connection), ["Ada", "Cyd"]);
  },

  "commit and savepoints without a transaction say that it is lost, and a rollback is already done": async (on) => {
    const connection = await on.openWithTables();
    const steps = [COMMIT, ...(["savepoint", "release", "rollback-to"] as const).map((kind) => ({ kind, name: "a" }))];
    for (const step of on.adapter.capabilities.savepoints ? steps : [COMMIT]) {
      const [outcome] = await on.send(connection, [step]);
      if (outcome?.status !== "skipped") asDbError("TRANSACTION_LOST", errorOf(outcome));
      assertEqual(connection.state, "idle", `state after ${step.kind}`);
    }
    assertEqual(statuses(await on.send(connection, [ROLLBACK])), "done");
    assert(connection.isReusable, "expected a connection that is good for others");
  },

  "a transaction that the database ended is seen, and nothing runs on in autocommit": async (on) => {
    const { losing } = on.dialect;
    if (losing === undefined) return;
    const connection = await on.openWithTables();
    await on.send(connection, [BEGIN, on.insertStep(2, "Bob", { guarded: true })]);
    const outcomes = await on.send(connection, [
      on.query(losing, { guarded: true, onError: "continue" }),
      on.insertStep(3, "Cyd", { guarded: true, onError: "continue" }),
      COMMIT,
    ]);
    assertEqual(statuses(outcomes.slice(0, 2)), "failed skipped");
    assert(outcomes[2]!.status !== "done", "a transaction that is gone cannot be committed");
    assertEqual(connection.state, "idle");
    assertEqual(await on.names(connection), ["Ada"]);
    assertEqual(
      statuses(await on.send(connection, [ROLLBACK, BEGIN, on.insertStep(4, "Dan"), COMMIT])),
      "done done done done",
    );
    assertEqual(await on.names(connection), ["Ada", "Dan"]);
  },

  "a failed statement in a transaction leaves it to be rolled back": async (on) => {
    const connection = await on.openWithTables();
    const steps = [BEGIN, on.insertStep(2, "Bob", { guarded: true }), on.insertStep(1, "Eve", { guarded: true })];
    assertEqual(statuses(await on.send(connection, steps)), "done done failed");
    assert(connection.state === "transaction" || connection.state === "failed", `unexpected state ${connection.state}`);
    assert(!connection.isReusable, "a connection in a transaction is nobody else's");
    await on.send(connection, [ROLLBACK]);
    assertEqual(await on.names(connection), ["Ada"]);
  },

  "a rollback to a savepoint takes back what came after it, and no more": async (on) => {
    if (!on.adapter.capabilities.savepoints) return;
    const connection = await on.openWithTables();
    const name = 'odd "name"; --';
    await on.send(connection, [BEGIN, on.insertStep(2, "kept"), { kind: "savepoint", name }, on.insertStep(3, "gone")]);
    await on.send(connection, [
      { kind: "rollback-to", name },
      { kind: "release", name },
      { kind: "savepoint", name: "b" },
      on.insertStep(4, "kept too"),
      { kind: "release", name: "b" },
      COMMIT,
    ]);
    assertEqual(connection.state, "idle");
    assertEqual(await on.names(connection), ["Ada", "kept", "kept too"]);
  },

  "a savepoint heals a statement that failed behind it": async (on) => {
    if (!on.adapter.capabilities.savepoints) return;
    const connection = await on.openWithTables();
    const name = "a";
    await on.send(
      connection,
      [BEGIN, { kind: "savepoint", name }, on.insertStep(1, "Eve")],
      [{ kind: "rollback-to", name }],
    );
    assertEqual(statuses(await on.send(connection, [on.insertStep(2, "Bob", { guarded: true }), COMMIT])), "done done");
    assertEqual(await on.names(connection), ["Ada", "Bob"]);
  },

  "a read only transaction cannot write, and the next one can": async (on) => {
    const connection = await on.openWithTables();
    for (const ending of [COMMIT, ROLLBACK]) {
      const begin = { kind: "begin", options: { accessMode: "read only" } } as const;
      const outcomes = await on.send(connection, [begin, on.insertStep(2, "Bob", { guarded: true })]);
      assertEqual(statuses(outcomes), "done failed");
      assertEqual(asDbError("QUERY_FAILED", errorOf(outcomes[1])).details.kind, "permission");
      await on.send(connection, [ending]);
    }
    await on.insert(connection, 2, "Bob");
    assertEqual(statuses(await on.send(connection, [BEGIN, on.insertStep(3, "Cyd"), COMMIT])), "done done done");
    assertEqual(await on.names(connection), ["Ada", "Bob", "Cyd"]);
    assert(connection.isReusable, "nothing of a read only transaction stays behind");
  },

  "every isolation level that is offered can be had": async (on) => {
    const connection = await on.openWithTables();
    assert(on.adapter.capabilities.isolationLevels.includes("serializable"), "expected serializable among them");
    for (const isolationLevel of on.adapter.capabilities.isolationLevels) {
      const begin = { kind: "begin", options: { isolationLevel } } as const;
      const read = on.query({ text: "SELECT COUNT(*) AS n FROM parent" }, { guarded: true });
      assertEqual(statuses(await on.send(connection, [begin, read, COMMIT])), "done done done", isolationLevel);
    }
  },

  "a commit that the database refuses is the caller's error, and the work can be rolled back": async (on) => {
    const connection = await on.openWithTables();
    const orphan = on.query({ text: "INSERT INTO child (id, parent_id) VALUES (1, 99)" }, { guarded: true });
    const outcomes = await on.send(connection, [BEGIN, orphan, COMMIT], [ROLLBACK]).catch(oneOf);
    assertEqual(statuses(outcomes), outcomes.length === 1 ? "failed" : "done done failed");
    assertEqual(asDbError("QUERY_FAILED", errorOf(outcomes.at(-1))).details.kind, "foreign-key");
    assertEqual(connection.state, "idle");
    assertEqual(Number(await on.value(connection, "SELECT COUNT(*) AS n FROM child")), 0);
    assert(connection.isReusable, "expected a connection that is good for others");
  },

  "a connection that is closed in a transaction takes it back": async (on) => {
    const connection = await on.openWithTables();
    await on.send(connection, [BEGIN, on.insertStep(2, "Bob")]);
    await connection.close();
    assertEqual(await on.names(await on.open()), ["Ada"]);
  },

  "a change of the schema that is rolled back leaves no trace in what is read later": async (on) => {
    const connection = await on.openWithTables();
    const all = on.query({ text: "SELECT * FROM child" });
    const rename = on.query({ text: "ALTER TABLE child RENAME COLUMN parent_id TO other_id" });
    const columns = async (steps: readonly Step[]): Promise<string> =>
      (await on.send(connection, steps)).map((outcome) => unwrap(outcome).columns[1]).join(" ");
    assertEqual(await columns([all, BEGIN, rename, all, ROLLBACK, all]), "parent_id   other_id  parent_id");
    if (!on.adapter.capabilities.savepoints) return;
    const name = "a";
    const nested: readonly Step[] = [{ kind: "savepoint", name }, rename, all, { kind: "rollback-to", name }, all];
    assertEqual(await columns([BEGIN, ...nested, COMMIT]), "   other_id  parent_id ");
  },
};
