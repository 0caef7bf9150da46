import type { AdapterFactory, MaybePromise } from "../../contract/adapter.ts";
import { SqlJsAdapter } from "./adapter.ts";
import type { SqlJsStatic } from "./driver.ts";
import type { SqlJsCommitStorage, SqlJsStorage } from "./storage.ts";
import { BUSY_TIMEOUT_MS } from "./turn.ts";
import { checkNames } from "../../option-names.ts";

export type { DriverValue, SqlJsDatabase, SqlJsStatement, SqlJsStatic } from "./driver.ts";
export { memory, type SqlJsCommitStorage, type SqlJsStorage, type StoredDatabase } from "./storage.ts";

export interface SqlJsOptions {
  /** The result of `await initSqlJs()` (sql.js 1.15.2 or later), or a function that returns it, called at the first connection. */
  readonly sqlJs: SqlJsStatic | (() => MaybePromise<SqlJsStatic>);
  /**
   * Where named databases come from, and go to: those of `isopool/sql-js/storage` keep each commit, `memory()` an image at `dispose()`.
   * Default: they begin empty, and are gone when they are disposed.
   */
  readonly storage?: SqlJsStorage | SqlJsCommitStorage | undefined;
  /**
   * How long a session waits while another Database of the name, or another tab, is in a transaction, in milliseconds: then it fails with
   * `QUERY_FAILED`, kind `busy`. `Infinity` = as long as its own signal and deadline allow. Default 5_000.
   */
  readonly busyTimeoutMs?: number | undefined;
  /** Told when an image may lack what was written last: it comes from WAL mode, without its `-wal` file. Default `console.warn`. */
  readonly warn?: ((message: string) => void) | undefined;
}

/**
 * SQLite in memory, using sql.js: `sqljs:memory`, private to one Database, and `sqljs:<name>`, one for all that name it.
 *
 * - One transaction at a time, even across several Databases of one name, whose other options may differ; they must agree on
 *   `storage` and on the build of sql.js, or `CONNECT_FAILED` names the difference. The data lives until the last one of them is
 *   disposed, and its name until it is saved.
 * - Foreign keys are enforced. Every transaction is serializable, whatever level it requests; `read only` is enforced.
 * - A Date binds as ISO text in UTC (`2026-01-02T03:04:05.678Z`), which sorts, and which SQLite's own functions read;
 *   a boolean binds as 1 or 0.
 * - A session that set a PRAGMA, attached a database or created temporary objects costs a copy of the database: the next one
 *   gets a new engine, without functions registered through `connection.raw`: register them in `afterConnection`.
 * - `lastInsertRowid` is SQLite's: an upsert that updated, or a table WITHOUT ROWID, leaves the id of the previous insert.
 *
 * @throws TypeError if `sqlJs` is missing, or for a wrong or unknown option.
 * Source: https://sql.js.org/documentation/
 * @example
 * import initSqlJs from "sql.js";
 *
 * const db = createDatabase("sqljs:shop", { adapters: [sqlJs({ sqlJs: initSqlJs })] });
 */
export function sqlJs(options: SqlJsOptions): AdapterFactory {
  // A `storage` under another name would be a database that nobody keeps.
  checkNames(options, ["sqlJs", "storage", "busyTimeoutMs", "warn"] satisfies (keyof SqlJsOptions)[], "sqlJs()");
  const { sqlJs: source, storage, busyTimeoutMs = BUSY_TIMEOUT_MS } = options;
  if (!source) throw new TypeError(`Expected \`sqlJs\` to be what \`await initSqlJs()\` returns, got \`${source}\``);
  if (!(busyTimeoutMs > 0)) throw new TypeError(`Expected \`busyTimeoutMs\` to be > 0, got \`${busyTimeoutMs}\``);
  checkStorage(storage);
  return {
    dialect: "sqlite",
    schemes: ["sqljs"],
    identity: [source, storage?.key ?? storage, busyTimeoutMs],
    create: (from) => new SqlJsAdapter(options, from),
  };
}

/** Before anything is in a database that could not be saved. */
function checkStorage(storage: unknown): void {
  if (storage === undefined) return;
  const { load, save, in: within, open } = Object(storage) as Record<string, unknown>;
  const pairs = [
    [load, save],
    [within, open],
  ];
  if (!pairs.some((pair) => pair.every((method) => typeof method === "function")))
    throw new TypeError(
      `Expected \`storage\` to have \`load()\` and \`save()\`, or to be what \`opfs()\` and the like return, got \`${storage === null ? "null" : typeof storage}\``,
    );
}
