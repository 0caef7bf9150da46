import Libsql from "libsql";
import { HttpFailure, ProtocolFailure, StatementFailure, toStatementFailure } from "./failures.ts";
import type { Profile } from "./profile.ts";
import { kindOf, type StatementKind } from "./statement-kind.ts";
import type { Engine, Stream } from "./stream.ts";
import { toParseFailure } from "./parse-failure.ts";
import { parametersOf, type Piece, split } from "./tokens.ts";
import { bind, type EngineValue, toWire } from "./values.ts";
import type { WireColumn, WireResult, WireStatement } from "./wire.ts";
import type { WriteLock } from "./write-lock.ts";

type Prepared = ReturnType<Engine["prepare"]>;

/** What is tried again, and let go of when it has failed for good. */
interface Held {
  prepared?: Prepared | undefined;
}

/** A statement that was looked at, and may run. */
export interface Checked {
  readonly piece: Piece;
  readonly kind: StatementKind;
}

/** What `describe` tells. */
export interface Described {
  readonly cols: readonly WireColumn[];
  readonly params: readonly { readonly name: string | null }[];
  readonly is_explain: boolean;
  readonly is_readonly: boolean;
}

export interface StatementsOptions {
  readonly profile: Profile;
  readonly lock: WriteLock;
  readonly maxResponseBytes: number;
}

/** What a request's token may do. */
export type Permission = "full" | "read-only";

/** Looks at statements and runs them, with sqld's refusals and its words. */
export class Statements {
  readonly #options: StatementsOptions;

  constructor(options: StatementsOptions) {
    this.#options = options;
  }

  /** The only statement of a text. */
  checkOne(stream: Stream, source: Pick<WireStatement, "sql" | "sql_id">, permission: Permission): Checked {
    const [first, second] = split(textOf(stream, source));
    if (first === undefined)
      throw new StatementFailure("SQL string does not contain any statement", "SQL_NO_STATEMENT");
    if (second !== undefined)
      throw new StatementFailure("SQL string contains more than one statement", "SQL_MANY_STATEMENTS");
    return this.#check(stream, first, permission);
  }

  checkAll(stream: Stream, source: Pick<WireStatement, "sql" | "sql_id">, permission: Permission): Checked[] {
    return split(textOf(stream, source)).map((piece) => this.#check(stream, piece, permission));
  }

  /** Runs a statement to its end. */
  async run(
    stream: Stream,
    checked: Checked,
    statement: WireStatement,
    maxBytes = this.#options.maxResponseBytes,
  ): Promise<WireResult> {
    const { kind } = checked;
    const held: Held = {};
    try {
      const result = await this.#options.lock.run(stream, this.#attempt(stream, checked, statement, held));
      if (kind.setsState) stream.hasState = true;
      if (sizeOf(result) > maxBytes) throw new StatementFailure("Response is too large", "RESPONSE_TOO_LARGE");
      return result;
    } catch (error) {
      held.prepared = undefined;
      // Until its stack is written out, an error holds on to the statement that threw it.
      void (error as Error).stack;
      if (/BUSY|LOCKED/.test((error as { code?: string }).code ?? "")) await collectStatements();
      throw toStatementFailure(error, checked.piece.sql);
    } finally {
      this.#note(stream, kind);
    }
  }

  /** The first statement of a text, if there is one, as SQLite prepares it: nothing else is looked at. */
  describe(stream: Stream, source: Pick<WireStatement, "sql" | "sql_id">): Described {
    const [piece] = split(textOf(stream, source));
    if (piece === undefined) return { cols: [], params: [], is_explain: false, is_readonly: true };
    const { isExplain, kind } = kindOf(piece);
    try {
      const cols = columnsOf(stream.engine.prepare(piece.sql));
      const params = parametersOf(piece).map((name) => ({ name: name ?? null }));
      return { cols, params, is_explain: isExplain, is_readonly: kind !== "write" && kind !== "schema" };
    } catch (error) {
      throw toStatementFailure(error, piece.sql);
    }
  }

  #check({ engine }: Stream, piece: Piece, permission: Permission): Checked {
    const kind = kindOf(piece);
    const first = piece.tokens[0]!.text;
    const isKnown = /^(VACUUM|ANALYZE|PRAGMA|CREATE|ATTACH|DETACH)$/i.test(first);
    if (kind.kind === undefined && isKnown && this.#options.profile.refusesUnknownStatements) {
      throw new StatementFailure(
        `SQL string could not be parsed: unsupported statement: ${piece.sql}`,
        "SQL_PARSE_ERROR",
      );
    }
    if (permission === "read-only" && (kind.kind === "write" || kind.kind === "schema")) {
      throw new HttpFailure(
        403,
        "Authorization forbidden: Current session doesn't not have Write permission to namespace default",
      );
    }
    // A pragma acts while it is prepared.
    this.#refuseUnparsable(/^(PRAGMA|EXPLAIN)$/i.test(first) ? parser : engine, piece.sql);
    return { piece, kind };
  }

  // Servers parse before anything runs, and do not look at names then.
  #refuseUnparsable(engine: Engine, sql: string): void {
    try {
      engine.prepare(sql);
    } catch (error) {
      const { message } = error as Error;
      if (!/^near .*syntax error$|^incomplete input|^unrecognized token/s.test(message)) return;
      const told = this.#options.profile.hasOwnParser ? toParseFailure(message, sql, engine) : message;
      throw new StatementFailure(`SQL string could not be parsed: ${told}`, "SQL_PARSE_ERROR");
    }
  }

  /** What is tried until the lock is free. */
  #attempt(stream: Stream, { piece, kind }: Checked, statement: WireStatement, held: Held): () => WireResult {
    return () => {
      if (stream.wasRobbed) throw new StatementFailure("Transaction timed out", "TRANSACTION_TIMEOUT");
      const { engine } = stream;
      // exec() finalizes. A prepared statement that met SQLITE_BUSY is not reset before it runs again, and keeps COMMIT from
      // being done (libsql-js issue 228): so it is the same one that is tried again.
      if (/^(begin|end|savepoint)$/.test(kind.kind ?? "")) {
        engine.exec(piece.sql);
        return toResult([], [], 0, null);
      }
      const prepared = (held.prepared ??= engine.prepare(piece.sql));
      const values = bind(piece, statement);
      const columns = columnsOf(prepared);
      let rows: EngineValue[][] = [];
      if (columns.length > 0) rows = prepared.raw().safeIntegers(true).all(values) as EngineValue[][];
      else prepared.run(values);
      const changes = kind.changesRows ? Number(ask(engine, "SELECT changes()")) : 0;
      const rowid = kind.isInsert ? String(ask(engine, "SELECT last_insert_rowid()")) : null;
      return toResult(columns, rows, changes, rowid);
    };
  }

  #note(stream: Stream, kind: StatementKind): void {
    if (stream.isClosed) return;
    if (!stream.isInTransaction) {
      stream.isWriter = false;
      stream.transactionSince = 0;
      this.#options.lock.wake();
    } else if (kind.takesWriteLock && !stream.isWriter) {
      stream.isWriter = true;
      stream.transactionSince = Date.now();
    }
  }
}

function textOf({ storedSql }: Stream, { sql, sql_id: id }: Pick<WireStatement, "sql" | "sql_id">): string {
  const hasText = typeof sql === "string";
  if (hasText === (typeof id === "number"))
    throw new ProtocolFailure(`Either \`sql\` or \`sql_id\` are required${hasText ? ", but not both" : ""}`);
  const text = hasText ? sql : storedSql.get(id as number);
  if (text === undefined) throw new ProtocolFailure(`SQL text ${id} not found`);
  return text;
}

/** Holds nothing: what acts while it is prepared acts here. */
const parser: Engine = new Libsql(":memory:");

function columnsOf(prepared: Prepared): { name: string; decltype: string | null }[] {
  return prepared.columns().map(({ name, type }) => ({ name, decltype: type ?? null }));
}

function ask(engine: Engine, sql: string): unknown {
  return (engine.prepare(sql).raw().safeIntegers(true).get([]) as unknown[])[0];
}

function toResult(cols: WireResult["cols"], rows: EngineValue[][], changes: number, rowid: string | null): WireResult {
  const wired = rows.map((row) => cols.map((_, index) => toWire(row[index])));
  return { cols, rows: wired, affected_row_count: changes, last_insert_rowid: rowid, replication_index: null };
}

function sizeOf({ rows }: WireResult): number {
  let size = 0;
  for (const row of rows)
    for (const value of row)
      size += 26 + ("base64" in value ? value.base64.length : String("value" in value ? value.value : "").length);
  return size;
}

// What was not finalized locks until it is collected; the engine lets go of it a turn later.
async function collectStatements(): Promise<void> {
  for (let turn = 0; turn < 3; turn++) {
    await new Promise((resolve) => setImmediate(resolve));
    (globalThis as { gc?: () => void }).gc?.();
  }
  await new Promise((resolve) => setImmediate(resolve));
}
