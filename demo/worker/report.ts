// What the Worker answers, as types: the page reads them too.

import type { PoolHostStats } from "../../src/adapters/hosted/index.ts";
import type { DatabaseStats } from "../../src/index.ts";

export interface Product {
  readonly id: number;
  readonly name: string;
  readonly category: string;
  readonly priceCents: number;
  readonly stock: number;
}

export interface ProductList {
  readonly products: readonly Product[];
  /** Where the next page begins; `null` when there is none. */
  readonly next: number | null;
}

export interface OrderLine {
  readonly product: string;
  readonly quantity: number;
  readonly priceCents: number;
}

export interface Order {
  readonly id: number;
  readonly customer: string;
  readonly orderedAt: string;
  readonly status: string;
  readonly lines: readonly OrderLine[];
  readonly totalCents: number;
}

export interface SalesReport {
  readonly categories: readonly { readonly category: string; readonly sold: number; readonly revenueCents: number }[];
  readonly orders: number;
  readonly revenueCents: number;
}

/** What one request of the isolate cost. */
export interface RequestReport {
  readonly id: number;
  /** When it came, in milliseconds since 1970. */
  readonly at: number;
  readonly method: string;
  readonly path: string;
  /** HTTP status; 499: the client had left before. */
  readonly status: number;
  /** Round trips to the database, the commit's included. */
  readonly flights: number;
  readonly waitedMs: number;
  readonly ms: number;
}

export interface SessionCounts {
  /** How often a connection was lent. */
  readonly acquired: number;
  readonly committed: number;
  readonly rolledBack: number;
  /** Rolled back because the client had left. */
  readonly aborted: number;
}

export interface IsolateReport {
  readonly requests: { readonly total: number; readonly active: number; readonly mostActive: number };
  readonly sessions: SessionCounts;
  readonly pool: DatabaseStats;
  /** The pool that all isolates share, where a Durable Object has one. */
  readonly host?: PoolHostStats;
  /** WebSockets opened since the isolate began: to Neon, for transactions. */
  readonly sockets: number;
  /** The last requests, oldest first. */
  readonly latest: readonly RequestReport[];
}

/** What is in the books of one side, when all of its orders are over. */
export interface ContestBooks {
  /** Money there is beyond what there was. */
  readonly madeUpCents: number;
  /** Orders by their customers. */
  readonly placed: readonly (readonly [customer: number, orders: number])[];
  /** Connections in the middle of a transaction, with nobody there to end it. */
  readonly leaked: number;
}

/** Of every answer that is no success. */
export interface Problem {
  readonly error: string;
  /** What the input's fields are wrong about, by their names. */
  readonly fields?: Readonly<Record<string, string>>;
}
