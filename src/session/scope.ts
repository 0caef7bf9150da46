import type { Clock } from "../contract/runtime.ts";
import { DbError } from "../errors.ts";

/** Runs after the outermost settle, with no session bound. */
export type SettleCallback = () => unknown;

/** `root`: a transaction of its own. `nested`: a savepoint in one. `joined`: a part with no bounds of its own. */
export type ScopeKind = "root" | "nested" | "joined";

/** A session, or one `transaction()` inside of it. */
export class Scope {
  readonly kind: ScopeKind;
  readonly parent: Scope | undefined;
  /** What failed inside and was swallowed by the caller: the scope may only be rolled back. */
  failure: { readonly error: unknown } | undefined;
  isEnded = false;
  onCommit: SettleCallback[] = [];
  onRollback: SettleCallback[] = [];
  #isTaken = false;
  #line: (() => void)[] = [];

  constructor(kind: ScopeKind, parent?: Scope) {
    this.kind = kind;
    this.parent = parent;
  }

  /** The nearest scope that can be rolled back: where the failure of a joined one counts. */
  get bound(): Scope {
    return this.kind === "joined" ? this.parent!.bound : this;
  }

  /**
   * Siblings take turns: savepoints are a stack, and two of them side by side would undo each other's work.
   *
   * @throws DbError `POOL_DEADLOCK` when the turn does not come: most likely, the one before waits for this one.
   */
  async turn<T>(work: () => Promise<T>, clock: Clock, timeoutMs: number): Promise<T> {
    if (this.#isTaken) {
      await new Promise<void>((resolve, reject) => {
        const timer = clock.setTimeout(() => {
          this.#line = this.#line.filter((waiting) => waiting !== enter);
          const message = `waited ${timeoutMs} ms for a sibling; inside a nested transaction, use the session that its work received`;
          reject(new DbError("POOL_DEADLOCK", message, { max: 1, stacks: [] }));
        }, timeoutMs);
        const enter = (): void => {
          clock.clearTimeout(timer);
          resolve();
        };
        this.#line.push(enter);
      });
    }
    this.#isTaken = true;
    try {
      return await work();
    } finally {
      const next = this.#line.shift();
      this.#isTaken = next !== undefined;
      next?.();
    }
  }
}
