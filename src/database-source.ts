import type { Adapter, MaybePromise } from "./contract/adapter.ts";
import type { DatabaseEvent, PoolEvent, SessionEvent } from "./contract/events.ts";
import { chooseAdapter, type DatabaseSettings, type UrlSource } from "./database-options.ts";
import { DbError } from "./errors.ts";
import type { ConfiguredSource, SourceUser } from "./session/configured-source.ts";
import { currentFolder, instances } from "./session/instances.ts";
import { leaveSource, shareSource } from "./session/shared-source.ts";
import { toStatement } from "./session/statement.ts";
import type { Host } from "./session/unit.ts";

let databases = 0;

/** A database's way to its source: which adapter serves the URL, and which pool it shares with whom. */
export class DatabaseSource implements SourceUser {
  readonly host: Host;
  readonly folder: string;
  readonly #url: string | (() => MaybePromise<string>);
  readonly #settings: DatabaseSettings;
  readonly #number: number = ++databases;
  #adapter: Adapter | undefined;
  #source: ConfiguredSource | undefined;
  #isDisposed = false;

  constructor(database: object, url: UrlSource, settings: DatabaseSettings, turnTimeoutMs: number) {
    const { context, source, folder, onEvent } = settings;
    this.#url = typeof url === "function" ? url : String(url);
    this.#settings = settings;
    this.folder = folder ?? currentFolder(context);
    this.host = {
      database,
      number: this.#number,
      clock: source.runtime.clock,
      context,
      checksConnections: source.checkActiveConnection,
      turnTimeoutMs,
      source: () => this.#source ?? this.#open(),
      emit: onEvent === undefined ? undefined : (event) => this.#tell(event),
    };
    if (typeof this.#url === "string") this.#adapter = this.#makeAdapter(this.#url);
  }

  get current(): ConfiguredSource | undefined {
    return this.#source;
  }

  url(): MaybePromise<string> {
    return typeof this.#url === "string" ? this.#url : this.#url();
  }

  onPoolEvent(event: PoolEvent): void {
    this.#tell(event);
  }

  async dispose(options?: { readonly timeoutMs?: number }): Promise<void> {
    this.#isDisposed = true;
    instances().databases.delete(this.host);
    const source = this.#source;
    this.#source = undefined;
    if (source !== undefined) await leaveSource(source, this, options);
  }

  #open(): MaybePromise<ConfiguredSource> {
    this.#assertOpen();
    if (this.#adapter !== undefined) return this.#share(this.#adapter);
    // Each caller asks for itself; no promise is kept that would hang for ever if its request were cut off.
    return Promise.resolve(this.url()).then((url) => this.#source ?? this.#share(this.#makeAdapter(url)));
  }

  #share(adapter: Adapter): ConfiguredSource {
    this.#assertOpen();
    const { adapters, source, folder } = this.#settings;
    const { pool, runtime, setup, afterFirstConnection, afterConnection, checkActiveConnection, stacks } = source;
    const identity = [
      this.#url,
      ...adapters.flatMap(({ identity: parts }) => parts),
      ...POOL_OPTIONS.map((name) => pool[name]),
      ...setup.map((input) => toStatement(input, adapter)).flatMap(({ text, params }) => [text, ...Object.values(params ?? {})]),
      ...[runtime.name, runtime.clock, afterFirstConnection, afterConnection, checkActiveConnection, stacks, folder],
    ];
    instances().databases.add(this.host);
    this.#source = shareSource(adapter, identity, source, this);
    return this.#source;
  }

  #makeAdapter(url: string): Adapter {
    const adapter = chooseAdapter(url, this.#settings.adapters).create({ url, folder: this.folder });
    // Checked here, where the mistake was made, and not when the first connection is opened.
    for (const input of this.#settings.source.setup) toStatement(input, adapter);
    return adapter;
  }

  #assertOpen(): void {
    if (!this.#isDisposed) return;
    throw new DbError("POOL_CLOSED", "the database was disposed: make a new one with createDatabase()", { pool: "" });
  }

  // A listener that throws must not stop what it listens to.
  #tell(event: PoolEvent | SessionEvent): void {
    const { onEvent, source } = this.#settings;
    if (onEvent === undefined) return;
    try {
      onEvent({ ...event, at: source.runtime.clock.now(), pool: this.#source?.pool.name ?? "" } as DatabaseEvent);
    } catch {}
  }
}

const POOL_OPTIONS = [
  "max",
  "maxIdle",
  "acquireTimeoutMs",
  "openTimeoutMs",
  "idleMs",
  "maxLifetimeMs",
  "maxUses",
  "validateAfterMs",
  "maxWaiting",
  "leakMs",
] as const;
