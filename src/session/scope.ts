import type { Clock } from "../contract/runtime.ts";
import { DbError } from "../errors.ts";

/** Runs after the outermost settle, with no session bound. */
export type SettleCallback = () => unknown;

/** `root`: the session's own transaction. `nested`: a savepoint in it. `joined`: a part with no bounds of its own. */
export type ScopeKind = "root" | "nested" | "joined";

/** One `transaction()` inside a session, or the session itself. */
export class Scope {
  readonly kind: ScopeKind;
  readonly parent: Scope | undefined;
  readonly savepoint: string;
  /** The transaction, by number, in which its savepoint was set; 0 = not yet. */
  setIn = 0;
  /** What failed inside and was swallowed by the caller: the scope may only be rolled back. */
  failure: { readonly error: unknown } | undefined;
  isEnded = false;
  onCommit: SettleCallback[] = [];
  onRollback: SettleCallback[] = [];
  #isTaken = false;
  #line: (() => void)[] = [];

  constructor(kind: ScopeKind, parent?: Scope, savepoint = "") {
    this.kind = kind;
    this.parent = parent;
    this.savepoint = savepoint;
  }

  /** The nearest scope that can be rolled back: where the failure of a joined one counts. */
  get bound(): Scope {
    return this.kind === "joined" ? this.parent!.bound : this;
  }

  isInside(outer: Scope): boolean {
    return this.parent !== undefined && (this.parent === outer || this.parent.isInside(outer));
  }

  /**
   * Siblings take turns: savepoints are a stack, and two of them side by side would undo each other's work.
   *
   * @throws DbError `POOL_DEADLOCK` when the turn does not come: most likely, the one before waits for this one.
   */
  async turn<T>(work: () => Promise<T>, clock: Clock, timeoutMs: number): Promise<T> {
    if (this.#isTaken) await this.#wait(clock, timeoutMs);
    this.#isTaken = true;
    try {
      return await work();
    } finally {
      const next = this.#line.shift();
      this.#isTaken = next !== undefined;
      next?.();
    }
  }

  #wait(clock: Clock, timeoutMs: number): Promise<void> {
    return new Promise((resolve, reject) => {
      const enter = (): void => {
        clock.clearTimeout(timer);
        resolve();
      };
      const timer = clock.setTimeout(() => {
        this.#line.splice(this.#line.indexOf(enter), 1);
        const message = `waited ${timeoutMs} ms for the nested transaction before this one; inside it, use the session its work received`;
        reject(new DbError("POOL_DEADLOCK", message, { max: 1, stacks: [] }));
      }, timeoutMs);
      this.#line.push(enter);
    });
  }
}
