// What the isolate's requests cost: counted from the database's events, and kept as plain values.

import { AsyncLocalStorage } from "node:async_hooks";
import type { DatabaseEvent } from "../../src/index.ts";
import type { RequestReport, SessionCounts } from "./report.ts";

const KEPT = 100;

type Counted = { -readonly [Name in keyof RequestReport]: RequestReport[Name] };

/** Counts for each request of the isolate what its sessions did. */
class Tally {
  readonly #requests = new AsyncLocalStorage<Counted>();
  /** Requests by the sessions that they have begun and not ended. */
  readonly #owners: Map<number, Counted> = new Map();
  readonly #latest: Counted[] = [];
  readonly counts = { acquired: 0, committed: 0, rolledBack: 0, aborted: 0 };
  total = 0;
  active = 0;
  mostActive = 0;
  /** WebSockets opened: to Neon, for transactions. */
  sockets = 0;

  /** The last requests that have ended, oldest first. */
  get latest(): readonly RequestReport[] {
    return this.#latest;
  }

  get sessions(): SessionCounts {
    return { ...this.counts };
  }

  /** Runs a request's work. What a request costs is known when all of it is over, its commit included. */
  async count(request: Request, work: () => Promise<Response>): Promise<Response> {
    const { method, url } = request;
    const { pathname: path } = new URL(url);
    const begun = Date.now();
    const counted: Counted = { id: ++this.total, at: begun, method, path, status: 0, flights: 0, waitedMs: 0, ms: 0 };
    this.mostActive = Math.max(this.mostActive, ++this.active);
    try {
      const response = await this.#requests.run(counted, work);
      counted.status = response.status;
      return response;
    } finally {
      this.active--;
      counted.ms = Date.now() - begun;
      this.#latest.push(counted);
      if (this.#latest.length > KEPT) this.#latest.shift();
    }
  }

  record(event: DatabaseEvent): void {
    if (event.type === "session") {
      const request = this.#requests.getStore();
      if (request) this.#owners.set(event.session, request);
    } else if (event.type === "acquire") {
      this.counts.acquired++;
      const request = this.#owners.get(event.owner?.id ?? 0);
      if (request) request.waitedMs += event.waitedMs;
    } else if (event.type === "flight") {
      const request = this.#owners.get(event.session);
      if (request) request.flights++;
    } else if (event.type === "commit") this.counts.committed++;
    else if (event.type === "rollback") this.counts.rolledBack++;
    else if (event.type === "end") {
      this.#owners.delete(event.session);
      if (event.outcome === "aborted") this.counts.aborted++;
    }
  }
}

export const tally = new Tally();
