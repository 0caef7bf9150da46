// The same work by isopool, as written and fused, and by others at the same server: requests are counted there.

import type { Client } from "@libsql/client";
import type { Connection } from "@tursodatabase/serverless";
import type { sql as DrizzleSql } from "drizzle-orm";
import type { LibSQLDatabase } from "drizzle-orm/libsql";
import type { Kysely, sql as KyselySql } from "kysely";
import type { RunningServer } from "../servers/libsql/libsql-server.ts";

type What = keyof typeof WORK;
type Works = Record<What, () => unknown>;

/** Work for isopool, as an application's module has it. */
export const MODULE = `
const take = (tx, id) => tx.sql\`update item set count = count - 1 where id = \${id}\`;
const give = (tx, id) => tx.sql\`update item set count = count + 1 where id = \${id}\`;
export const transfer = (db) =>
  db.transaction(async (tx) => {
    await tx.sql\`update item set count = count - 1 where id = \${1}\`;
    await tx.sql\`update item set count = count + 1 where id = \${2}\`;
  });
export const list = (db) => db.transaction((tx) => [take(tx, 1), give(tx, 2)]);
export const riding = (db) =>
  db.transaction(async (tx) => {
    const [row] = await tx.sql\`select count from item where id = \${1}\`;
    if (row.count > 0) await tx.commit(take(tx, 1));
  });
export const reads = (db) => Promise.all([1, 2, 3, 4, 5, 6, 7, 8].map((id) => db.sql\`select count from item where id = \${id}\`));
`;

export const TABLE = [
  "create table item (id integer primary key, count integer)",
  "insert into item values (1, 100), (2, 100)",
];

const [TAKE, GIVE, READ] = [
  "update item set count = count - 1 where id = ?",
  "update item set count = count + 1 where id = ?",
  "select count from item where id = ?",
];
const EIGHT = [1, 2, 3, 4, 5, 6, 7, 8];

/** What is done, by the names of the functions in `MODULE`. */
export const WORK = {
  transfer: "a transfer of two updates",
  list: "two updates as a list",
  riding: "a check, then the last update with COMMIT",
  reads: "eight lone reads of one turn",
};

/** Requests of each. Kysely has no lists; a COMMIT that rides, none but isopool. */
export const REQUESTS = {
  transfer: { isopool: 3, fused: 1, client: 3, turso: 4, drizzle: 3, drizzleV1: 3, kysely: 3, kysely29: 3 },
  list: { isopool: 1, fused: 1, client: 1, turso: 1, drizzle: 1, drizzleV1: 1, kysely: 3, kysely29: 3 },
  riding: { isopool: 2, fused: 2, client: 3, turso: 4, drizzle: 3, drizzleV1: 3, kysely: 3, kysely29: 3 },
  reads: { isopool: 1, fused: 1, client: 8, turso: 8, drizzle: 8, drizzleV1: 8, kysely: 8, kysely29: 8 },
};

/** What `MODULE` exports, with the run-time half if it is fused. */
export function load(text: string, runtime: object | undefined): Record<What, (db: object) => unknown> {
  const body = text.replace(/import\*as (\S+) from"isopool\/fuse-runtime";/, "const $1=$given;");
  // oxlint-disable-next-line typescript/no-implied-eval
  return new Function(
    "$given",
    `"use strict";${body.replaceAll("export const", "const")}\nreturn { ${Object.keys(WORK).join()} };`,
  )(runtime) as Record<What, (db: object) => unknown>;
}

export function byIsopool(all: ReturnType<typeof load>, db: object): Works {
  return {
    transfer: () => all.transfer(db),
    list: () => all.list(db),
    riding: () => all.riding(db),
    reads: () => all.reads(db),
  };
}

export function byClient(client: Client): Works {
  const transaction = async (first: string, second: string): Promise<void> => {
    const tx = await client.transaction("write");
    try {
      const { rows } = await tx.execute({ sql: first, args: [1] });
      if (rows[0] === undefined || Number(rows[0]["count"]) > 0) await tx.execute({ sql: second, args: [2] });
      await tx.commit();
    } finally {
      tx.close();
    }
  };
  return {
    transfer: () => transaction(TAKE, GIVE),
    list: () =>
      client.batch(
        [
          { sql: TAKE, args: [1] },
          { sql: GIVE, args: [2] },
        ],
        "write",
      ),
    riding: () => transaction(READ, TAKE),
    reads: () => Promise.all(EIGHT.map((id) => client.execute({ sql: READ, args: [id] }))),
  };
}

/** Turso's own client for its servers. A transaction has a stream of its own there. */
export function byTurso(connection: Connection): Works {
  const transaction = (first: string, second: string): Promise<void> =>
    connection.transactionAsync(async (tx) => {
      const row = await tx.get(first, [1]);
      if (row === undefined || row.count > 0) await tx.run(second, [2]);
    })();
  return {
    transfer: () => transaction(TAKE, GIVE),
    list: () =>
      connection.batch(
        [
          { sql: TAKE, args: [1] },
          { sql: GIVE, args: [2] },
        ],
        "immediate",
      ),
    riding: () => transaction(READ, TAKE),
    reads: () => Promise.all(EIGHT.map((id) => connection.all(READ, [id]))),
  };
}

/** @param sql - of the same version. */
export function byDrizzle(orm: LibSQLDatabase, sql: typeof DrizzleSql): Works {
  const [take, give] = [
    (id: number) => sql`update item set count = count - 1 where id = ${id}`,
    (id: number) => sql`update item set count = count + 1 where id = ${id}`,
  ];
  const read = (id: number) => sql`select count from item where id = ${id}`;
  return {
    transfer: () =>
      orm.transaction(async (tx) => {
        await tx.run(take(1));
        await tx.run(give(2));
      }),
    list: () => orm.batch([orm.run(take(1)), orm.run(give(2))]),
    riding: () =>
      orm.transaction(async (tx) => {
        const row = await tx.get(read(1));
        if (row) await tx.run(take(1));
      }),
    reads: () => Promise.all(EIGHT.map((id) => orm.all(read(id)))),
  };
}

/** @param sql - of the same version. */
export function byKysely(kysely: Kysely<unknown>, sql: typeof KyselySql): Works {
  const take = (trx: Kysely<unknown>, id: number): Promise<unknown> =>
    sql`update item set count = count - 1 where id = ${id}`.execute(trx);
  const give = (trx: Kysely<unknown>, id: number): Promise<unknown> =>
    sql`update item set count = count + 1 where id = ${id}`.execute(trx);
  const read = (trx: Kysely<unknown>, id: number) =>
    sql<{ count: number }>`select count from item where id = ${id}`.execute(trx);
  const both = () =>
    kysely.transaction().execute(async (trx) => {
      await take(trx, 1);
      await give(trx, 2);
    });
  return {
    transfer: both,
    list: both,
    riding: () =>
      kysely.transaction().execute(async (trx) => {
        const { rows } = await read(trx, 1);
        if (rows[0]!.count > 0) await take(trx, 1);
      }),
    reads: () => Promise.all(EIGHT.map((id) => read(kysely, id))),
  };
}

/** Requests of each, in one run at one server. @param count - what was sent since it was called before. */
export async function play(
  peers: Readonly<Record<string, Works>>,
  count: () => Promise<number>,
): Promise<Record<string, Record<string, number>>> {
  const counted: Record<string, Record<string, number>> = {};
  for (const what of Object.keys(WORK) as What[]) {
    const sent: Record<string, number> = (counted[what] = {});
    for (const [peer, work] of Object.entries(peers)) {
      await count();
      await work[what]();
      sent[peer] = await count();
    }
  }
  return counted;
}

/** A stream that is closed by itself is waited for by nobody. */
export function countOf(server: RunningServer): () => Promise<number> {
  return async () => {
    const requests = await server.requests();
    await server.forgetRequests();
    return requests.filter(({ types }) => types.join() !== "close").length;
  };
}
