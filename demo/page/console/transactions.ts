// A text with transactions of its own, as dumps have: each BEGIN is a transaction of one session, until its COMMIT or ROLLBACK.

import type { Database, Savepoint, Session } from "../../../src/index.ts";
import type { SqlPiece } from "../sql/split.ts";
import { type Control, controlOf } from "../sql/verb.ts";
import type { Run } from "./run.ts";

const ROLLED_BACK = Symbol("rolled back by the text");

/** @param onCommit - a transaction of the text was committed. @throws what a statement threw: its transaction is rolled back. */
export async function runTransactions(db: Database, run: Run, onCommit: () => void): Promise<void> {
  const rest = run.pieces().values();
  await db.session(
    async (session) => {
      for (const piece of rest) {
        const control = controlOf(piece.text);
        if (!control) await run.one(session, piece);
        else if (control.kind === "begin" || control.kind === "savepoint") {
          run.current = piece;
          if (await transaction(session, run, rest, control)) onCommit();
        } else throw misplaced(run, piece);
      }
      run.current = undefined;
    },
    { transaction: false, signal: run.signal },
  );
}

/** @returns whether it was committed. */
async function transaction(
  session: Session,
  run: Run,
  rest: Iterator<SqlPiece>,
  begun: Extract<Control, { kind: "begin" | "savepoint" }>,
): Promise<boolean> {
  const behavior = begun.kind === "begin" ? begun.behavior : undefined;
  try {
    await session.transaction(
      async (scope) => {
        const inside = new Inside(scope, begun.kind === "savepoint" ? begun.name : undefined);
        for (let { value: piece, done } = rest.next(); !done; { value: piece, done } = rest.next()) {
          const control = controlOf(piece.text);
          run.current = piece;
          if (!control) await run.one(inside.target, piece);
          else if (await inside.take(control, () => misplaced(run, piece))) return;
        }
        run.current = undefined;
        throw new Error(
          "The text begins a transaction and does not end it: it was rolled back. Add COMMIT at its end.",
        );
      },
      { ...(behavior && { behavior }), signal: run.signal },
    );
    return true;
  } catch (error) {
    if (error === ROLLED_BACK) return false;
    throw error;
  }
}

/** A transaction with the savepoints that are open in it. */
class Inside {
  readonly #scope: Session;
  /** One that began the transaction: releasing it commits. */
  readonly #outermost: string | undefined;
  readonly #open: { name: string; savepoint: Savepoint }[] = [];

  constructor(scope: Session, outermost: string | undefined) {
    this.#scope = scope;
    this.#outermost = outermost?.toLowerCase();
  }

  get target(): Session | Savepoint {
    return this.#open.at(-1)?.savepoint ?? this.#scope;
  }

  /** @returns whether the transaction is to be committed. */
  async take(control: Control, misplacedError: () => Error): Promise<boolean> {
    if (control.kind === "begin") throw misplacedError();
    if (control.kind === "commit") {
      await this.#release(0);
      return true;
    }
    if (control.kind === "rollback") throw ROLLED_BACK;
    if (control.kind === "savepoint") {
      this.#open.push({ name: control.name.toLowerCase(), savepoint: await this.target.savepoint() });
      return false;
    }
    const name = control.name.toLowerCase();
    const at = this.#open.findLastIndex((each) => each.name === name);
    if (at < 0 && name !== this.#outermost) throw misplacedError();
    if (control.kind === "release") {
      await this.#release(Math.max(at, 0));
      return at < 0;
    }
    if (at < 0) throw ROLLED_BACK;
    while (this.#open.length > at) await this.#open.pop()?.savepoint.rollback();
    // It stays open in SQLite: what follows can be taken back as well.
    this.#open.push({ name, savepoint: await this.target.savepoint() });
    return false;
  }

  async #release(to: number): Promise<void> {
    while (this.#open.length > to) await this.#open.pop()?.savepoint.release();
  }
}

function misplaced(run: Run, piece: SqlPiece): Error {
  run.current = piece;
  return new Error(`${piece.text.slice(0, 60)} stands where there is no such transaction or savepoint.`);
}
