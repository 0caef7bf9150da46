import { assert, assertEqual, caught, caughtDbError } from "./assert.ts";
import type { DatabaseCases } from "./database-fixture.ts";

/** What reads first and writes then: one snapshot, and where there is one writer at a time, its turn from the beginning. */
const WRITER = { isolationLevel: "repeatable read", accessMode: "read write" } as const;

export const databases: DatabaseCases = {
  "a session that returns is committed, and one that throws is not": async (on) => {
    await on.db.session((session) => on.insert(session, 2, "Bob"));
    const reason = new Error("changed my mind");
    const error = await caught(() =>
      on.db.session(async (session) => {
        await on.insert(session, 3, "Cyd");
        throw reason;
      }),
    );
    assert(error === reason, "expected the caller's own error");
    assertEqual(await on.names(), ["Ada", "Bob"]);
  },

  "sessions do not see one another's work before it is committed": async (on) => {
    await Promise.all(
      [2, 3, 4, 5].map((id) =>
        on.db.session(async (session) => {
          const [before] = await session.sql<{ n: number | bigint }>`SELECT COUNT(*) AS n FROM parent`;
          await on.insert(session, id, `name ${id}`);
          const [after] = await session.sql<{ n: number | bigint }>`SELECT COUNT(*) AS n FROM parent`;
          assertEqual(Number(after!.n) - Number(before!.n), 1, "rows that the session itself made");
        }, WRITER),
      ),
    );
    assertEqual((await on.names()).length, 5);
  },

  "a batch is all or nothing, and its error names the statement": async (on) => {
    const torn = [on.insertion(2, "Bob"), on.insertion(1, "Eve"), on.insertion(3, "Cyd")];
    const error = await caughtDbError("QUERY_FAILED", () => on.db.session((session) => session.batch(torn)));
    assertEqual([error.details.kind, error.details.statementIndex], ["unique", 1]);
    assertEqual(await on.names(), ["Ada"]);
    const results = await on.db.autocommit.batch([on.insertion(2, "Bob"), "SELECT name FROM parent ORDER BY id"]);
    assertEqual(
      results.map(({ rows, rowsAffected }) => [rows, rowsAffected]),
      [
        [[], 1],
        [[{ name: "Ada" }, { name: "Bob" }], 0],
      ],
    );
  },

  "a batch that failed inside a session takes back only itself": async (on) => {
    await on.db.session(async (session) => {
      await on.insert(session, 2, "Bob");
      await caughtDbError("QUERY_FAILED", () => session.batch([on.insertion(3, "Cyd"), on.insertion(1, "Eve")]));
      await on.insert(session, 4, "Dan");
    });
    assertEqual(await on.names(), ["Ada", "Bob", "Dan"]);
  },

  "nested transactions are taken back one by one": async (on) => {
    await on.db.session(async (session) => {
      await on.insert(session, 2, "outer");
      await session.transaction(
        async (inner) => {
          await on.insert(inner, 3, "inner");
          const failing = inner.transaction(
            async (innermost) => {
              await on.insert(innermost, 4, "innermost");
              throw new Error("innermost");
            },
            { propagation: "nested" },
          );
          assertEqual(String(await caught(() => failing)), "Error: innermost");
        },
        { propagation: "nested" },
      );
    });
    assertEqual(await on.names(), ["Ada", "outer", "inner"]);
  },

  "a failed statement can be caught, and the session goes on": async (on) => {
    await on.db.session(async (session) => {
      await caughtDbError("QUERY_FAILED", () =>
        session.transaction((inner) => on.insert(inner, 1, "Eve"), { propagation: "nested" }),
      );
      await on.insert(session, 2, "Bob");
    });
    assertEqual(await on.names(), ["Ada", "Bob"]);
  },

  "a transaction that the database ended is told, and nothing of it stays": async (on) => {
    const { losing } = on.dialect;
    if (losing === undefined) return;
    await caughtDbError("TRANSACTION_LOST", () =>
      on.db.session(async (session) => {
        await on.insert(session, 2, "Bob");
        await caught(() => session.query(losing.text, losing.params));
        await caughtDbError("TRANSACTION_LOST", () => on.insert(session, 3, "Cyd"));
        await session.commit();
      }),
    );
    assertEqual(await on.names(), ["Ada"]);
  },

  "a template's values are bound, queries in it become part of it, and it runs once": async (on) => {
    await on.db.session(async (session) => {
      const name = "it's; DROP TABLE parent --";
      const insertion = session.sql`INSERT INTO parent (id, name, price) VALUES (${2}, ${name}, ${1.5})`;
      await Promise.all([insertion, insertion]);
      await insertion;
      const condition = session.sql`name = ${name} AND id = ${2}`;
      const [row] = await session.sql`SELECT id, name, price FROM parent WHERE ${condition}`;
      assertEqual({ ...row, id: Number(row!["id"]) }, { id: 2, name, price: 1.5 });
      assertEqual(await session.sql`SELECT name FROM parent WHERE ${condition}`.values(), [[name]]);
    });
  },

  "every value that can be bound comes back as it went in": async (on) => {
    await on.db.session(async (session) => {
      for (const [index, { name, column, value, back = value }] of on.dialect.values.entries()) {
        await session.query(`CREATE TABLE value_${index} (held ${column})`);
        await session.query(on.text(`INSERT INTO value_${index} (held) VALUES (?)`), [value]);
        const { rows, columns } = await session.query(`SELECT held FROM value_${index}`);
        assertEqual([rows, columns], [[{ held: back }], ["held"]], name);
      }
    });
  },

  "a wrong statement is refused before a connection is taken": async (on) => {
    await on.db.session(async (session) => {
      for (const [text, params] of [
        ["SELECT 1; SELECT 2", []],
        [on.text("SELECT ?"), []],
        ["", []],
      ] as const) {
        await caughtDbError("QUERY_FAILED", () => session.query(text, params));
      }
      assertEqual(on.db.stats().busy, 0, "connections taken");
    });
  },

  "what one session left behind, the next one does not see": async (on) => {
    for (const { name, leave, look } of on.dialect.leftovers) {
      await on.db.session(
        async (session) => {
          for (const text of leave) await session.query(text);
        },
        { transaction: false },
      );
      const seen = await on.db.autocommit.query(look).then(
        ({ rows }) => rows.length > 0 && Number(Object.values(rows[0]!)[0]) === 1,
        () => false,
      );
      assert(!seen, `${name}: seen by the next session`);
    }
    assertEqual(await on.names(), ["Ada"]);
  },

  "a dead connection is told once, and the next session has a good one": async (on) => {
    const { kill } = on.dialect;
    if (kill === undefined) return;
    await caughtDbError("CONNECTION_LOST", () =>
      on.db.session(async (session) => {
        await session.query("SELECT 1 AS one");
        const { raw } = await session.getConnection();
        await kill({ raw } as never);
        await session.query("SELECT 1 AS one");
      }),
    );
    const { rows } = await on.db.autocommit.query("SELECT 1 AS one");
    assertEqual(rows.length, 1);
  },
};

/** For adapters that can stream. */
export const databaseStreams: DatabaseCases = {
  "a stream lets the session work between its rows, and ends with it": async (on) => {
    await on.db.session(async (session) => {
      for (const id of [2, 3, 4]) await on.insert(session, id, `name ${id}`);
    });
    const seen: unknown[] = [];
    await on.db.session(async (session) => {
      for await (const { id } of session.stream("SELECT id FROM parent ORDER BY id", { batchSize: 1 })) {
        seen.push(Number(id));
        await session.query(on.text("UPDATE parent SET price = ? WHERE id = 1"), [Number(id)]);
        if (seen.length === 3) break;
      }
      await on.insert(session, 5, "behind the stream");
    });
    assertEqual(seen, [1, 2, 3]);
    assertEqual((await on.names()).length, 5);
    const session = on.db.open();
    const rows = session.stream("SELECT id FROM parent ORDER BY id", { batchSize: 1 })[Symbol.asyncIterator]();
    await rows.next();
    await session.close();
    await caughtDbError("SESSION_CLOSED", () => rows.next());
  },
};
