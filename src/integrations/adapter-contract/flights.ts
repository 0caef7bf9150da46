import { asDbError, assert, assertEqual, caught } from "./assert.ts";
import type { Cases } from "./cases.ts";
import type { StepOutcome } from "../../index.ts";
import { BEGIN, COMMIT, errorOf, ROLLBACK, statuses } from "./fixture.ts";

export const flights: Cases = {
  "the steps of a flight run in order, and each has its own outcome": async (on) => {
    const connection = await on.openWithTables();
    const count = on.query({ text: "SELECT COUNT(*) AS n FROM parent" });
    const outcomes = await on.send(connection, [count, on.insertStep(2, "Bob"), count]);
    assertEqual(statuses(outcomes), "done done done");
    const counts = [outcomes[0], outcomes[2]].map(
      (outcome) => outcome?.status === "done" && Number(outcome.result.rows[0]![0]),
    );
    assertEqual(counts, [1, 2]);
  },

  "a failed step that stops lets nothing behind it run": async (on) => {
    const connection = await on.openWithTables();
    const outcomes = await on.send(connection, [on.insertStep(1, "Eve"), on.insertStep(2, "Bob"), COMMIT]);
    assertEqual(statuses(outcomes), "failed skipped skipped");
    assertEqual(await on.names(connection), ["Ada"]);
  },

  "a failed step that does not stop lets the others run": async (on) => {
    const connection = await on.openWithTables();
    const outcomes = await on.send(connection, [
      on.insertStep(1, "Eve", { onError: "continue" }),
      on.insertStep(2, "Bob"),
    ]);
    assertEqual(statuses(outcomes), "failed done");
    assertEqual(await on.names(connection), ["Ada", "Bob"]);
  },

  "a list is all or nothing with begin, commit and an undo": async (on) => {
    const connection = await on.openWithTables();
    const whole = [BEGIN, on.insertStep(2, "Bob"), on.insertStep(3, "Cyd"), COMMIT];
    assertEqual(statuses(await on.send(connection, whole, [ROLLBACK])), "done done done done");
    const torn = [BEGIN, on.insertStep(4, "Dan"), on.insertStep(1, "Eve"), on.insertStep(5, "Eli"), COMMIT];
    const outcomes = await on.send(connection, torn, [ROLLBACK]).catch(oneOf);
    assertEqual(statuses(outcomes), outcomes.length === 1 ? "failed" : "done done failed skipped skipped");
    asDbError("QUERY_FAILED", errorOf(outcomes.length === 1 ? outcomes[0] : outcomes[2]));
    assertEqual(connection.state, "idle");
    assertEqual(await on.names(connection), ["Ada", "Bob", "Cyd"]);
  },

  "undo runs only when a step stopped the flight, and its own failures are nobody's": async (on) => {
    const connection = await on.openWithTables();
    const missing = on.query({ text: "DELETE FROM nowhere" });
    await on.send(connection, [on.insertStep(2, "Bob")], [on.insertStep(9, "never")]);
    await on.send(connection, [on.insertStep(1, "x", { onError: "continue" })], [on.insertStep(9, "never")]);
    assertEqual(await on.names(connection), ["Ada", "Bob"]);
    const outcomes = await on.send(connection, [missing], [missing, on.insertStep(3, "undone")]);
    assertEqual(statuses(outcomes), "failed");
    assertEqual(await on.names(connection), ["Ada", "Bob", "undone"]);
  },

  "a flight whose signal has been aborted is not sent, and tells the signal's own reason": async (on) => {
    const connection = await on.openWithTables();
    const reason = new Error("gone");
    const error = await caught(() => connection.send({ steps: [on.insertStep(2, "Bob")] }, AbortSignal.abort(reason)));
    assert(error === reason, "expected the signal's own reason");
    const after = connection.state === "closed" ? await on.open() : connection;
    assertEqual(await on.names(after), ["Ada"]);
  },
};

/** Where the database does not say which statement of a list has failed, the flight as a whole does, and says so. */
export function oneOf(error: unknown): StepOutcome[] {
  assert(
    /one of these|or its COMMIT/.test(asDbError("QUERY_FAILED", error).message),
    `expected a list that failed, got ${String(error)}`,
  );
  return [{ status: "failed", error: error as Error }];
}
