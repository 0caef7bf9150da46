import type { Adapter, Capabilities, DriverConnection, OpenOptions, StatementPlace } from "../../contract/adapter.ts";
import type { AdapterEvent, AdapterStatus } from "../../contract/events.ts";
import type { Statement } from "../../contract/statement.ts";
import { checkPlace } from "../sqlite/place.ts";
import { scan, split } from "../sqlite/scan.ts";
import { SqlJsConnection } from "./connection.ts";
import type { SqlJsStatic } from "./driver.ts";
import { type Engine, type EngineUser, findEngine } from "./engine.ts";
import { connectFailed } from "./errors.ts";
import type { SqlJsOptions } from "./index.ts";
import type { SqlJsSource } from "./storage.ts";
import { encode } from "./values.ts";
import { throwIfAborted } from "../../signal.ts";

export const CAPABILITIES: Capabilities = {
  dialect: "sqlite",
  affinity: "isolate",
  transactions: "interactive",
  savepoints: true,
  streaming: true,
  maxConnections: 1,
  placeholder: "?",
  // A stronger level than asked for is what the SQL standard allows.
  isolationLevels: ["read uncommitted", "read committed", "repeatable read", "serializable"],
  tellsDeath: true,
};

/** One user of a database in memory: what is in it is the engine's, which all that name it share. */
export class SqlJsAdapter implements Adapter, EngineUser {
  readonly name = "sql-js";
  readonly key: string | undefined;
  readonly split: typeof split = split;
  readonly capabilities: Capabilities = CAPABILITIES;
  readonly busyTimeoutMs: number | undefined;
  readonly #options: SqlJsOptions;
  readonly #name: string;
  #static: SqlJsStatic | undefined;
  #engine: Engine | undefined;
  #connection: SqlJsConnection | undefined;
  #emit: ((event: AdapterEvent) => void) | undefined;
  readonly #takesOver: boolean | undefined;
  status: AdapterStatus | undefined;

  constructor(options: SqlJsOptions, { url, folder, takesOver }: SqlJsSource) {
    const name = nameIn(url);
    const { storage } = options;
    this.#name = name;
    this.busyTimeoutMs = options.busyTimeoutMs;
    this.#takesOver = takesOver;
    this.key = name === "memory" ? undefined : `sqljs:${name}`;
    this.#options = { ...options, storage: this.key ? (storage?.in?.(folder) ?? storage) : undefined };
  }

  check(statement: Statement, place: StatementPlace): void {
    encode(scan(statement.text), statement);
    checkPlace(statement, place);
  }

  async open({ signal }: OpenOptions): Promise<DriverConnection> {
    const sqlJs = (this.#static ??= await this.#start());
    // A caller that gave up may have been disposed since.
    throwIfAborted(signal);
    const { storage, warn = globalThis.console.warn } = this.#options;
    const options = { sqlJs, storage, warn, takesOver: this.#takesOver };
    let engine: Engine;
    do engine = this.#engine ??= findEngine(this.#name, options);
    while (!(await this.#join(engine, options)));
    throwIfAborted(signal);
    if (this.#connection) throw connectFailed("its connection is detached: close it");
    this.#note(engine, storage !== undefined);
    return (this.#connection = new SqlJsConnection(engine, this, () => (this.#connection = undefined)));
  }

  listen(listener: (event: AdapterEvent) => void): void {
    this.#emit = listener;
  }

  onChange(isOwn: boolean): void {
    this.#emit?.({ type: "change", isOwn });
  }

  /** Its page is hidden, and may never run again: what is not durable yet is made so. */
  async flush(): Promise<void> {
    await this.#engine?.stored?.commit(true);
  }

  /** Another tab has the database now. */
  abandon(): void {
    this.#engine?.abandon();
  }

  async dispose(): Promise<void> {
    const engine = this.#engine;
    this.#engine = undefined;
    // A late holder's uncommitted work must not keep the rest from being saved.
    this.#connection?.close();
    await engine?.leave(this);
  }

  #note({ stored }: Engine, isSaved: boolean): void {
    const kind = stored ? stored.kind : isSaved ? "image" : "memory";
    const isNew = kind !== this.status?.storage;
    this.status = { storage: kind };
    if (isNew && stored && kind) this.#emit?.({ type: "storage", kind, cause: stored.cause });
  }

  async #join(engine: Engine, options: Parameters<Engine["join"]>[1]): Promise<boolean> {
    let isIn = false;
    try {
      return (isIn = await engine.join(this, options));
    } finally {
      if (!isIn && this.#engine === engine) this.#engine = undefined;
    }
  }

  async #start(): Promise<SqlJsStatic> {
    const { sqlJs } = this.#options;
    try {
      const found = typeof sqlJs === "function" ? await sqlJs() : sqlJs;
      const probe = new found.Database();
      // Before 1.15.2 an empty database gave an empty image, and an export closed all that was prepared.
      const isFit = probe.export().length > 0;
      probe.close();
      if (isFit) return found;
    } catch (error) {
      throw connectFailed("sql.js did not start: pass what `await initSqlJs()` returns", error);
    }
    throw connectFailed("sql.js is too old: install 1.15.2 or later");
  }
}

/** @throws TypeError for another URL. */
export function nameIn(url: string): string {
  const name = /^sqljs:(\w[\w.-]*)$/i.exec(url)?.[1];
  if (name) return name;
  // No adapter of ours takes a password behind this scheme, but people paste.
  const shown = url.replace(/\/\/.*@/, "//…@");
  throw new TypeError(`Expected \`sqljs:memory\` or \`sqljs:<name>\` (letters, digits, . _ -), got \`${shown}\``);
}
