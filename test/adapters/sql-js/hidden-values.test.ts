import { expect, test } from "vitest";
import type { SqlJsDatabase } from "../../../src/adapters/sql-js/index.ts";
import { isDbError } from "../../../src/errors.ts";
import { open, run } from "./connection.ts";

test("no value shows in an error, though triggers and functions repeat it", async () => {
  const connection = await open();
  const raw = connection.raw as SqlJsDatabase & {
    create_function(name: string, work: (value: unknown) => never): void;
  };
  raw.create_function("refuse", (value) => {
    throw new Error(`refused ${String(value)}`);
  });
  await run(connection, "CREATE TABLE t (a)");
  await run(
    connection,
    "CREATE TRIGGER told BEFORE INSERT ON t BEGIN SELECT RAISE(ABORT, 'no room for ' || NEW.a); END",
  );
  const secrets = ["hunter2", "it's 'quoted'", 'a]b"c', 271828.5, 31_415_926, 2n ** 61n, "hunter2 and more"];
  for (const secret of secrets) {
    for (const text of ["INSERT INTO t VALUES (?)", "SELECT refuse(?)", "SELECT json_extract('{}', '$[' || ?)"]) {
      const error = await run(connection, text, [secret]).then(
        () => undefined,
        (thrown: unknown) => thrown,
      );
      if (error === undefined) continue;
      expect(isDbError(error, "QUERY_FAILED")).toBe(true);
      const { message, cause, stack, details } = error as Error & { cause: Error; details: object };
      const shown = [message, String(cause), cause.stack, stack, JSON.stringify(details)].join("\n");
      expect(shown).not.toContain(String(secret));
    }
  }
  await connection.close();
});

test("the words around a value, and a message without one, are kept", async () => {
  const connection = await open();
  await run(connection, "CREATE TABLE t (a)");
  await run(
    connection,
    "CREATE TRIGGER told BEFORE INSERT ON t BEGIN SELECT RAISE(ABORT, 'no room for ' || NEW.a); END",
  );
  await expect(run(connection, "INSERT INTO t VALUES (?)", ["hunter2"])).rejects.toThrow("QUERY_FAILED: no room for ?");
  await expect(run(connection, "SELECT * FROM users WHERE ?", ["users"])).rejects.toThrow("no such table: users");
  await connection.close();
});
