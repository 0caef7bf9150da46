import type { BeginOptions, DriverConnection, Step } from "../contract/adapter.ts";
import { DbError } from "../errors.ts";
import type { Scope } from "./scope.ts";

/**
 * What the session knows of its transaction, and the steps that must ride ahead of its next statement: BEGIN, savepoints,
 * and the end of savepoints that were left. None of them ever travels alone.
 */
export class Transaction {
  /** `failed`: only a rollback is possible. `lost`: the database ended it behind our back. */
  state: "none" | "open" | "failed" | "lost" = "none";
  #isWanted: boolean;
  #options: BeginOptions;
  #number = 0;
  #owed: Step[] = [];
  #sent = 0;
  #cause: unknown;

  constructor(isWanted: boolean, options: BeginOptions) {
    this.#isWanted = isWanted;
    this.#options = options;
  }

  /** Whether statements belong to one: it begins with the first of them. */
  get isWanted(): boolean {
    return this.#isWanted;
  }

  get options(): BeginOptions {
    return this.#options;
  }

  /** Begins with the next statement, or stops doing so: for a transaction inside a session that has none. */
  want(options: BeginOptions | undefined): void {
    this.#isWanted = options !== undefined;
    this.#options = options ?? {};
  }

  /** What must run ahead of a statement in `scope`. A flight may be planned twice. */
  ahead(scope: Scope): Step[] {
    if (this.state === "none" && !this.#isWanted) return [];
    const steps: Step[] = this.state === "none" ? [{ kind: "begin", options: this.#options }] : [...this.#owed];
    this.#sent = this.#owed.length;
    for (const name of this.#unset(scope).map(({ savepoint }) => savepoint)) steps.push({ kind: "savepoint", name });
    return steps;
  }

  /** What must run ahead of COMMIT: it ends savepoints by itself, but does not take back what a failed one did. */
  aheadOfCommit(): Step[] {
    return this.#owed.some(({ kind }) => kind === "rollback-to") ? [...this.#owed] : [];
  }

  /**
   * Takes note of a flight that came back.
   *
   * @param state - the connection's state now.
   * @param hasPassed - whether the steps of `ahead(scope)` were all done.
   */
  land(state: DriverConnection["state"], scope: Scope, hasPassed: boolean, error: unknown): void {
    if (this.state === "none") {
      const hasBegun = hasPassed || state === "transaction" || state === "failed";
      if (!this.#isWanted || !hasBegun) return;
      this.#number++;
    }
    if (hasPassed) {
      for (const unset of this.#unset(scope)) unset.setIn = this.#number;
      this.#owed.splice(0, this.#sent);
    }
    if (error !== undefined) this.#cause = error;
    this.state = state === "transaction" ? "open" : state === "failed" ? "failed" : "lost";
  }

  /** Takes note that COMMIT or ROLLBACK was done: the next statement begins anew. */
  end(): void {
    this.state = "none";
    this.#owed = [];
    this.#cause = undefined;
  }

  /** The connection is gone, and an open transaction with it. */
  lose(error: unknown): void {
    if (this.state === "none") return;
    this.state = "lost";
    this.#cause = error;
  }

  /** Leaves a nested scope: its savepoint is released, or rolled back, with the next flight. */
  leave(scope: Scope, action: "release" | "rollback-to"): void {
    if (!this.#isSet(scope)) return;
    const name = scope.savepoint;
    if (action === "rollback-to") this.#owed.push({ kind: "rollback-to", name });
    this.#owed.push({ kind: "release", name });
  }

  /** Why no statement may be sent now, if so: a transaction that is failed or lost never runs on in autocommit. */
  refusal(sql?: string): DbError | undefined {
    if (this.state === "lost") {
      const message = "the database ended this transaction: roll back, then begin anew";
      return new DbError("TRANSACTION_LOST", message, { sql }, { cause: this.#cause, retryable: true });
    }
    if (this.state === "failed" && !this.#owed.some(({ kind }) => kind === "rollback-to")) {
      const message = "a statement failed, and the database now allows only a rollback";
      return new DbError("ROLLBACK_ONLY", message, { scope: "session" }, { cause: this.#cause });
    }
    return undefined;
  }

  #isSet(scope: Scope): boolean {
    return this.state !== "none" && scope.setIn === this.#number;
  }

  #unset(scope: Scope): Scope[] {
    const unset: Scope[] = [];
    for (let at: Scope | undefined = scope; at !== undefined; at = at.parent) {
      if (at.kind === "nested" && !this.#isSet(at)) unset.unshift(at);
    }
    return unset;
  }
}
