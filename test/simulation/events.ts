// Events pair up: open and close, acquire and release, session and end, begin and commit or rollback. Those who waited are
// served in the order in which they came.

import type { DatabaseEvent } from "../../src/contract/events.ts";
import type { World } from "./world.ts";

interface SessionSeen {
  ends: number;
  isBegun: boolean;
  /** A flight failed: the transaction may have been lost, of which no event tells. */
  hasFailed: boolean;
}

export class Events {
  readonly #world: World;
  readonly #name: string;
  readonly #open = new Set<number>();
  readonly #held = new Set<number>();
  readonly #sessions = new Map<number, SessionSeen>();
  readonly #waits = new Map<object, number>();
  readonly #owners = new Map<number, number>();
  #waited = 0;
  #served = 0;
  /** Something was done after which the order or the pairs cannot be known. */
  isMurky = false;
  /** Where requests are cut off, or the pool outlives the database, not all that begins is seen to end. */
  isLossy = false;

  constructor(world: World, name: string) {
    this.#world = world;
    this.#name = name;
  }

  readonly take = (event: DatabaseEvent): void => {
    switch (event.type) {
      case "open":
        if (this.#open.has(event.connection)) this.#fail(`connection ${event.connection} is opened twice`);
        this.#open.add(event.connection);
        return;
      case "close":
        return this.#close(event.connection, event.reason);
      case "wait":
        if (event.owner) this.#waits.set(event.owner, ++this.#waited);
        return;
      case "acquire":
        return this.#acquire(event);
      case "release":
        if (!this.#held.delete(event.connection) && this.#open.has(event.connection) && !this.isLossy)
          this.#fail(`connection ${event.connection} is released, and nobody has it`);
        return;
      case "session":
        this.#sessions.set(event.session, { ends: 0, isBegun: false, hasFailed: false });
        return;
      case "end":
        return this.#end(event.session);
      case "begin":
      case "commit":
      case "rollback":
        return this.#transact(event.type, event.session);
      case "flight": {
        const session = this.#sessions.get(event.session);
        if (session && !event.isOk) session.hasFailed = true;
        return;
      }
      default:
        return;
    }
  };

  /** @param isDisposed - whether all connections should be closed. */
  atRest(isDisposed: boolean): void {
    if (this.isLossy) return;
    for (const connection of this.#held) this.#fail(`connection ${connection} was acquired, and never released`);
    for (const [session, { ends }] of this.#sessions)
      if (ends === 0 || (ends > 1 && !this.isMurky)) this.#fail(`session ${session} has ${ends} end events`);
    if (isDisposed)
      for (const connection of this.#open) this.#fail(`connection ${connection} was opened, and never closed`);
  }

  #close(connection: number, reason: string): void {
    if (reason === "detached") this.#held.delete(connection);
    if (this.#held.has(connection) && !this.isLossy) this.#fail(`connection ${connection} is closed while it is lent`);
    this.#open.delete(connection);
    // What was open on it ended with it.
    const session = this.#sessions.get(this.#owners.get(connection) ?? -1);
    if (session) session.hasFailed = true;
  }

  #acquire({ connection, owner, waitedMs }: Extract<DatabaseEvent, { type: "acquire" }>): void {
    if (owner) this.#owners.set(connection, owner.id);
    if (this.#held.has(connection) && !this.isLossy) this.#fail(`connection ${connection} is lent twice`);
    if (this.#open.has(connection)) this.#held.add(connection);
    const place = owner && this.#waits.get(owner);
    if (!place) return;
    this.#waits.delete(owner);
    // It did not stand in line, or had given up and came again.
    if (waitedMs === 0) return;
    if (place < this.#served && !this.isMurky)
      this.#world.fail(
        "first come, first served",
        `${this.#name}: the ${place}. in line is served after the ${this.#served}.`,
      );
    this.#served = Math.max(this.#served, place);
  }

  #end(id: number): void {
    const session = this.#sessions.get(id);
    if (!session) return this.#fail(`session ${id} ends, and has not begun`);
    session.ends++;
    if (session.isBegun && !session.hasFailed && !this.isMurky)
      this.#fail(`session ${id} ends with a begin that has neither commit nor rollback`);
  }

  #transact(type: "begin" | "commit" | "rollback", id: number): void {
    const session = this.#sessions.get(id);
    if (!session) return;
    if (type === "begin" && session.isBegun && !session.hasFailed && !this.isMurky)
      this.#fail(`session ${id} begins twice`);
    if (type !== "begin" && !session.isBegun && !this.isMurky) this.#fail(`session ${id}: ${type} without its begin`);
    session.isBegun = type === "begin";
  }

  #fail(message: string): void {
    this.#world.fail("events", `${this.#name}: ${message}`);
  }
}
