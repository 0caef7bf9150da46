import type { BeginOptions, DriverConnection, Step } from "../contract/adapter.ts";
import { DbError } from "../errors.ts";

/**
 * What the session knows of its transaction, and the steps that must ride ahead of its next statement: BEGIN, and the
 * savepoints that were entered or left since the last one. None of them ever travels alone.
 */
export class Transaction {
  /** `failed`: only a rollback is possible. `lost`: the database ended it behind our back. */
  state: "none" | "transaction" | "failed" | "lost" = "none";
  /** How the next one begins; `undefined`: statements belong to none. */
  wanted: BeginOptions | undefined;
  #owed: Step[] = [];
  #carried = 0;
  #cause: unknown;
  #count = 0;

  constructor(wanted: BeginOptions | undefined) {
    this.wanted = wanted;
  }

  /** There is something to commit or to roll back. */
  get isOpen(): boolean {
    return this.state === "transaction" || this.state === "failed";
  }

  /** What must run ahead of the next statement. A flight may be planned twice. */
  ahead(): readonly Step[] {
    this.#carried = this.#owed.length;
    return this.wanted && this.state === "none" ? [{ kind: "begin", options: this.wanted }, ...this.#owed] : this.#owed;
  }

  /**
   * Enters a savepoint.
   *
   * @returns leaves it: keeps what was done since, or takes it back. Nothing was done: nothing is sent.
   */
  enter(): (isKept: boolean) => void {
    const name = `isopool_${++this.#count}`;
    const savepoint: Step = { kind: "savepoint", name };
    const owed = this.#owed;
    owed.push(savepoint);
    return (isKept) => {
      const at = owed.indexOf(savepoint);
      if (at >= 0) owed.length = at;
      // Where the transaction has ended, nobody reads this list any more: its savepoints ended with it.
      else owed.push(...(isKept ? [] : [{ kind: "rollback-to", name } as const]), { kind: "release", name });
    };
  }

  /** Takes note of a flight that came back: `hasPassed` tells whether all steps of `ahead()` were done. */
  land(state: DriverConnection["state"], hasPassed: boolean, error: unknown): void {
    if (this.state === "none" && (!this.wanted || (!hasPassed && state !== "transaction"))) return;
    if (hasPassed && this.#carried > 0) this.#owed.splice(0, this.#carried);
    this.#carried = 0;
    this.state = state === "transaction" || state === "failed" ? state : "lost";
    this.#cause = error;
  }

  /** COMMIT or ROLLBACK was done, or the connection is gone: the next statement begins anew. */
  end(): void {
    this.state = "none";
    this.#owed = [];
  }

  /** Why no statement may be sent now, if so: a transaction that is failed or lost never runs on in autocommit. */
  refusal(sql?: string): DbError | undefined {
    const cause = this.#cause;
    if (this.state === "lost") {
      return new DbError(
        "TRANSACTION_LOST",
        "the database ended this transaction: roll back, then begin anew",
        { sql },
        { cause, retryable: true },
      );
    }
    if (this.state === "failed" && !this.#owed.some(({ kind }) => kind === "rollback-to")) {
      return new DbError(
        "ROLLBACK_ONLY",
        "a statement failed, and only a rollback is possible now",
        { scope: "session" },
        { cause },
      );
    }
    return undefined;
  }
}
