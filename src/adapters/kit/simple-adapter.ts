import type {
  Adapter,
  AdapterFactory,
  AdapterSource,
  Capabilities,
  DriverConnection,
  OpenOptions,
  StatementPlace,
} from "../../contract/adapter.ts";
import type { Statement } from "../../contract/statement.ts";
import { isDbError } from "../../errors.ts";
import { reasonOf, throwIfAborted } from "../../signal.ts";
import { failuresOf } from "../shared/failures.ts";
import { checkPlace } from "../sqlite/place.ts";
import { bindSqlite } from "../sqlite/values.ts";
import { checkMembers } from "./check-members.ts";
import type { SimpleAdapterOptions } from "./options.ts";
import { SimpleConnection } from "./simple-connection.ts";
import { split } from "../sqlite/scan.ts";

const REQUIRED = ["open", "run", "inTransaction", "close"] as const;
const OPTIONAL = ["toError", "isOpen", "stream", "key"] as const;

/**
 * Makes an adapter of a SQLite driver that runs one statement at a time: you say how it opens, runs and closes, and isopool
 * does the rest: transactions, savepoints, guards and undo, read-only transactions, parameter checks, values, errors, and
 * whether a connection may be used again. Prove it with `adapterContract()`.
 *
 * @throws TypeError if a required option is missing, or one is no function.
 * @example
 * const nodeSqlite = simpleAdapter<DatabaseSync>({
 *   name: "node-sqlite",
 *   schemes: ["file"],
 *   open: ({ url }) => new DatabaseSync(new URL(url).pathname),
 *   run: (db, { text, values }) => runOn(db.prepare(text), values),
 *   inTransaction: (db) => db.isTransaction,
 *   close: (db) => db.close(),
 * });
 */
export function simpleAdapter<Driver>(options: SimpleAdapterOptions<Driver>): AdapterFactory {
  const { name, schemes, identity = [options.open] } = options;
  checkMembers(options, REQUIRED, OPTIONAL);
  if (!name || !Array.isArray(schemes) || schemes.length === 0)
    throw new TypeError('Expected `name` and `schemes`: `{ name: "node-sqlite", schemes: ["file"], … }`');
  return { dialect: "sqlite", schemes, identity, create: (source) => new SimpleAdapter(options, source) };
}

class SimpleAdapter<Driver> implements Adapter {
  readonly name: string;
  readonly key: string | undefined;
  readonly split: typeof split = split;
  readonly capabilities: Capabilities;
  readonly #options: SimpleAdapterOptions<Driver>;
  readonly #folder: string;

  constructor(options: SimpleAdapterOptions<Driver>, { url, folder }: AdapterSource) {
    this.name = options.name;
    this.key = options.key ? options.key(url) : keyOf(url);
    this.capabilities = {
      dialect: "sqlite",
      affinity: "isolate",
      transactions: "interactive",
      savepoints: true,
      streaming: options.stream !== undefined,
      maxConnections: 1,
      placeholder: "?",
      isolationLevels: ["read uncommitted", "read committed", "repeatable read", "serializable"],
      tellsDeath: options.isOpen !== undefined,
      ...options.capabilities,
    };
    this.#options = options;
    this.#folder = folder;
  }

  check(statement: Statement, place: StatementPlace): void {
    bindSqlite(statement);
    checkPlace(statement, place);
  }

  async open({ url, signal }: OpenOptions): Promise<DriverConnection> {
    throwIfAborted(signal);
    const { name } = this.#options;
    let driver: Driver;
    try {
      driver = await this.#options.open({ url, folder: this.#folder, signal });
    } catch (cause) {
      if (isDbError(cause) || (signal.aborted && cause === reasonOf(signal))) throw cause;
      throw failuresOf(name).failed("CONNECT_FAILED", `${name} could not open the database: see \`cause\``, { cause });
    }
    if (signal.aborted) {
      await this.#options.close(driver);
      throw reasonOf(signal);
    }
    return new SimpleConnection(driver, this.#options);
  }
}

/** The URL, unless it holds what a key must not show. */
function keyOf(url: string): string | undefined {
  const [, scheme, path] = /^([^:]+):(.*)$/s.exec(url) ?? [];
  if (scheme === undefined || /\/\/[^/]*@|\?/.test(url))
    throw new TypeError("Expected a URL without a password and parameters: give the adapter a `key(url)` for those");
  return path === "memory" ? undefined : url;
}
