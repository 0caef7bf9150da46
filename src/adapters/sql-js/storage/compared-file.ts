import type { SqlJsDatabase, SqlJsStatement } from "../driver.ts";
import { BLOCK_BYTES, blocksOf, type Change } from "./block.ts";
import { type DatabaseFile, isInTransaction } from "./watched-file.ts";

/**
 * Knows the blocks that have changed by a look at all of them, after anything but a plain query was run: right with every build of
 * sql.js. A commit costs time in proportion to the database, and an image of it is held in memory.
 */
export class ComparedFile implements DatabaseFile {
  readonly #db: SqlJsDatabase;
  /** As of the last `take()`. */
  image: Uint8Array;
  #isSuspect = true;

  /** @param image - as it was kept last. */
  constructor(db: SqlJsDatabase, image: Uint8Array = new Uint8Array()) {
    this.#db = db;
    this.image = image;
    const whole = db as SqlJsDatabase & { run?(...args: unknown[]): unknown };
    const [prepare, exec, run] = [db.prepare.bind(db), db.exec.bind(db), whole.run?.bind(db)];
    Object.assign(db, {
      prepare: (sql: string) => this.#suspect(prepare(sql), sql),
      exec: (sql: string) => this.#note(sql, exec(sql)),
      run: (...args: unknown[]) => this.#note(String(args[0]), run?.(...args)),
    });
  }

  take(): Change | undefined {
    if (!this.#isSuspect || isInTransaction(this.#db)) return undefined;
    const old = this.image;
    const image = this.#db.export();
    this.#isSuspect = false;
    this.image = image;
    const blocks = new Map<number, Uint8Array>();
    for (let block = 0; block < blocksOf(image.length); block++) {
      const start = block * BLOCK_BYTES;
      const bytes = image.subarray(start, start + BLOCK_BYTES);
      if (isSame(bytes, old.subarray(start, start + BLOCK_BYTES))) continue;
      const whole = new Uint8Array(BLOCK_BYTES);
      whole.set(bytes);
      blocks.set(block, whole);
    }
    return blocks.size > 0 || image.length !== old.length ? { sizeBytes: image.length, blocks } : undefined;
  }

  release(): void {}

  #note<T>(sql: string, result: T): T {
    this.#isSuspect ||= !isQuery(sql);
    return result;
  }

  #suspect(statement: SqlJsStatement, sql: string): SqlJsStatement {
    if (isQuery(sql)) return statement;
    const step = statement.step.bind(statement);
    return Object.assign(statement, {
      step: () => {
        this.#isSuspect = true;
        return step();
      },
    });
  }
}

/** Surely only reads, or begins or ends what others have written. WITH may lead to an INSERT. */
function isQuery(sql: string): boolean {
  return /^\s*((select|begin(;commit)?|commit|rollback|savepoint|release|pragma (page_count|page_size|query_only|foreign_keys))\b[^;]*;?)?\s*$/i.test(
    sql,
  );
}

function isSame(bytes: Uint8Array, others: Uint8Array): boolean {
  if (bytes.length !== others.length) return false;
  const length = bytes.length >> 2;
  const words = new Int32Array(bytes.buffer, bytes.byteOffset, length);
  const otherWords = new Int32Array(others.buffer, others.byteOffset, length);
  for (let word = 0; word < length; word++) if (words[word] !== otherWords[word]) return false;
  return true;
}
