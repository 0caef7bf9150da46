import type { Adapter, AdapterFactory, MaybePromise } from "./contract/adapter.ts";
import type { ContextProvider } from "./contract/context.ts";
import type { DatabaseEvent } from "./contract/events.ts";
import { checkNames } from "./option-names.ts";
import { checkNumber, type PoolOptions } from "./pool/options.ts";
import type { PoolRuntime } from "./pool/runtime.ts";
import type { Hook } from "./session/hooks.ts";
import { checkRetry } from "./session/retry.ts";
import { DEFAULTS, type SessionDefaults } from "./session-defaults.ts";
import { type StatementInput, toStatement } from "./session/statement.ts";

/** The database's URL. A function is called whenever a connection is opened: for bindings known only inside a request. */
export type UrlSource = string | URL | (() => MaybePromise<string>);

export interface DatabaseOptions {
  /** The first one whose `schemes` include the URL's scheme is used. */
  readonly adapters: readonly AdapterFactory[];
  /** Finds the current session. Default `explicit()`: you pass sessions yourself. */
  readonly context?: ContextProvider;
  /** The platform's rules for connections and timers. Default `shared()`. */
  readonly runtime?: PoolRuntime;
  readonly pool?: PoolOptions;
  /** Whether connections that were idle for long are checked, and replaced transparently if dead. Default true. */
  readonly checkActiveConnection?: boolean;
  /** Statements to run on every new connection, in the flight of its first statement. */
  readonly setup?: readonly StatementInput[];
  /** Called with the pool's first connection; all other callers wait until it is done. */
  readonly afterFirstConnection?: Hook;
  /** Called with every new connection, before its first statement. */
  readonly afterConnection?: Hook;
  /** Defaults for its sessions: a deadline, retries, how they begin, settings. */
  readonly defaults?: SessionDefaults;
  /** `"required"`: a session without `settings` is refused, so that row-level security cannot be forgotten. */
  readonly settings?: "required";
  /** Working folder of adapters that store files. Default: the folder of `setFolder()`, else `""`. */
  readonly folder?: string;
  /** Receives every event. Errors it throws are ignored. */
  readonly onEvent?: (event: DatabaseEvent) => void;
  /**
   * Whether lone reads that are asked in one turn, outside any session, leave in one request: at libSQL, D1, and Neon over HTTP.
   * A read with a signal, deadline, retries, settings or `read only`, its own or by default, always leaves alone. Default true.
   */
  readonly coalesce?: boolean;
  /**
   * Refuses a lone statement while a session of the database is open in the isolate, as it may have lost that one: an event
   * listener runs in the context of who dispatches. Default: what its context provider was told, else false.
   */
  readonly strict?: boolean;
  /** Keeps the stacks of acquires, for leak and deadlock reports; costs a few microseconds each. Default false. */
  readonly stacks?: boolean;
}

const TYPES = {
  object: ["runtime", "pool", "defaults"],
  function: ["afterFirstConnection", "afterConnection", "onEvent"],
  boolean: ["checkActiveConnection", "coalesce", "stacks", "strict"],
  string: ["folder"],
} as const satisfies Record<string, readonly (keyof DatabaseOptions)[]>;

const NAMES: readonly string[] = [...Object.values(TYPES).flat(), "adapters", "context", "setup", "settings"];

/** @throws TypeError that names the option, its value and the remedy. */
export function checkDatabaseOptions(options: DatabaseOptions): void {
  const { adapters, setup = [] } = options ?? {};
  const areAdapters =
    Array.isArray(adapters) &&
    adapters.length > 0 &&
    adapters.every((factory) => typeof factory?.create === "function");
  if (!areAdapters) throw new TypeError("Expected `adapters` to list adapters: `{ adapters: [sqlJs({ sqlJs })] }`");
  if (!Array.isArray(setup))
    throw new TypeError(`Expected \`setup\` to be a list of statements, got \`${typeof setup}\``);
  checkNames(options, NAMES, "createDatabase()");
  const { settings } = options;
  if (settings !== undefined && settings !== "required")
    throw new TypeError(
      'Expected `settings` to be "required"; to set some for all sessions, use `defaults: { settings }`',
    );
  checkContext(options.context);
  for (const [type, names] of Object.entries(TYPES)) {
    for (const name of names) {
      const value = options[name];
      if (value !== undefined && typeof value !== type)
        throw new TypeError(`Expected \`${name}\` to be a ${type}, got \`${shown(value)}\``);
    }
  }
  const { timeoutMs = 0, retry = 0 } = options.defaults ?? {};
  checkNames(options.defaults, DEFAULTS, "`defaults`");
  checkNumber("timeoutMs", timeoutMs);
  checkRetry(retry);
}

function checkContext(context: ContextProvider | undefined): void {
  if (context === undefined || (typeof context?.run === "function" && typeof context.current === "function")) return;
  throw new TypeError(
    `Expected \`context\` to be a provider, such as \`asyncLocal(AsyncLocalStorage)\`, got \`${shown(context)}\``,
  );
}

// The text of a function is its source, which for a class may be pages.
function shown(value: unknown): string {
  return typeof value === "function" ? `function ${value.name}` : String(value);
}

/** Makes the adapter for a URL. @throws TypeError, for the URL or a statement of `setup`. */
export function makeAdapter(url: string, { adapters, setup = [] }: DatabaseOptions, folder: string): Adapter {
  const adapter = chooseAdapter(url, adapters).create({ url, folder });
  // Checked here, where the mistake was made, and not when the first connection is opened.
  for (const input of setup) toStatement(input, adapter, "setup");
  return adapter;
}

/**
 * Finds the adapter for a URL.
 *
 * @throws TypeError that names the scheme, never the rest of the URL: that may hold a password.
 */
function chooseAdapter(url: string, adapters: readonly AdapterFactory[]): AdapterFactory {
  const scheme = /^[a-z][a-z0-9+.-]*(?=:)/i.exec(url)?.[0].toLowerCase();
  const chosen = adapters.find(({ schemes }) => schemes.includes(scheme!));
  if (chosen !== undefined) return chosen;
  const known = adapters.flatMap(({ schemes }) => schemes).join(":, ");
  // As texts: a URL may be an object.
  const isMissing = /^(undefined|null|)$/.test(url);
  const question = isMissing ? "its environment variable set" : "its adapter in `adapters`";
  throw new TypeError(`Expected a URL of scheme ${known}:, got ${scheme ? `\`${scheme}:\`` : "none"}: is ${question}?`);
}
