import { asDbError, assert, assertEqual } from "./assert.ts";
import type { Cases } from "./cases.ts";
import { errorOf } from "./fixture.ts";

export const failures: Cases = {
  "what the database refuses is told in the same words by every adapter": async (on) => {
    const connection = await on.openWithTables();
    for (const { name, statement, kind, dialectCode, position, secret } of on.dialect.failures) {
      const [outcome] = await on.send(connection, [on.query(statement)]);
      const error = asDbError("QUERY_FAILED", errorOf(outcome));
      assertEqual(error.details.kind, kind, name);
      assertEqual(error.details.sql, statement.text, name);
      if (dialectCode !== undefined) assertEqual(error.details.dialectCode, dialectCode, name);
      if (position !== undefined) assertEqual(error.details.position, position, name);
      assertEqual(
        error.retryable,
        kind === "busy" || kind === "serialization" || kind === "deadlock",
        `${name}: retryable`,
      );
      assertEqual(error.outcome, "not-executed", `${name}: outcome`);
      assert(error.cause !== undefined, `${name}: expected a cause`);
      const shown = `${error.message} ${String(error.cause)} ${(error.cause as Error).stack}`;
      assert(secret === undefined || !shown.includes(secret), `${name}: an error shows a value: ${shown}`);
      assertEqual(connection.state, "idle", `${name}: state`);
    }
    assertEqual(await on.names(connection), ["Ada"]);
    assert(connection.isReusable, "a statement that failed spoils no connection");
  },
};
