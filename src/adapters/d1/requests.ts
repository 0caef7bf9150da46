import type { RawResult, Statement } from "../../contract/statement.ts";
import type { DbError } from "../../errors.ts";
import { scan } from "../sqlite/scan.ts";
import { hasOwnRowid } from "../sqlite/own-rowid.ts";
import {
  bindForWorkerd,
  exactText,
  inexact,
  isInexact,
  readExact,
  type WorkerdStatement,
} from "../sqlite/workerd-values.ts";
import { COUNT, framed, fromRaw, hasNoOrder, type Rows, toWritten, unframed, withoutOrder } from "./answers.ts";
import type { D1Answer, D1Handle } from "./driver.ts";
import { isOfStatement, toRequestError, toStatementError } from "./errors.ts";
import { failedGuard, isUndone, UNDO } from "./guard.ts";
import { TRIAL, type Tried, triedGuard, triedIn } from "./tried.ts";

/** One of the statements of a list has failed, and with it all of them. */
export class ListFailure extends Error {
  /** Its place; `undefined`: it fails no longer, or is the end of the transaction. */
  readonly at: number | undefined;

  constructor(at: number | undefined, cause: unknown) {
    super("a list has failed", { cause });
    this.at = at;
  }
}

/** A guard has failed: what was read has changed. */
export class GuardFailure extends Error {
  readonly place: number;

  constructor(place: number, cause: unknown) {
    super("a guard has failed", { cause });
    this.place = place;
  }
}

/** Requests to D1: each method is one, unless a number beyond 2^53 or a failure is in the answer. */
export class Requests {
  readonly #handle: () => D1Handle;

  constructor(handle: () => D1Handle) {
    this.#handle = handle;
  }

  /**
   * Reads, of one moment.
   *
   * @param guards - ahead of them.
   * @throws DbError | GuardFailure | ListFailure
   */
  async read(statements: readonly Statement[], guards: readonly WorkerdStatement[] = []): Promise<Rows[]> {
    const bound = statements.map(bindForWorkerd);
    const first = await this.#readOnce(bound, guards);
    const isShort = first.map(({ rows }) => rows.some((row) => row.some(isInexact)));
    if (!isShort.includes(true)) return first;
    const exact = await this.#readOnce(
      bound.map((each, at) =>
        isShort[at] ? { ...each, text: exactText(each.text, first[at]!.rows, first[at]!.columns.length) } : each,
      ),
      guards,
    );
    return exact.map((again, at) => {
      if (!isShort[at]) return again;
      const rows = readExact(first[at]!.rows, again.rows);
      if (!rows) throw inexact(statements[at]!.text, "not-executed");
      return { columns: first[at]!.columns, rows };
    });
  }

  async #readOnce(bound: readonly WorkerdStatement[], guards: readonly WorkerdStatement[]): Promise<Rows[]> {
    const [only] = bound;
    if (bound.length === 1 && guards.length === 0) return [await this.raw(only!)];
    const answers = await this.#send([...guards, ...bound.map(framed)], true);
    return Promise.all(bound.map(async (each, at) => this.#unframed(each, answers[guards.length + at]!)));
  }

  async #unframed(bound: WorkerdStatement, answer: D1Answer): Promise<Rows> {
    const { keys, columns, rows } = unframed(answer);
    if (!hasNoOrder(columns)) return { columns, rows };
    const ordered = await this.raw({ ...bound, text: `SELECT * FROM (\n${bound.text}\n) LIMIT 0` });
    const places = ordered.columns.map((key) => keys.indexOf(key));
    return {
      columns: places.map((place) => columns[place]!),
      rows: rows.map((row) => places.map((place) => row[place])),
    };
  }

  /** A statement that reads, as it is. */
  async raw(bound: WorkerdStatement): Promise<Rows> {
    try {
      return fromRaw(await this.#prepare(bound).raw({ columnNames: true } as never));
    } catch (error) {
      if (isOfStatement(error)) throw new ListFailure(0, error);
      throw toRequestError(error, true);
    }
  }

  /**
   * A list, all or nothing, behind guards.
   *
   * @param tried - of the first of them: what each has changed when it was tried.
   * @throws DbError | GuardFailure | ListFailure
   */
  async write(
    statements: readonly Statement[],
    guards: readonly WorkerdStatement[] = [],
    tried: readonly (Tried | undefined)[] = [],
  ): Promise<RawResult[]> {
    const { sent, places } = toList(statements, guards, tried);
    const answers = await this.#sendList(sent, places);
    return Promise.all(
      statements.map(async (statement, at): Promise<RawResult> => {
        const place = places[at]!;
        const { isRead, isWrite } = scan(statement.text);
        if (!isRead) return toWritten(statement.text, answers[place]!, isWrite ? answers[place + 1] : undefined);
        const rows = unframed(answers[place]!);
        if (hasNoOrder(rows.columns)) throw withoutOrder(statement.text);
        if (rows.rows.some((row) => row.some(isInexact))) throw inexact(statement.text, "executed");
        return { columns: rows.columns, rows: rows.rows as RawResult["rows"], rowsAffected: 0 };
      }),
    );
  }

  /** A list whose last statement is tried, and none of it done. The others were: what fails is the last one. */
  async try(
    statements: readonly Statement[],
    guards: readonly WorkerdStatement[],
    tried: readonly (Tried | undefined)[],
  ): Promise<Tried> {
    const { sent } = toList(statements, guards, tried);
    // Its count is what the trial ends with.
    if (scan(statements.at(-1)!.text).isWrite) sent.pop();
    try {
      await this.#send([...sent, TRIAL], false);
    } catch (error) {
      const found = triedIn(error instanceof ListFailure ? error.cause : error);
      if (found) return found;
      throw error;
    }
    throw new TypeError("a trial has not failed");
  }

  async #sendList(sent: readonly WorkerdStatement[], places: readonly number[]): Promise<readonly D1Answer[]> {
    try {
      return await this.#send(sent, false);
    } catch (error) {
      if (!(error instanceof ListFailure)) throw error;
      throw new ListFailure(await this.#find(sent, places, /FOREIGN KEY/.test(String(error.cause))), error.cause);
    }
  }

  /** D1 does not say which statement of a list has failed: shorter lists do, of which nothing stays. */
  async #find(
    sent: readonly WorkerdStatement[],
    places: readonly number[],
    isOfKey: boolean,
  ): Promise<number | undefined> {
    let [low, high] = [0, places.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      const end = (places[middle + 1] ?? sent.length) - 1;
      // A key may be looked at when all is done, which is nobody's.
      if ((places.length > 1 || isOfKey) && (await this.#passes(sent.slice(0, end + 1)))) low = middle + 1;
      else high = middle;
    }
    return low < places.length ? low : undefined;
  }

  async #passes(list: readonly WorkerdStatement[]): Promise<boolean> {
    try {
      await this.#handle().batch([...list, UNDO].map((each) => this.#prepare(each)) as never[]);
      return true;
    } catch (error) {
      return isUndone(error) || !isOfStatement(error);
    }
  }

  async #send(list: readonly WorkerdStatement[], isRead: boolean): Promise<readonly D1Answer[]> {
    try {
      return await this.#handle().batch(list.map((each) => this.#prepare(each)) as never[]);
    } catch (error) {
      const place = failedGuard(error);
      if (place !== undefined) throw new GuardFailure(place, error);
      if (isOfStatement(error)) throw new ListFailure(undefined, error);
      throw toRequestError(error, isRead);
    }
  }

  #prepare({ text, values }: WorkerdStatement): ReturnType<D1Handle["prepare"]> {
    const statement = this.#handle().prepare(text);
    return values.length > 0 ? statement.bind(...values) : statement;
  }
}

/** A list with all that goes along: guards ahead, counts and guards behind the writes. @returns also where its own statements are. */
function toList(
  statements: readonly Statement[],
  guards: readonly WorkerdStatement[],
  tried: readonly (Tried | undefined)[],
): { sent: WorkerdStatement[]; places: number[] } {
  const sent: WorkerdStatement[] = [...guards];
  const places: number[] = [];
  for (const [at, statement] of statements.entries()) {
    const bound = bindForWorkerd(statement);
    const { isRead, isWrite } = scan(statement.text);
    places.push(sent.push(isRead ? framed(bound) : bound) - 1);
    if (isWrite) sent.push(COUNT);
    if (isWrite && tried[at]) sent.push(triedGuard(tried[at], hasOwnRowid(statement.text), guards.length + at));
  }
  return { sent, places };
}

/** The error of a statement whose list has failed. */
export function errorOf({ cause }: ListFailure, statement: Statement): DbError<"QUERY_FAILED"> {
  return toStatementError(cause, statement);
}
