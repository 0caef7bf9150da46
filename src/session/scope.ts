import type { Clock } from "../contract/runtime.ts";
import { DbError } from "../errors.ts";
import { bounded } from "./deadline.ts";

/** `root`: a session, or a transaction begun in one. `nested`: a savepoint. `joined`: a part with no bounds of its own. */
export type ScopeKind = "root" | "nested" | "joined";

/** A session, or one `transaction()` inside of it. */
export class Scope {
  readonly kind: ScopeKind;
  readonly parent: Scope | undefined;
  /** What failed inside and was swallowed by the caller: the scope may only be rolled back. */
  failure: { readonly error: unknown } | undefined;
  /** Set when it has ended, with the reason when it was given up. */
  end: { readonly cause?: unknown } | undefined;
  /** Waits for the transactions inside of it, and for a `close()`, also where nobody awaits them. Never rejects. */
  inner: Promise<unknown> | undefined;
  #turn: Promise<void> | undefined;

  constructor(kind: ScopeKind, parent?: Scope) {
    this.kind = kind;
    this.parent = parent;
  }

  /** The nearest scope that can be rolled back: where the failure of a joined one counts. */
  get bound(): Scope {
    return this.kind === "joined" ? this.parent!.bound : this;
  }

  /** Its own end, or that of what is around it. */
  get ended(): Scope["end"] {
    return this.end ?? this.parent?.ended;
  }

  holds(inner: Scope | undefined): boolean {
    return inner !== undefined && (inner === this || this.holds(inner.parent));
  }

  /** @throws DbError `ROLLBACK_ONLY` when a part of it failed. */
  refuseFailed(): void {
    const message = "a transaction that had joined this one failed: only a rollback is possible now";
    if (this.failure) throw new DbError("ROLLBACK_ONLY", message, { scope: this.kind }, { cause: this.failure.error });
  }

  /** Takes note of what runs inside of it: half of a transaction must not be committed. */
  hold<T>(running: Promise<T>): Promise<T> {
    const before = this.inner;
    this.inner = running.catch(() => undefined).then(() => before);
    return running;
  }

  /**
   * Siblings take turns: savepoints are a stack, and two of them side by side would undo each other's work.
   *
   * @throws DbError `POOL_DEADLOCK` when the turn does not come: most likely, the one before waits for this one.
   */
  async turn<T>(work: () => Promise<T>, clock: Clock, timeoutMs: number): Promise<T> {
    const before = this.#turn;
    let done!: () => void;
    const mine = new Promise<void>((resolve) => (done = resolve));
    this.#turn = before ? before.then(() => mine) : mine;
    try {
      if (before)
        await bounded(
          { timeoutMs },
          clock,
          () => before,
          () => deadlock(timeoutMs),
        );
      return await work();
    } finally {
      done();
    }
  }
}

function deadlock(timeoutMs: number): DbError {
  const message = `waited ${timeoutMs} ms for a sibling: inside a transaction, use the session that its work received`;
  return new DbError("POOL_DEADLOCK", message, { max: 1, stacks: [] });
}
