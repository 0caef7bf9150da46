import type { Adapter, AdapterFactory, DriverConnection, MaybePromise, RowStream } from "../../../contract/adapter.ts";
import { connectionLost } from "../errors.ts";
import type { Abandonable, SqlJsSource } from "../storage.ts";
import {
  type Answer,
  type Ask,
  type ConnectionState,
  type Notice,
  type Question,
  toPlain,
  toPlainEvent,
  toPlainOutcome,
} from "./messages.ts";

/** What `sqlJs()` opens, and `sqlJsWorker()`. */
export interface ImageConnection extends DriverConnection {
  image(signal?: AbortSignal): MaybePromise<Uint8Array>;
}

interface Connected {
  readonly connection: DriverConnection;
  readonly streams: Map<number, RowStream>;
}

/** Does in the worker what one page asks for. */
export class Host {
  readonly #factory: AdapterFactory;
  readonly #isKept: boolean;
  readonly #post: (answer: Answer | Notice) => void;
  readonly #adapters: Map<number, Abandonable> = new Map();
  readonly #connections: Map<number, Connected> = new Map();
  readonly #aborts: Map<number, AbortController> = new Map();

  /** @param isKept - each commit is kept: a database comes back when its worker was ended. */
  constructor(factory: AdapterFactory, isKept: boolean, post: (answer: Answer | Notice) => void) {
    this.#factory = factory;
    this.#isKept = isKept;
    this.#post = post;
  }

  async receive(question: Question): Promise<void> {
    if ("isHidden" in question) return this.#flush();
    if ("abort" in question) return this.#aborts.get(question.abort)?.abort();
    const { id, ask } = question;
    this.#post({ id, isAccepted: true });
    const abort = new AbortController();
    this.#aborts.set(id, abort);
    try {
      const value = await this.#perform(ask, abort.signal);
      this.#post({ id, value, connection: this.#stateOf(ask) });
    } catch (error) {
      this.#post({ id, error: toPlain(error), connection: this.#stateOf(ask) });
    } finally {
      this.#aborts.delete(id);
    }
  }

  #flush(): void {
    for (const adapter of this.#adapters.values() as Iterable<Adapter & { flush?(): Promise<void> }>)
      adapter.flush?.().catch(() => undefined);
  }

  /** The page is gone: its transactions are rolled back, and its databases are left. */
  async end(): Promise<void> {
    for (const abort of this.#aborts.values()) abort.abort();
    for (const { connection } of this.#connections.values()) await connection.close();
    this.#connections.clear();
    const adapters = [...this.#adapters.values()];
    this.#adapters.clear();
    for (const adapter of adapters) await adapter.dispose?.();
  }

  #stateOf(ask: Ask): ConnectionState | undefined {
    // Not of one that was just opened: nobody has used it, and a look at it would be its first statement.
    const { connection } = ("connection" in ask && ask.op !== "open" && this.#connections.get(ask.connection)) || {};
    return connection && { state: connection.state, isReusable: connection.isReusable };
  }

  async #perform(ask: Ask, signal: AbortSignal): Promise<unknown> {
    if (ask.op === "open") return this.#open(ask, signal);
    if (ask.op === "dispose") {
      const adapter = this.#adapters.get(ask.adapter);
      this.#adapters.delete(ask.adapter);
      if (ask.isLost) adapter?.abandon?.();
      return adapter?.dispose?.();
    }
    const connected = this.#connections.get(ask.connection);
    if (ask.op === "close") {
      this.#connections.delete(ask.connection);
      return connected?.connection.close();
    }
    if (!connected) throw connectionLost();
    const { connection, streams } = connected;
    switch (ask.op) {
      case "send":
        return (await connection.send(ask.flight, signal)).map(toPlainOutcome);
      case "export":
        return (connection as ImageConnection).image(signal);
      case "stream":
        return void streams.set(ask.stream, connection.stream!(ask.statement, { batchSize: ask.batchSize }));
      case "next":
        return (await streams.get(ask.stream)?.next()) ?? { done: true, value: undefined };
      case "return":
        await streams.get(ask.stream)?.return();
        return void streams.delete(ask.stream);
    }
  }

  async #open(ask: Ask & { op: "open" }, signal: AbortSignal): Promise<boolean> {
    const { adapter, connection, url } = ask;
    const on = this.#adapters.get(adapter) ?? this.#create(ask);
    this.#connections.set(connection, { connection: await on.open({ url, signal }), streams: new Map() });
    return this.#isKept && on.key !== undefined && on.status?.storage !== "memory";
  }

  #create({ adapter, url, folder, takesOver }: Ask & { op: "open" }): Adapter {
    const created = this.#factory.create({ url, folder, takesOver } as SqlJsSource);
    created.listen?.((event) => this.#post({ adapter, event: toPlainEvent(event) }));
    this.#adapters.set(adapter, created);
    return created;
  }
}
