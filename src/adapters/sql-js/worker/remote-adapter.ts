import type {
  Adapter,
  Capabilities,
  DriverConnection,
  OpenOptions,
  StatementPlace,
} from "../../../contract/adapter.ts";
import type { AdapterEvent, AdapterStatus } from "../../../contract/events.ts";
import type { Statement } from "../../../contract/statement.ts";
import { throwIfAborted } from "../../../signal.ts";
import { checkPlace } from "../../sqlite/place.ts";
import { scan, split } from "../../sqlite/scan.ts";
import { CAPABILITIES, nameIn } from "../adapter.ts";
import { connectFailed } from "../errors.ts";
import type { SqlJsSource } from "../storage.ts";
import { encode } from "../values.ts";
import { type Client, lost } from "./client.ts";
import { RemoteConnection } from "./remote-connection.ts";

/** The worker that all databases of one factory share. */
export interface WorkerOwner {
  /** The one that runs, or a new one. */
  start(adapter: object): Client;
  /** One of the databases is done with it. */
  leave(adapter: object): void;
}

let numbers = 0;

/** One user of a database in a worker. */
export class RemoteAdapter implements Adapter {
  readonly name = "sql-js";
  readonly key: string | undefined;
  readonly split: typeof split = split;
  readonly capabilities: Capabilities = CAPABILITIES;
  readonly #owner: WorkerOwner;
  readonly #source: SqlJsSource;
  readonly #number: number = ++numbers;
  #client: Client | undefined;
  #connection: DriverConnection | undefined;
  #emit: ((event: AdapterEvent) => void) | undefined;
  status: AdapterStatus | undefined;

  constructor(owner: WorkerOwner, source: SqlJsSource) {
    const name = nameIn(source.url);
    this.#owner = owner;
    this.#source = source;
    this.key = name === "memory" ? undefined : `sqljs:${name}`;
  }

  check(statement: Statement, place: StatementPlace): void {
    encode(scan(statement.text), statement);
    checkPlace(statement, place);
  }

  async open({ signal }: OpenOptions): Promise<DriverConnection> {
    if (this.#connection) throw connectFailed("its connection is detached: close it");
    throwIfAborted(signal);
    const client = (this.#client = this.#owner.start(this));
    const connection = client.next();
    const { url, folder, takesOver } = this.#source;
    client.listen(this.#number, (event) => this.#receive(event));
    try {
      const { value: isKept } = await client.ask(
        { op: "open", adapter: this.#number, connection, url, folder, takesOver },
        signal,
      );
      client.isKept &&= isKept as boolean;
      throwIfAborted(signal);
      if (this.#client !== client) throw lost("not-executed");
    } catch (error) {
      // It may have been opened all the same, and would be the only one that there may be.
      client.ask({ op: "close", connection }).catch(() => undefined);
      throw error;
    }
    const opened = new RemoteConnection(client, connection, () => {
      if (this.#connection === opened) this.#connection = undefined;
    });
    return (this.#connection = opened);
  }

  listen(listener: (event: AdapterEvent) => void): void {
    this.#emit = listener;
  }

  /** Another tab has the database now. The worker ends with it at once, unless others have databases there: then it lets go of this one. */
  abandon(): void {
    const client = this.#client;
    this.#client = undefined;
    this.#owner.leave(this);
    if (!client || client.isOver) return;
    const ask = { op: "dispose", adapter: this.#number, isLost: true } as const;
    // Given up from the start: a worker that is in the middle of a statement is ended after a while.
    client.ask(ask, AbortSignal.abort()).catch(() => undefined);
    Promise.resolve(this.#connection?.close()).catch(() => undefined);
  }

  async dispose(): Promise<void> {
    const client = this.#client;
    this.#client = undefined;
    try {
      if (client && !client.isOver) await client.ask({ op: "dispose", adapter: this.#number });
    } finally {
      this.#owner.leave(this);
    }
  }

  #receive(event: AdapterEvent): void {
    if (event.type === "storage") this.status = { storage: event.kind };
    this.#emit?.(event);
  }
}
