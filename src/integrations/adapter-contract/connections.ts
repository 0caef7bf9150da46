import { assert, assertEqual, caught, caughtDbError } from "./assert.ts";
import type { Cases } from "./cases.ts";
import { BEGIN, COMMIT } from "./fixture.ts";

/** For adapters whose connections are set up by those who use them. */
export const SETUP = "setup spoils no connection";
/** For the others. */
export const NO_SETUP = "setup is refused where the connections are set up elsewhere";

export const connections: Cases = {
  "a fresh connection is idle, and good for others": async (on) => {
    const connection = await on.open();
    assertEqual(connection.state, "idle");
    assert(connection.isReusable, "expected a connection that is good for others");
    assert(connection.raw !== undefined, "expected the driver's own handle");
  },

  "an open whose signal is aborted gives no connection": async (on) => {
    const reason = new Error("gone");
    const { adapter } = on;
    const error = await caught(() => adapter.open({ url: on.url, signal: AbortSignal.abort(reason) }));
    assert(error === reason, "expected the signal's own reason");
    await on.open();
  },

  "a closed connection takes no flight, and may be closed again": async (on) => {
    const connection = await on.open();
    await connection.close();
    await connection.close();
    const error = await caughtDbError("CONNECTION_LOST", () => on.run(connection, "SELECT 1"));
    assertEqual(error.outcome, "not-executed");
  },

  "what a session leaves behind is seen, and gone for the next one": async (on) => {
    for (const { name, leave, look } of on.dialect.leftovers) {
      const connection = await on.open();
      for (const text of leave) await on.run(connection, text);
      assertEqual(Number(await on.value(connection, look)), 1, `${name}: seen where it was made`);
      // Where it can be reset it is good for others, once it is told that they come; else it is good for nobody.
      const isReset = connection.isReusable && connection.renew !== undefined;
      assert(isReset || !connection.isReusable, `${name}: expected a connection that is not good for others`);
      if (isReset) connection.renew!();
      else await connection.close();
      const next = isReset ? connection : await on.open();
      const seen = await on.value(next, look).then(Number, () => 0);
      assertEqual(seen, 0, `${name}: seen by the next one`);
      await next.close();
    }
  },

  "data outlives a connection that was spoiled": async (on) => {
    const connection = await on.openWithTables();
    for (const { leave } of on.dialect.leftovers) for (const text of leave) await on.run(connection, text);
    await connection.close();
    const next = await on.open();
    assertEqual(await on.names(next), ["Ada"]);
    assert(next.isReusable, "expected a connection that is good for others");
  },

  "what only looks like settings spoils no connection": async (on) => {
    const connection = await on.openWithTables();
    for (const text of on.dialect.harmless) await on.run(connection, text);
    assert(connection.isReusable, "expected a connection that is good for others");
  },

  [SETUP]: async (on) => {
    const connection = await on.open();
    const [first] = on.dialect.leftovers;
    for (const text of first?.leave ?? []) await on.send(connection, [{ ...on.query({ text }), isSetup: true }]);
    assert(connection.isReusable, "expected a connection that is good for others");
  },

  "a connection that died says so, and the next one works": async (on) => {
    const { kill } = on.dialect;
    if (kill === undefined) return;
    for (const steps of [[], [BEGIN]]) {
      const connection = await on.open();
      await on.run(connection, "SELECT 1 AS one");
      if (steps.length > 0) await on.send(connection, steps);
      await kill(connection);
      const error = await caughtDbError("CONNECTION_LOST", () => on.run(connection, "SELECT 1 AS one"));
      assertEqual(error.outcome, "not-executed");
      assertEqual(connection.state, "closed");
      assert(!connection.isReusable, "a dead connection is nobody's");
      await connection.close();
      const next = await on.open();
      assertEqual(Number(await on.value(next, "SELECT 1 AS one")), 1);
      await next.close();
    }
  },

  [NO_SETUP]: async (on) => {
    const error = await caught(() => on.adapter.check?.({ text: "SELECT 1" }, "setup"));
    assert(error instanceof TypeError, "expected a TypeError that says where setup belongs");
  },

  "a connection is lent out again and again without a trace": async (on) => {
    const connection = await on.openWithTables();
    for (let id = 2; id < 200; id++) {
      await on.send(connection, [BEGIN, on.insertStep(id, `name ${id}`, { guarded: true }), COMMIT]);
      await on.run(connection, `SELECT ${id} AS n FROM parent WHERE id = ?`, [id]);
      assert(connection.isReusable, "expected a connection that is good for others");
    }
    assertEqual((await on.names(connection)).length, 199);
  },
};
