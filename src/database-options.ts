import type { AdapterFactory, MaybePromise } from "./contract/adapter.ts";
import type { ContextProvider } from "./contract/context.ts";
import type { DatabaseEvent } from "./contract/events.ts";
import type { Runtime } from "./contract/runtime.ts";
import { explicit } from "./context/explicit.ts";
import { checkPoolOptions, type PoolOptions } from "./pool/options.ts";
import { shared } from "./runtime/shared.ts";
import type { Hook, SourceOptions } from "./session/configured-source.ts";
import type { StatementInput } from "./session/statement.ts";

/** Where the database is. A function is asked whenever a connection is opened: for bindings known only inside a request. */
export type UrlSource = string | URL | (() => MaybePromise<string>);

export interface DatabaseOptions {
  /** The first whose `schemes` holds the URL's scheme serves it. */
  readonly adapters: readonly AdapterFactory[];
  /** Who is current? Default `explicit()`: sessions are passed by hand. */
  readonly context?: ContextProvider;
  /** What may outlive what? Default `shared()`. */
  readonly runtime?: Runtime;
  readonly pool?: PoolOptions;
  /** Whether connections that were idle for long are checked, and replaced unseen when they are dead. Default true. */
  readonly checkActiveConnection?: boolean;
  /** Runs on every fresh connection, in the flight of its first statement. */
  readonly setup?: readonly StatementInput[];
  /** Called with the pool's first connection; nobody gets one before it is done. */
  readonly afterFirstConnection?: Hook;
  /** Called with every fresh connection, before its first statement. */
  readonly afterConnection?: Hook;
  /** Working folder of adapters that store files. Default: what `setFolder()` said, else `""`. */
  readonly folder?: string;
  /** Told what happens. What it throws is ignored. */
  readonly onEvent?: (event: DatabaseEvent) => void;
  /** Keeps the stacks of acquires, for leak and deadlock reports: 1 µs each. Default false. */
  readonly stacks?: boolean;
}

const FUNCTIONS = ["afterFirstConnection", "afterConnection", "onEvent"] as const;
const FLAGS = ["checkActiveConnection", "stacks"] as const;

/** The options with their defaults. */
export interface DatabaseSettings {
  readonly adapters: readonly AdapterFactory[];
  readonly context: ContextProvider;
  readonly source: SourceOptions;
  readonly folder: string | undefined;
  readonly onEvent: ((event: DatabaseEvent) => void) | undefined;
}

/** @throws TypeError that names the option, its value and the remedy. */
export function checkDatabaseOptions(options: DatabaseOptions): DatabaseSettings {
  if (!Array.isArray(options?.adapters) || options.adapters.length === 0) {
    throw new TypeError("Expected `adapters` to be a list of at least one: `{ adapters: [sqlJs({ sqlJs })] }`");
  }
  for (const adapter of options.adapters as unknown[]) {
    if (typeof (adapter as AdapterFactory | null)?.create !== "function") {
      throw new TypeError(`Expected \`adapters\` to hold what sqlJs(), libsql() or neon() return, got \`${typeof adapter}\``);
    }
  }
  for (const name of FUNCTIONS) expectType(options, name, "function");
  for (const name of FLAGS) expectType(options, name, "boolean");
  expectType(options, "folder", "string");
  if (options.setup !== undefined && !Array.isArray(options.setup)) {
    throw new TypeError(`Expected \`setup\` to be a list of statements, got \`${typeof options.setup}\``);
  }
  const { adapters, context = explicit(), runtime = shared(), setup = [], checkActiveConnection = true, stacks = false } = options;
  const { afterFirstConnection, afterConnection, folder, onEvent } = options;
  checkPoolOptions(options.pool);
  const pool = options.pool ?? {};
  const source = { pool, runtime, setup, afterFirstConnection, afterConnection, checkActiveConnection, stacks };
  return { adapters, context, source, folder, onEvent };
}

function expectType(options: DatabaseOptions, name: keyof DatabaseOptions, type: string): void {
  const value = options[name];
  if (value !== undefined && typeof value !== type) throw new TypeError(`Expected \`${name}\` to be a ${type}, got \`${typeof value}\``);
}

/**
 * Finds the adapter for a URL.
 *
 * @throws TypeError that names the scheme, never the rest of the URL: that may hold a password.
 */
export function chooseAdapter(url: string, adapters: readonly AdapterFactory[]): AdapterFactory {
  const scheme = /^([a-z][a-z0-9+.-]*):/i.exec(url)?.[1]?.toLowerCase();
  const known = adapters.flatMap(({ schemes }) => schemes).map((name) => `${name}:`);
  if (scheme === undefined) throw new TypeError(`Expected a URL that begins with one of ${known.join(", ")}, got one without a scheme`);
  const chosen = adapters.find(({ schemes }) => schemes.includes(scheme));
  if (chosen === undefined) {
    throw new TypeError(`Expected a URL that begins with one of ${known.join(", ")}, got \`${scheme}:\`: is its adapter in \`adapters\`?`);
  }
  return chosen;
}
