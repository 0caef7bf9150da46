import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sqlite3InitModule from "@sqlite.org/sqlite-wasm";
import { describe, expect, test } from "vitest";
import type { AdapterFactory } from "../../../src/adapters/kit/index.ts";
import {
  adapterContract,
  type ContractDialect,
  databaseContract,
  sqliteDialect,
  type Target,
} from "../../../src/integrations/adapter-contract/index.ts";
import { libsqlAddon } from "./libsql-addon.ts";
import { createDatabase } from "../../../src/index.ts";
import { nodeSqlite, type NodeSqliteOptions } from "./node-sqlite.ts";
import { sqliteWasm, type SqliteWasmOptions } from "./sqlite-wasm.ts";

const dialect: ContractDialect = {
  ...sqliteDialect,
  kill: ({ raw }) => void (raw as { close(): unknown }).close(),
};

/** A file of its own for each case. */
function fileTarget(factory: AdapterFactory, rest: Partial<Target> = {}): Target {
  return {
    dialect,
    ...rest,
    make: () => {
      const folder = mkdtempSync(join(tmpdir(), "isopool-kit-"));
      return {
        factory,
        url: `file://${join(folder, "data.db")}`,
        dispose: () => rmSync(folder, { recursive: true, force: true }),
      };
    },
  };
}

/** Some drivers cut text at a NUL when they read it. */
function withoutNul({ values, ...rest }: ContractDialect): ContractDialect {
  return { ...rest, values: values.filter(({ name }) => name !== "text with a NUL") };
}

describe("an adapter made with simpleAdapter() keeps the contracts of adapters and databases: the libsql addon", () => {
  const target = fileTarget(libsqlAddon(), { cannotStream: true, dialect: withoutNul(dialect) });
  for (const { name, run } of [...adapterContract(target), ...databaseContract(target)]) test(name, run);
});

/** Node's own driver, where it has one. Node 22 cuts text at a NUL, and binds no bytes as NULL: docs/adapters.md says so. */
function nodeDriver(): NodeSqliteOptions | undefined {
  if (Number(process.versions.node.split(".")[0]) < 24) return undefined;
  return createRequire(import.meta.url)("node:sqlite") as NodeSqliteOptions;
}

describe("the example in docs/adapters.md keeps them: node:sqlite", () => {
  const driver = nodeDriver();
  if (!driver) return test.skip("this Node has no node:sqlite that is complete", () => undefined);
  const target = fileTarget(nodeSqlite(driver));
  for (const { name, run } of [...adapterContract(target), ...databaseContract(target)]) test(name, run);
});

describe("the example in docs/adapters.md keeps them: SQLite's own build for the web", async () => {
  const factory = sqliteWasm({
    sqlite3: (await sqlite3InitModule()) as unknown as SqliteWasmOptions["sqlite3"],
  });
  let files = 0;
  const target: Target = {
    dialect: withoutNul(dialect),
    // In the engine's own file system, which is memory here.
    make: () => ({ factory, url: `sqlite:/${++files}.db`, dispose: () => undefined }),
  };
  for (const { name, run } of [...adapterContract(target), ...databaseContract(target)]) test(name, run);

  // FOUND, Q4: sql.js has neither.
  test("it has FTS5 and R-Tree", async () => {
    const db = createDatabase("sqlite:memory", { adapters: [factory] });
    const rows = await db.session(async (session) => {
      await session.query("create virtual table note using fts5 (text)");
      await session.query("create virtual table area using rtree (id, west, east)");
      await session.batch(["insert into note values ('a quick brown fox')", "insert into area values (1, 2, 3)"]);
      const { rows: found } = await session.query("select text from note where note match 'brown'");
      const { rows: inside } = await session.query("select id from area where west >= 1 and east <= 4");
      return [found, inside];
    });
    expect(rows).toEqual([[{ text: "a quick brown fox" }], [{ id: 1 }]]);
    await db.dispose();
  });
});

test.each(["node-sqlite.ts", "sqlite-wasm.ts"])(
  "the example in docs/adapters.md is the adapter that is tested here: %s",
  (name) => {
    const file = readFileSync(new URL(name, import.meta.url), "utf8");
    const page = readFileSync(new URL("../../../docs/adapters.md", import.meta.url), "utf8");
    expect(page).toContain(`\`\`\`ts\n${file.replace("../../../src/adapters/kit/index.ts", "isopool/adapter")}\`\`\``);
  },
);
