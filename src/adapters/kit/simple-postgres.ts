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
import { parseAddress } from "../postgres/address.ts";
import { check } from "../postgres/check.ts";
import { Parsers } from "../postgres/parsers.ts";
import { CAPABILITIES } from "../postgres/session-config.ts";
import { WireConnection } from "../postgres/wire-connection.ts";
import { type Failures, failuresOf } from "../shared/failures.ts";
import { checkMembers } from "./check-members.ts";
import type { SimplePostgresOptions } from "./postgres-options.ts";
import { SimpleChannel } from "./simple-channel.ts";
import { split } from "../postgres/scan.ts";

const REQUIRED = ["open", "run", "close"] as const;
const OPTIONAL = ["toServerError", "isOpen", "key"] as const;
const ANSWER_TIMEOUT_MS = 300_000;

/**
 * Makes an adapter of a PostgreSQL driver that runs one statement at a time: you say how it opens, runs and closes, and isopool
 * does the rest: transactions, savepoints, guards and undo, settings, streams by cursors, parameter checks, values, errors, and
 * the reset between sessions. Prove it with `adapterContract()`.
 *
 * @throws TypeError if a required option is missing.
 * @example
 * const myPostgres = simplePostgresAdapter<Client>({
 *   name: "my-postgres",
 *   schemes: ["postgres", "postgresql"],
 *   open: ({ url }) => Client.connect(url),
 *   run: (client, { text, values }) => client.query({ text, values, rowMode: "array", types: asTexts }),
 *   close: (client) => client.end(),
 * });
 */
export function simplePostgresAdapter<Driver>(options: SimplePostgresOptions<Driver>): AdapterFactory {
  const { name, schemes, identity = [options.open] } = options;
  checkMembers(options, REQUIRED, OPTIONAL);
  if (!name || !Array.isArray(schemes) || schemes.length === 0)
    throw new TypeError('Expected `name` and `schemes`: `{ name: "my-postgres", schemes: ["postgres"], … }`');
  return { dialect: "postgres", schemes, identity, create: (source) => new SimplePostgres(options, source) };
}

class SimplePostgres<Driver> implements Adapter {
  readonly name: string;
  readonly key: string | undefined;
  readonly split: typeof split = split;
  readonly capabilities: Capabilities;
  readonly #options: SimplePostgresOptions<Driver>;
  readonly #parsers: Parsers;
  readonly #folder: string;
  readonly #failures: Failures;

  constructor(options: SimplePostgresOptions<Driver>, { url, folder }: AdapterSource) {
    this.name = options.name;
    this.key = options.key ? options.key(url) : parseAddress(url).key;
    this.capabilities = { ...CAPABILITIES, ...options.capabilities };
    this.#options = options;
    this.#parsers = new Parsers(options.parsers);
    this.#folder = folder;
    this.#failures = failuresOf(options.name);
  }

  check(statement: Statement, place: StatementPlace): void {
    check(statement, place, false);
  }

  async open({ url, signal }: OpenOptions): Promise<DriverConnection> {
    throwIfAborted(signal);
    let driver: Driver;
    try {
      driver = await this.#options.open({ url, folder: this.#folder, signal });
    } catch (cause) {
      throw isDbError(cause) || (signal.aborted && cause === reasonOf(signal)) ? cause : this.#refused(cause);
    }
    if (signal.aborted) {
      await this.#options.close(driver);
      throw reasonOf(signal);
    }
    return new WireConnection(new SimpleChannel(driver, this.#options, this.#failures), {
      setup: this.#options.setup ?? [],
      parsers: this.#parsers,
      // It would be a statement more, and a wait, in every transaction.
      idleInTransactionMs: 0,
      answerTimeoutMs: ANSWER_TIMEOUT_MS,
      isPooled: false,
      inherited: {},
    });
  }

  #refused(cause: unknown): Error {
    const { code } = Object(cause) as { readonly code?: unknown };
    const isLogin = String(code).startsWith("28");
    const message = isLogin ? "the database refused the login" : "the connection could not be opened";
    return this.#failures.failed(isLogin ? "AUTH_FAILED" : "CONNECT_FAILED", `${message}: see \`cause\``, { cause });
  }
}
