import type { BeginOptions, Settings } from "../contract/adapter.ts";
import type { Frame } from "../contract/context.ts";
import type { Owner } from "../contract/events.ts";
import { DbError } from "../errors.ts";
import type { Callbacks } from "./callbacks.ts";
import { Holder } from "./holder.ts";
import type { Host } from "./host.ts";
import type { Link } from "./link.ts";
import { connectionName } from "./names.ts";
import { Scope } from "./scope.ts";
import { Transaction } from "./transaction.ts";

export interface UnitOptions {
  /** How its transaction begins; `undefined`: its statements are not one transaction. */
  readonly begin?: BeginOptions | undefined;
  /** Hold for each of its statements outside of a transaction. */
  readonly settings?: Settings | undefined;
  /** `false`: its reads may be older than what its database has seen. */
  readonly fresh?: false | undefined;
  /** How transactions inside it begin, unless they say otherwise. */
  readonly inner?: BeginOptions | undefined;
  /** For events and reports. */
  readonly name?: string | undefined;
  /** One statement, and the connection goes back at once. */
  readonly isLone?: boolean | undefined;
}

let units = 0;

/** What a session and the transactions inside it share: one connection, one transaction, one end. */
export class Unit {
  readonly host: Host;
  readonly options: UnitOptions;
  /** What the pool knows of it, and events report. */
  readonly owner: Owner;
  readonly transaction: Transaction = new Transaction(this);
  /** Made with the first of them, as all here that few sessions need: memory counts when ten thousand wait. */
  declare callbacks: Callbacks | undefined;
  readonly holder: Holder;
  /** The session itself. A session that goes on after `close()` has a new one. */
  root: Scope;
  /** The first `close()`: others wait for it. Never rejects. */
  closing: Promise<void> | undefined;
  /** The end that is under way, or over. */
  ending: Promise<void> | undefined;
  /** Something that it did is there to stay, or may be: its work must not be done again. */
  hasKept = false;
  /** Whether its work cannot be done again for another reason: what it was given is used up. */
  declare isSpent: (() => boolean) | undefined;
  /** Its work has returned or thrown: a session that was closed earlier cannot go on. */
  isOver = false;
  /** Called when it goes on after its end: for a session from `db.open()`. */
  declare onReopen: (() => void) | undefined;
  /** Where the session began: settle callbacks run there. */
  readonly outside: Frame | undefined;
  /** Sessions of hooks and of detached connections are not reported in events. */
  readonly isReported: boolean;
  #savepoints = 0;
  #ended: (() => void)[] | undefined;

  /** @param link - a connection that is not the unit's own to give back. */
  constructor(host: Host, parent: Owner | undefined, options: UnitOptions, link?: Link) {
    this.host = host;
    this.options = options;
    this.owner = { id: ++units, parent, name: options.name };
    this.holder = new Holder(host, this.owner, this.transaction);
    this.root = new Scope("root", undefined, options.begin);
    this.outside = host.context.current();
    this.isReported = !link;
    this.count(1);
    if (link) this.holder.adopt(link, this.root);
    else host.emit?.({ type: "session", session: this.owner.id, parent: parent?.id, name: options.name });
  }

  /** Whether a statement of a scope is a transaction by itself: nothing else makes it read only. */
  readsApart({ isPlain }: Scope): boolean {
    return isPlain && this.options.inner?.accessMode === "read only";
  }

  /** Counts it among its database's open sessions, or no more. */
  count(by: 1 | -1): void {
    if (this.isReported && !this.options.isLone) this.host.sessions += by;
  }

  /** A name for the next savepoint: with a number, since of two that have one name only the inner one could be reached. */
  savepoint(name = "isopool"): string {
    return `${name.replaceAll(/^\d|\W/g, "_").slice(0, 40)}_${++this.#savepoints}`;
  }

  /** Settles when it ends, ahead of its callbacks. */
  ended(): Promise<void> {
    return new Promise((resolve) => (this.#ended ??= []).push(resolve));
  }

  /** Its connection is given back, and nothing of it is under way any more. */
  finish(): void {
    this.root.stage = "ended";
    this.count(-1);
    const ended = this.#ended;
    this.#ended = undefined;
    if (ended) for (const told of ended) told();
  }

  /** A session goes on after `close()`. What belonged to the closed one stays ended. */
  reopen(): void {
    this.root = new Scope("root", undefined, this.options.begin);
    this.closing = this.ending = undefined;
    this.count(1);
    this.onReopen?.();
  }

  /** The error for a caller who uses a session, or a transaction inside it, that has ended. */
  closedError(scope: Scope = this.root, isFlying = false): DbError {
    const message = "the session or transaction has ended; await its statements before its work returns";
    const options = { cause: scope.over?.cause?.error, outcome: isFlying ? "unknown" : "not-executed" } as const;
    return new DbError("SESSION_CLOSED", message, { session: connectionName(this.host) }, options);
  }

  emit(type: "begin" | "commit" | "rollback"): void {
    this.host.emit?.({ type, session: this.owner.id });
  }

  reportError(error: unknown, during: "rollback" | "callback"): void {
    this.host.emit?.({ type: "error", session: this.owner.id, error, during });
  }
}
