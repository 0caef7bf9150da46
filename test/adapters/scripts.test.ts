// `script()`: a text like that of a `.sql` file is cut as the database reads it, and is done as a whole or not at all.

import { describe, expect, test } from "vitest";
import { split as splitPostgres } from "../../src/adapters/postgres/scan.ts";
import { split as splitSqlite } from "../../src/adapters/sqlite/scan.ts";
import type { Database } from "../../src/index.ts";
import { engines } from "./engines.ts";

const COMMON: readonly (readonly [text: string, statements: readonly string[]])[] = [
  ["", []],
  [" ; \n;; -- nothing\n /* at all; */ ", []],
  ["select 1", ["select 1"]],
  ["select 1;", ["select 1;"]],
  ["-- first\nselect 1; ; select 2 -- ; no\n; /* ; */", ["-- first\nselect 1; ;", "select 2 -- ; no\n; /* ; */"]],
  [`select ';' as "a;b";select 'it''s;'`, [`select ';' as "a;b";`, "select 'it''s;'"]],
  ["select 1; 123", ["select 1;", "123"]],
  ["select 1; ')", ["select 1;", "')"]],
  [
    "select case when 1 then 2 end; create view v as select case when 1 then 2 end; select 3",
    ["select case when 1 then 2 end;", "create view v as select case when 1 then 2 end;", "select 3"],
  ],
  [
    "create table t (begin int, b int default 1); select 2",
    ["create table t (begin int, b int default 1);", "select 2"],
  ],
  ["select 'never closed; select 2", ["select 'never closed; select 2"]],
  ["select '\ud83e'; select '\0'; select 3", ["select '\ud83e';", "select '\0';", "select 3"]],
];

describe.each([
  ["SQLite", splitSqlite],
  ["PostgreSQL", splitPostgres],
])("%s", (_, split) => {
  test.each(COMMON)("%j", (text, statements) => expect(split(text)).toEqual(statements));

  test("a text of 20,000 statements is cut in time that grows with its length", () => {
    const cost = (count: number): number => {
      const text = "insert into item values (1, 'a;b'); -- one\n".repeat(count);
      const { user } = process.cpuUsage();
      expect(split(text)).toHaveLength(count);
      return process.cpuUsage().user - user;
    };
    cost(2_000);
    expect(cost(20_000)).toBeLessThan(60 * Math.max(cost(2_000), 5_000));
  });
});

test("a trigger's body, a bracketed name and a parameter are SQLite's", () => {
  const trigger = "create trigger t after insert on a begin select 1; select case when 1 then 2 end; end;";
  const other = "create temp trigger u after insert on x begin insert into y values ((1)); end;";
  expect(splitSqlite(`${trigger} ${other} select [a;b], \`c;d\`; select :a(;)`)).toEqual([
    trigger,
    other,
    "select [a;b], `c;d`;",
    "select :a(;)",
  ]);
});

test("a text of nested comments alone is none to PostgreSQL, and one that is never closed is PostgreSQL's to refuse", () => {
  expect(splitPostgres(";; /* a /* b */ ; */ -- c; /*\n;")).toEqual([]);
  expect(splitPostgres("select 1; /* a /* b */ */")).toEqual(["select 1; /* a /* b */ */"]);
  for (const text of ["/* a", "/* a /* b */", "; -- c\n/* a /* b */ -- */ */"])
    expect(splitPostgres(text)).toEqual([text]);
});

test("a body in dollars, an escape, a nested comment and BEGIN ATOMIC are PostgreSQL's", () => {
  const statements = [
    "do $$ begin perform 1; perform 2; end $$;",
    "select $a$;$$;$a$;",
    "select e'\\';';",
    "select 1 /* ; /* ; */ ; */;",
    "create function f() returns int begin atomic select 1; select case when true then 2 end; end;",
    "create or replace procedure p() language sql begin atomic select case when 1 then 2 end; select 2; end;",
    "create rule r as on insert to a do also (select 1; select 2);",
    "create constraint trigger t after insert on x execute function f();",
  ];
  expect(splitPostgres(statements.join("\n"))).toEqual(statements);
});

const FILE = `
  -- The shop, as a file has it.
  create table item (id integer primary key, name text not null);
  insert into item values (1, 'a;b'), (2, 'it''s'); /* two; of them */
  insert into item values (3, 'c');
`;

describe.each(Object.entries(engines))("on %s", (_, begin) => {
  const names = async (db: Database): Promise<unknown[]> =>
    (await db.query("select name from item order by id")).rows.map(({ name }) => name);

  test("a file runs in one flight, outside of a session and in one", async () => {
    const db = await begin();
    const { flights } = db.stats();
    expect(await db.script(FILE)).toBeUndefined();
    expect(db.stats().flights - flights).toBe(1);
    expect(await names(db)).toEqual(["a;b", "it's", "c"]);
    await db.session((session) => session.script("delete from item where id = 1; delete from item where id = 2"));
    expect(await names(db)).toEqual(["c"]);
  });

  test("one that fails leaves nothing, and its error names the statement; a session goes on", async () => {
    const db = await begin();
    await db.script(FILE);
    const failing = "insert into item values (4, 'd'); insert into item values (1, 'twice'); delete from item;";
    const refusal = {
      code: "QUERY_FAILED",
      outcome: "not-executed",
      details: { kind: "unique", statementIndex: 1, sql: "insert into item values (1, 'twice');" },
    };
    await expect(db.script(failing)).rejects.toMatchObject(refusal);
    await db.session(async (session) => {
      await session.query("insert into item values (5, 'e')");
      await expect(session.script(failing)).rejects.toMatchObject(refusal);
    });
    expect(await names(db)).toEqual(["a;b", "it's", "c", "e"]);
  });

  test("what begins or ends a transaction, has a placeholder or is no text is refused before anything is sent", async () => {
    const db = await begin();
    await db.script("create table item (id integer, name text)");
    const { flights } = db.stats();
    const first = "insert into item values (1, 'a')";
    await expect(db.script(`begin; ${first}; commit`)).rejects.toMatchObject({ code: "TRANSACTION_STATEMENT" });
    await expect(db.script(`${first}; select 'half \ud83e'`)).rejects.toMatchObject({ details: { kind: "syntax" } });
    const placeholder = db.dialect === "postgres" ? "$1" : "?";
    await expect(db.script(`${first}; select ${placeholder}`)).rejects.toMatchObject({
      details: { kind: "parameter", statementIndex: 1 },
    });
    await expect(db.script([first] as never)).rejects.toThrow(
      new TypeError("Expected a text of statements, got `object`"),
    );
    await db.script(" -- nothing\n ;");
    expect(db.stats().flights).toBe(flights);
    expect(await names(db)).toEqual([]);
  });
});
