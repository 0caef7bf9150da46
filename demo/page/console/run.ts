// Runs what is in the editor: several statements, one after another, each with its own answer.

import { type Database, isDbError, type Queryable } from "../../../src/index.ts";
import { breathe } from "../element.ts";
import type { Grid } from "../results.ts";
import type { Given } from "../sql/parameters.ts";
import { Values } from "../sql/parameters.ts";
import { type SqlPiece, statements } from "../sql/split.ts";
import { controlOf, mayControl } from "../sql/verb.ts";
import { locate } from "./locate.ts";
import { read } from "./read.ts";
import { runTransactions } from "./transactions.ts";

/**
 * `session`: all statements in one, committed at the end. `autocommit`: each in a session of its own. A text with BEGIN, COMMIT or
 * SAVEPOINT in it has its own transactions, whatever was chosen: each is a session's.
 */
export type RunMode = "session" | "autocommit";

export interface Answer {
  readonly sql: string;
  readonly grid: Grid;
  readonly isCut: boolean;
  readonly rowsAffected: number;
  readonly durationMs: number;
  /** Statements without rows that are told of together. */
  readonly statements: number;
}

export interface Failure {
  readonly text: string;
  readonly code: string | undefined;
  readonly isStopped: boolean;
  /** The place of the error in the whole text; `undefined` when it has none. */
  readonly range: { readonly from: number; readonly to: number } | undefined;
}

export interface Outcome {
  readonly failure: Failure | undefined;
  /** Transactions of the text itself that were committed; `undefined`: it has none. */
  readonly committed: number | undefined;
  readonly statements: number;
}

export interface RunOptions {
  readonly mode: RunMode;
  readonly signal: AbortSignal;
  readonly values?: ReadonlyMap<string, Given> | undefined;
  readonly onAnswer: (answer: Answer) => void;
  /** How far the statement that runs is. */
  readonly onRows?: (rows: number) => void;
}

/** Answers without rows that have a card of their own; those behind them are told of together. */
const APART = 12;
/** The page paints and takes input at least this often. */
const FRAME_MS = 12;

export async function runScript(db: Database, text: string, options: RunOptions): Promise<Outcome> {
  const { mode, signal } = options;
  const run = new Run(text, options);
  let committed: number | undefined;
  try {
    if (mayControl(text) && run.pieces().some(({ text: statement }) => controlOf(statement))) {
      committed = 0;
      await runTransactions(db, run, () => (committed = (committed ?? 0) + 1));
    } else if (mode === "session") await db.session((session) => run.all(session), { signal });
    else await run.all(db.autocommit);
    run.tellRest();
    return { failure: undefined, committed, statements: run.done };
  } catch (error) {
    run.tellRest();
    return { failure: explain(error, run.current, signal), committed, statements: run.done };
  }
}

/** One run of a text, statement by statement. */
export class Run {
  readonly signal: AbortSignal;
  readonly #text: string;
  readonly #options: RunOptions;
  readonly #values: Values;
  /** The statement that runs; `undefined`: what fails has no place in the text, as a commit. */
  current: SqlPiece | undefined;
  done = 0;
  #plain = 0;
  #rest = { statements: 0, rowsAffected: 0, durationMs: 0 };
  #painted = performance.now();

  constructor(text: string, options: RunOptions) {
    this.#text = text;
    this.#options = options;
    this.#values = new Values(options.values ?? new Map());
    this.signal = options.signal;
  }

  pieces(): SqlPiece[] {
    return [...statements(this.#text)];
  }

  async all(target: Queryable): Promise<void> {
    for (const piece of statements(this.#text)) await this.one(target, piece);
    this.current = undefined;
  }

  async one(target: Queryable, piece: SqlPiece): Promise<void> {
    this.current = piece;
    this.signal.throwIfAborted();
    const begun = performance.now();
    const params = this.#values.next(piece.text);
    const answer = await read(target, { text: piece.text, params }, this.signal, (rows) =>
      this.#options.onRows?.(rows),
    );
    this.done++;
    this.#tell({ sql: piece.text, ...answer, statements: 1, durationMs: performance.now() - begun });
    if (performance.now() - this.#painted < FRAME_MS) return;
    await breathe();
    this.#painted = performance.now();
  }

  /** What was not worth a card each. */
  tellRest(): void {
    const { statements: count, rowsAffected, durationMs } = this.#rest;
    if (count === 0) return;
    const grid: Grid = { columns: [], rows: [] };
    this.#options.onAnswer({ sql: "", grid, isCut: false, rowsAffected, durationMs, statements: count });
    this.#rest = { statements: 0, rowsAffected: 0, durationMs: 0 };
  }

  #tell(answer: Answer): void {
    if (answer.grid.columns.length > 0) {
      this.tellRest();
      this.#options.onAnswer(answer);
    } else if (++this.#plain <= APART) this.#options.onAnswer(answer);
    else {
      this.#rest.statements++;
      this.#rest.rowsAffected += answer.rowsAffected;
      this.#rest.durationMs += answer.durationMs;
    }
  }
}

function explain(error: unknown, piece: SqlPiece | undefined, signal: AbortSignal): Failure {
  if (signal.aborted) return { text: "Stopped.", code: undefined, isStopped: true, range: undefined };
  const plain = { code: undefined, isStopped: false, range: piece && wholeOf(piece) };
  if (!isDbError(error)) return { ...plain, text: error instanceof Error ? error.message : String(error) };
  const text = error.message.slice(error.code.length + 2);
  const position = isDbError(error, "QUERY_FAILED") ? error.details.position : undefined;
  const found = piece && locate(piece.text, text, position);
  const range = found && piece && { from: found.from + piece.start, to: found.to + piece.start };
  return { text, code: error.code, isStopped: false, range };
}

function wholeOf({ start, text }: SqlPiece): { from: number; to: number } {
  return { from: start, to: start + text.length };
}
