import { systemClock } from "../../clock.ts";
import type { Flight } from "../../contract/adapter.ts";
import { DbError } from "../../errors.ts";
import { isRead } from "./texts.ts";

/** How long a replica may take to become as fresh as what was seen, in milliseconds. */
export const CATCH_UP_MS = 5_000;

/** What no replica has had for as long is taken to be of a history that was replaced, as by a restore. */
const FORGET_MS = 60_000;

/** What a read asks of a replica. */
export interface Reading {
  /** Wait until that is there. */
  readonly index: string;
  /** For the error. */
  readonly sql: string;
}

/**
 * How fresh a database was when it was last seen, by all who use it: with each answer the server tells its replication
 * index, which grows with each commit. A read that takes it along waits, at a replica, until that is as fresh.
 */
export class Freshness {
  /** In decimal digits, of more than a number holds; `undefined`: nothing is known. */
  #seen: string | undefined;
  #seenAt = 0;

  /**
   * Takes note of an answer.
   *
   * @param index - as told by the server.
   * @param asked - what the question had asked for: only a primary does not wait, and what that says is so.
   */
  note(index: unknown, asked?: string): void {
    const told = /^\d+$/.exec(String(index))?.[0];
    if (told === undefined || (!isAfter(told, this.#seen) && (asked === undefined || this.#seen !== asked))) return;
    this.#seen = told;
    this.#seenAt = systemClock.now();
  }

  /** What a flight asks of a replica; `undefined`: it does not only read, or nothing is known. */
  reading({ steps }: Flight): Reading | undefined {
    const queries = steps.filter((step) => step.kind === "query");
    const sql = queries[0]?.statement.text;
    const index = this.#seen;
    return index !== undefined && sql !== undefined && queries.every(isRead) ? { index, sql } : undefined;
  }

  /** The error for a read that a replica could not answer in time. */
  behind({ index, sql }: Reading): DbError<"QUERY_FAILED"> {
    if (index === this.#seen && systemClock.now() - this.#seenAt > FORGET_MS) this.#seen = undefined;
    const message = `the replica is over ${CATCH_UP_MS} ms behind what was seen: retry, or read with \`fresh: false\``;
    return new DbError("QUERY_FAILED", message, { kind: "busy", sql, dialectCode: undefined }, { retryable: true });
  }
}

function isAfter(index: string, other: string | undefined): boolean {
  return other === undefined || BigInt(index) > BigInt(other);
}
