import type { Statement } from "../../index.ts";
import type { QueryFailureKind } from "../../errors.ts";
import { assert, assertEqual, caughtDbError } from "./assert.ts";
import type { Cases } from "./cases.ts";
import type { Fixture } from "./fixture.ts";

const SECRET = "s3cr3t-value";

async function assertRefused(on: Fixture, statement: Statement, kind: QueryFailureKind): Promise<string> {
  assert("check" in on.adapter, "expected an adapter that checks statements");
  const error = await caughtDbError("QUERY_FAILED", () => on.adapter.check?.(statement, "session"));
  assertEqual(error.details.kind, kind, statement.text);
  assertEqual(error.details.sql, statement.text);
  assertEqual(error.outcome, "not-executed");
  assert(
    !JSON.stringify([error.message, error.details, String(error.cause)]).includes(SECRET),
    "an error shows a value",
  );
  return error.message;
}

export const checks: Cases = {
  "a wrong number of values is refused before anything is opened": async (on) => {
    for (const [text, params] of [
      ["SELECT ?", []],
      ["SELECT ?", undefined],
      ["SELECT ?, ?", [SECRET]],
      ["SELECT 1", [SECRET]],
    ] as const) {
      await assertRefused(on, on.statement(text, params), "parameter");
    }
    on.adapter.check?.(on.statement("SELECT ?, '?', \"?\" /* ? */ -- ?", [1]), "session");
  },

  "values that cannot be bound are refused by their place, never by what they are": async (on) => {
    for (const value of [
      undefined,
      ...(on.adapter.capabilities.dialect === "postgres" ? [] : [{ secret: SECRET }, [SECRET]]),
      () => SECRET,
      Symbol(SECRET),
      ...on.dialect.refused,
    ]) {
      const message = await assertRefused(on, on.statement("SELECT ?, ?", [1, value as never]), "parameter");
      assert(message.includes("2"), `expected the place in: ${message}`);
    }
  },

  "a name without a value and a value without a name are refused": async (on) => {
    if (!on.dialect.named) return;
    const missing = await assertRefused(on, { text: "SELECT :a, :b", params: { a: SECRET } }, "parameter");
    assert(missing.includes("b"), `expected the name in: ${missing}`);
    const unknown = await assertRefused(on, { text: "SELECT :a", params: { a: 1, c: SECRET } }, "parameter");
    assert(unknown.includes("c"), `expected the name in: ${unknown}`);
    await assertRefused(on, { text: "SELECT :a", params: { ":a": SECRET } }, "parameter");
    await assertRefused(on, { text: "SELECT ?", params: { a: SECRET } }, "parameter");
    await assertRefused(on, { text: "SELECT :toString", params: {} }, "parameter");
    const invalid = await assertRefused(on, { text: "SELECT :a", params: { a: undefined as never } }, "parameter");
    assert(invalid.includes("a"), `expected the name in: ${invalid}`);
  },

  "names may be used more than once, in any order": async (on) => {
    if (!on.dialect.named) return;
    const connection = await on.open();
    const { rows } = await on.run(connection, "SELECT :b AS x, :a AS y, :b AS z", { a: "A", b: "B" });
    assertEqual(rows, [["B", "A", "B"]]);
  },

  "several statements in one text are refused, and none of them runs": async (on) => {
    for (const text of ["SELECT 1; SELECT 2", "SELECT 1;;\n/* x */ DELETE FROM parent", "SELECT ';'; SELECT 2"]) {
      const message = await assertRefused(on, { text }, "syntax");
      assert(message.includes("batch"), `expected the remedy in: ${message}`);
    }
    for (const text of ["SELECT 1;", "SELECT 1 ; -- ; SELECT 2", "SELECT ';' AS a; /* ; */"])
      on.adapter.check?.({ text }, "session");
  },

  "a script is cut into its statements, where the adapter does that": async (on) => {
    if (!on.adapter.split) return;
    for (const [text, statements] of [
      [" ; -- nothing\n", []],
      ["SELECT 1", ["SELECT 1"]],
      ["/* ; */ SELECT ';' AS a; SELECT 2;\n", ["/* ; */ SELECT ';' AS a;", "SELECT 2;"]],
    ] as const) {
      assertEqual(on.adapter.split(text), statements, text);
      for (const each of statements) on.adapter.check?.({ text: each }, "session");
    }
  },

  "a text that cannot be sent as it is, or would be read in part, is refused": async (on) => {
    for (const text of ["SELECT 1 \0", "SELECT 'half of a pair: \ud83e'"]) {
      const message = await assertRefused(on, { text }, "syntax");
      assert(message.includes("NUL"), `expected the reason in: ${message}`);
    }
  },

  "a text without a statement is refused": async (on) => {
    for (const text of ["", " \n", ";", "-- nothing", "/* nothing */ ;"]) await assertRefused(on, { text }, "syntax");
  },
};
