// Which request has which connection, as the pool's events tell: a request that was cut off may have borrowed one, and never
// sent anything.

import type { DatabaseEvent } from "../../src/contract/events.ts";
import type { SimConnection } from "./connection.ts";

export class Borrowers {
  readonly #connections: readonly SimConnection[];
  readonly #request: () => unknown;
  /** By the number that the pool gave it. */
  readonly #known = new Map<number, SimConnection>();
  readonly #borrowed = new Map<SimConnection, unknown>();

  constructor(connections: readonly SimConnection[], request: () => unknown) {
    this.#connections = connections;
    this.#request = request;
  }

  readonly take = (event: DatabaseEvent): void => {
    if (event.type === "open") {
      const known = new Set(this.#known.values());
      const isIt = (each: SimConnection): boolean =>
        each.lastRequest === this.#request() && each.closes === 0 && !known.has(each);
      const connection = this.#connections.find(isIt);
      if (connection) this.#known.set(event.connection, connection);
    } else if (event.type === "acquire" || event.type === "release") {
      const connection = this.#known.get(event.connection);
      if (!connection) return;
      if (event.type === "acquire") this.#borrowed.set(connection, this.#request());
      else this.#borrowed.delete(connection);
    }
  };

  /** Those who may take it with them when they are cut off. */
  of(connection: SimConnection): unknown[] {
    return [connection.lastRequest, this.#borrowed.get(connection)];
  }
}
