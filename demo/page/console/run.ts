// Runs what is in the editor: several statements, one after another, each with its own answer.

import { type Database, isDbError, type Queryable, type Result } from "../../../src/index.ts";
import { breathe } from "../element.ts";
import { type Grid, toGrid } from "../results.ts";
import { splitStatements, type SqlPiece } from "../sql/split.ts";
import { locate } from "./locate.ts";

/** `session`: all statements in one, committed at the end. `autocommit`: each in a session of its own. */
export type RunMode = "session" | "autocommit";

export interface Answer {
  readonly sql: string;
  readonly grid: Grid;
  readonly rowsAffected: number;
  readonly durationMs: number;
}

export interface Failure {
  readonly text: string;
  readonly code: string | undefined;
  /** The place of the error in the whole text; `undefined` when it has none. */
  readonly range: { readonly from: number; readonly to: number } | undefined;
}

export interface RunOptions {
  readonly mode: RunMode;
  readonly signal: AbortSignal;
  readonly onAnswer: (answer: Answer) => void;
}

/** @returns what went wrong, or `undefined`. */
export async function runScript(db: Database, text: string, options: RunOptions): Promise<Failure | undefined> {
  const { mode, signal, onAnswer } = options;
  let current: SqlPiece | undefined;
  const runAll = async (target: Queryable): Promise<void> => {
    for (const piece of splitStatements(text)) {
      current = piece;
      signal.throwIfAborted();
      const begun = performance.now();
      const result = await ask(target, piece.text, signal);
      onAnswer({
        sql: piece.text,
        grid: toGrid(result),
        rowsAffected: result.rowsAffected,
        durationMs: performance.now() - begun,
      });
      await breathe();
    }
    // What fails from here on is the commit, which has no place in the text.
    current = undefined;
  };
  try {
    await (mode === "session" ? db.session(runAll, { signal }) : runAll(db.autocommit));
    return undefined;
  } catch (error) {
    return explain(error, current);
  }
}

/** Rows are objects, and two columns of one name do not fit into one: a subquery makes SQLite name them apart. */
async function ask(target: Queryable, sql: string, signal: AbortSignal): Promise<Result> {
  try {
    return await target.query(sql, [], { signal });
  } catch (error) {
    const isRead = /^\s*(select|with|values)\b/i.test(sql);
    const hasTwins = isDbError(error, "QUERY_FAILED") && error.message.includes("columns are named");
    if (!isRead || !hasTwins) throw error;
    return await target.query(`select * from (${sql}\n)`, [], { signal });
  }
}

function explain(error: unknown, piece: SqlPiece | undefined): Failure {
  if (!(error instanceof Error))
    return { text: "Stopped: everything was rolled back.", code: undefined, range: undefined };
  if (error.name === "AbortError") return { text: "Stopped.", code: undefined, range: undefined };
  if (!isDbError(error)) return { text: error.message, code: undefined, range: undefined };
  const text = error.message.slice(error.code.length + 2);
  const position = isDbError(error, "QUERY_FAILED") ? error.details.position : undefined;
  const found = piece && locate(piece.text, text, position);
  const range = found && piece && { from: found.from + piece.start, to: found.to + piece.start };
  return { text, code: error.code, range };
}
