import type { SqlJsDatabase, SqlJsStatement, SqlJsStatic } from "../../../src/adapters/sql-js/index.ts";

/** What happens at a call of the engine: it is refused, the engine breaks inside ahead of it or behind it, or nothing. */
export type EngineFault = "refuse" | "trap" | "trap-after" | "none";

/** An engine that is made to fail at any of its calls. */
export class BrokenEngine {
  readonly engine: SqlJsStatic;
  /** Opened and not closed. */
  readonly databases: Set<object> = new Set();
  /** Prepared and not freed. */
  readonly statements: Set<object> = new Set();
  calls = 0;
  #at: number | undefined;
  #kind: EngineFault = "none";
  readonly #onMet: () => void;

  constructor(real: SqlJsStatic, onMet: () => void) {
    this.#onMet = onMet;
    const call = <T>(work: () => T): T => this.#call(work);
    const { databases } = this;
    const wrap = (statement: SqlJsStatement): SqlJsStatement => this.#wrap(statement);
    this.engine = {
      Database: class extends real.Database {
        constructor(image?: Uint8Array) {
          super(image);
          databases.add(this);
        }
        override prepare(sql: string): SqlJsStatement {
          return call(() => wrap(super.prepare(sql)));
        }
        override exec(sql: string): unknown[] {
          // An empty text cannot be refused, but by an engine that is gone.
          return sql === "" ? super.exec(sql) : call(() => super.exec(sql));
        }
        override close(): void {
          databases.delete(this);
          super.close();
        }
      },
    };
  }

  fail(kind: EngineFault, after: number): void {
    this.#kind = kind;
    this.#at = this.calls + after;
  }

  /** It has not failed yet. */
  get isWaiting(): boolean {
    return this.#at !== undefined;
  }

  clear(): void {
    this.#at = undefined;
  }

  #wrap(statement: SqlJsStatement): SqlJsStatement {
    const { statements } = this;
    const [step, free] = [statement.step.bind(statement), statement.free.bind(statement)];
    statements.add(statement);
    statement.step = () => this.#call(step);
    statement.free = () => statements.delete(statement) && free();
    return statement;
  }

  #call<T>(work: () => T): T {
    const isNow = this.calls++ === this.#at;
    const kind = isNow ? this.#kind : "none";
    if (isNow) {
      this.#at = undefined;
      this.#onMet();
    }
    if (kind === "refuse") throw new Error("disk I/O error");
    if (kind === "trap") this.#break();
    const result = work();
    if (kind === "trap-after") this.#break();
    return result;
  }

  /** What a broken instance of WebAssembly has open cannot be closed: it is gone with it. */
  #break(): never {
    this.databases.clear();
    this.statements.clear();
    throw new WebAssembly.RuntimeError("unreachable");
  }
}

/** Rows of a table of numbers in an image, in the order in which they came; none where there is no such table yet. */
export function rowsIn(engine: SqlJsStatic, image: Uint8Array, table: string): number[] {
  if (image.length === 0) return [];
  const db: SqlJsDatabase = new engine.Database(image);
  try {
    if (db.exec(`SELECT 1 FROM sqlite_master WHERE name = '${table}'`).length === 0) return [];
    const [result] = db.exec(`SELECT n FROM ${table} ORDER BY rowid`) as { values: [number][] }[];
    return (result?.values ?? []).map(([n]) => n);
  } finally {
    db.close();
  }
}
