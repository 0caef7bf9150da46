// A database that keeps transactions and savepoints by the rules of its dialect. A text says what it does: `w 12` writes the row
// 12, `r 12` reads, `s 12` leaves something in the session, `f 12` fails, `x 12` fails and ends the transaction (SQLite's
// OR ROLLBACK). Each is a statement that the ledger knows by its number; all other texts are setup.

import type { BeginOptions, Dialect, Step, StepOutcome } from "../../src/contract/adapter.ts";
import type { Ledger, Scope, Statement, Unit } from "./ledger.ts";
import type { World } from "./world.ts";

interface Transaction {
  /** The scope that it was begun for: that of the first statement in it. */
  root: Scope | object | undefined;
  readonly rows: number[];
  readonly marks: { readonly name: string; readonly rows: number }[];
  isFailed: boolean;
  readonly options: BeginOptions;
}

const RESULT = { columns: [], rows: [], rowsAffected: 0 };

export interface ServerOptions {
  readonly dialect: Dialect;
  /** Share of steps that fail; 0 in a calm world. */
  readonly faults: number;
  /** What must have been executed before any statement, once for the server. */
  readonly needsSchema: boolean;
}

export class Server {
  readonly world: World;
  readonly ledger: Ledger;
  readonly options: ServerOptions;
  /** How often each row is stored. */
  readonly stored: Map<number, number> = new Map();
  hasSchema = false;

  constructor(world: World, ledger: Ledger, options: ServerOptions) {
    this.world = world;
    this.ledger = ledger;
    this.options = options;
  }

  store(row: number): void {
    const count = (this.stored.get(row) ?? 0) + 1;
    this.stored.set(row, count);
    if (count > 1) this.world.fail("executed once", `row ${row} is stored ${count} times`);
  }
}

/** The server's end of a connection. */
export class ServerEnd {
  readonly server: Server;
  readonly number: number;
  transaction: Transaction | undefined;
  /** What each unit left behind in the session. */
  readonly left: Set<Unit> = new Set();
  /** The setup that it needs before the first statement, in order. */
  readonly wantedSetup: readonly string[];
  setupDone = 0;
  /** Lent to nobody any more: whoever detached it does what it likes. */
  isPrivate = false;
  /** The hooks run on it once more. */
  mayRepeatSetup = false;
  isDead = false;

  constructor(server: Server, number: number, wantedSetup: readonly string[]) {
    this.server = server;
    this.number = number;
    this.wantedSetup = wantedSetup;
  }

  get state(): "idle" | "transaction" | "failed" {
    return !this.transaction ? "idle" : this.transaction.isFailed ? "failed" : "transaction";
  }

  /** The connection is gone: what is open is rolled back. */
  die(): void {
    this.isDead = true;
    this.transaction = undefined;
  }

  /** @param key - of the flight and the step in it. */
  run(step: Step, key: number, at: number, isUndo = false): StepOutcome {
    if (step.kind === "query") return this.#query(step.statement.text, step.guarded, step.isSetup === true, key, at);
    const { world, options } = this.server;
    const { transaction } = this;
    const isFaulty = !isUndo && world.happens(options.faults / 3, `${step.kind} fails`, 3, key, at);
    const isPostgres = options.dialect === "postgres";
    switch (step.kind) {
      case "begin":
        if (transaction) return this.#wrong("BEGIN in a transaction");
        if (isFaulty) return this.failed("BEGIN fails", "busy", true);
        this.transaction = { root: undefined, rows: [], marks: [], isFailed: false, options: step.options };
        return done();
      case "commit":
        if (!transaction) return this.#lost("commit");
        if (transaction.isFailed) {
          this.transaction = undefined;
          return this.#lost("commit");
        }
        if (isFaulty) {
          // PostgreSQL has rolled back by then; SQLite keeps the transaction, and COMMIT may be tried again.
          if (isPostgres) this.transaction = undefined;
          return this.failed("COMMIT fails", isPostgres ? "serialization" : "busy", true);
        }
        this.#commit(transaction);
        return done();
      case "rollback":
        if (transaction && isFaulty) return this.failed("ROLLBACK fails", "other", false);
        this.transaction = undefined;
        return done();
      case "savepoint":
      case "release":
      case "rollback-to":
        return transaction ? this.#mark(step.kind, step.name, transaction, isFaulty, isUndo) : this.#lost(step.kind);
    }
  }

  #commit({ rows }: Transaction): void {
    this.transaction = undefined;
    for (const row of rows) this.server.store(row);
    this.server.world.tell("commit");
  }

  #mark(
    kind: "savepoint" | "release" | "rollback-to",
    name: string,
    open: Transaction,
    isFaulty: boolean,
    isUndo: boolean,
  ): StepOutcome {
    const isPostgres = this.server.options.dialect === "postgres";
    const at = open.marks.findLastIndex((mark) => mark.name === name);
    if (open.isFailed && kind !== "rollback-to") return this.failed("the transaction is aborted", "other", false);
    if (kind !== "savepoint" && at < 0) {
      open.isFailed = isPostgres;
      // Where the savepoint has failed, there is nothing to undo.
      if (isUndo) return this.failed(`no savepoint ${name}`, "other", false);
      return this.#wrong(`${kind} of a savepoint that is not there: ${name}`);
    }
    if (isFaulty) {
      open.isFailed ||= isPostgres;
      return this.failed(`${kind} fails`, "other", false);
    }
    if (kind === "savepoint") open.marks.push({ name, rows: open.rows.length });
    else if (kind === "release") open.marks.length = at;
    else {
      open.rows.length = open.marks[at]!.rows;
      open.marks.length = at + 1;
      open.isFailed = false;
    }
    return done();
  }

  #query(text: string, isGuarded: boolean, isSetup: boolean, key: number, at: number): StepOutcome {
    const { transaction, server } = this;
    if (isGuarded && !transaction) return { status: "skipped" };
    const statement = server.ledger.byText(text);
    if (!statement) return this.#prepare(text, isSetup, key, at);
    if (statement.unit && !statement.isOwn) this.#look(statement, transaction);
    statement.executions++;
    if (statement.executions > 1)
      server.world.fail("executed once", `${text} was executed ${statement.executions} times`);
    if (transaction?.isFailed) return this.failed("the transaction is aborted", "other", false);
    const fault = this.#faultOf(statement, text);
    statement.answer = fault ? "failed" : "done";
    if (fault) {
      if (transaction && server.options.dialect === "postgres") transaction.isFailed = true;
      if (fault === "ends") this.transaction = undefined;
      const kind = fault === "fails" ? "unique" : fault === "ends" ? "other" : "serialization";
      return this.failed(text, kind, fault === "serialization");
    }
    if (text.startsWith("w")) {
      if (transaction) transaction.rows.push(statement.id);
      else server.store(statement.id);
    }
    if (text.startsWith("s") && statement.unit) this.left.add(statement.unit);
    return { status: "done", result: { columns: ["id"], rows: [[statement.id]], rowsAffected: 1 } };
  }

  #faultOf({ id }: Statement, text: string): "fails" | "ends" | "serialization" | undefined {
    const { world, options } = this.server;
    const isPostgres = options.dialect === "postgres";
    if (text.startsWith("f")) return "fails";
    if (text.startsWith("x")) return isPostgres ? "fails" : "ends";
    if (!world.happens(options.faults, "statement fails", 1, id)) return undefined;
    const dice = world.draw(2, id);
    return dice < 0.4 ? "serialization" : dice < 0.7 || isPostgres ? "fails" : "ends";
  }

  /** What must hold when a session's statement is executed. */
  #look(statement: Statement, transaction: Transaction | undefined): void {
    const { world, options, hasSchema } = this.server;
    const { text, unit, scope } = statement;
    const where = `${text} on connection ${this.number}`;
    const root: Scope | object | undefined = scope.transactionRoot ?? (transaction && statement.batch);
    if (root && !transaction) world.fail("in its transaction", `${where} is executed outside of its transaction`);
    if (!root && transaction)
      world.fail("in its transaction", `${where} is executed in a transaction that it was not asked in`);
    if (transaction && root) {
      transaction.root ??= root;
      if (transaction.root !== root)
        world.fail(
          "in its transaction",
          `${where} is executed in the transaction of ${"name" in transaction.root ? transaction.root.name : "a batch"}`,
        );
    }
    for (const other of this.left)
      if (other !== unit && !this.isPrivate)
        world.fail("clean", `${where} sees what ${other.name} left in the session`);
    if (unit!.overAt !== undefined && !statement.isLate && !unit!.isMurky)
      world.fail("over is over", `${where} is executed after ${unit!.name} had ended`);
    if (options.needsSchema && !hasSchema)
      world.fail("first hook", `${where} is executed before the first hook was done`);
    if (this.setupDone < this.wantedSetup.length)
      world.fail("setup", `${where} is executed before the setup of its connection`);
  }

  #prepare(text: string, isSetup: boolean, key: number, at: number): StepOutcome {
    const { world, options } = this.server;
    if (!isSetup && text.startsWith("setup")) world.fail("setup", `${text} is not marked as setup`);
    if (this.transaction?.isFailed) return this.failed("the transaction is aborted", "other", false);
    if (world.happens(options.faults, "setup fails", 4, key, at)) {
      if (this.transaction && options.dialect === "postgres") this.transaction.isFailed = true;
      return this.failed(text, "other", false);
    }
    if (text === "schema") this.server.hasSchema = true;
    if (text.startsWith("setup")) {
      if (this.wantedSetup[this.setupDone] !== text && !this.mayRepeatSetup)
        world.fail("setup", `${text} is executed on connection ${this.number} out of order, or twice`);
      this.setupDone++;
    }
    return done();
  }

  failed(message: string, kind: "unique" | "other" | "serialization" | "busy", retryable: boolean): StepOutcome {
    const { DbError } = this.server.world.lib;
    const details = { kind, sql: message, dialectCode: undefined };
    return { status: "failed", error: new DbError("QUERY_FAILED", message, details, { retryable }) };
  }

  #lost(sql: string): StepOutcome {
    const { DbError } = this.server.world.lib;
    return { status: "failed", error: new DbError("TRANSACTION_LOST", sql, { sql }, { retryable: true }) };
  }

  #wrong(what: string): StepOutcome {
    this.server.world.fail("the server's rules", `connection ${this.number}: ${what}`);
    return this.failed(what, "other", false);
  }
}

function done(): StepOutcome {
  return { status: "done", result: RESULT };
}
