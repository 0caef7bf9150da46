import type { Adapter } from "../contract/adapter.ts";
import type { ContextProvider, Frame } from "../contract/context.ts";
import { DbError, isDbError } from "../errors.ts";
import { Command } from "./command.ts";
import type { Finish } from "./finish.ts";
import type { Session, Work } from "./session.ts";
import { type StatementInput, written } from "./statement.ts";

/** Most reads in a group: their server runs them one after another, and answers all at once. */
const MAX_READS = 32;

/** What begins sessions of one turn: a Database. */
export interface Beginner {
  readonly context: ContextProvider;
  /** Its adapter, where lone reads may share a flight. */
  sharedBy(): Adapter | undefined;
  lone<T>(work: Work<T>): Promise<T>;
}

/** How a lone statement reads; `undefined`: it may write, or reads share nothing here. */
export function readsAs(database: Beginner, input: StatementInput): "shared" | "alone" | undefined {
  const adapter = database.sharedBy();
  const text: unknown = adapter?.readsAs && written(input, adapter)?.text;
  return typeof text === "string" ? adapter!.readsAs!(text) : undefined;
}

/** Lone reads of one turn: they share a session, and so a flight, and each has an answer of its own. */
export class ReadGroup {
  readonly #frame: Frame | undefined;
  readonly #over: Promise<void>;
  #session!: Session;
  #first: Command | undefined;
  #open = 0;
  #finish!: () => void;
  #error: unknown;

  constructor(database: Beginner) {
    this.#frame = database.context.current();
    this.#over = database.lone((session) => {
      this.#session = session;
      return new Promise((resolve) => (this.#finish = resolve));
    });
  }

  /** Whether a read that is asked in this frame still leaves with the others. */
  takes(frame: Frame | undefined): boolean {
    const { isTaken, isSettled } = this.#first!;
    return !isTaken && !isSettled && this.#open < MAX_READS && frame === this.#frame;
  }

  /** Asks one more. Its answer comes when the connection is given back, as that of a statement alone. */
  async ask<T>(inputs: readonly StatementInput[], finish: Finish<T>): Promise<T> {
    const { line, scope } = this.#session;
    const command = new Command("query", scope, inputs, finish);
    command.own = (error) => this.#own(error, command.statements[0]?.text);
    this.#first ??= command as Command;
    this.#open++;
    try {
      // Waited for here alone: with two who wait, an engine does not find the lines that do.
      return await line.add(command);
    } finally {
      if (--this.#open === 0) this.#finish();
      await this.#over;
    }
  }

  /** Of what has failed for all of them, each has an error of its own: each adds its own lines to it. */
  #own(error: unknown, text: string | undefined): unknown {
    if (error !== this.#error || !isDbError(error)) return (this.#error = error);
    const { code, message, details } = error;
    // Where it names a statement, that is the first of them; or one of the setup.
    const isOfFirst = "sql" in details && details.sql === this.#first!.statements[0]?.text;
    const own = isOfFirst ? { ...details, sql: text } : details;
    return new DbError(code, message.slice(code.length + 2), own, error);
  }
}
