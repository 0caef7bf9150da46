import type { SqlJsDatabase, SqlJsStatic } from "../driver.ts";

/** An open file of Emscripten's file system in memory. Minified builds keep these names and no others. */
interface MemoryStream {
  readonly node: { readonly name: string };
}

type Transfer = (stream: MemoryStream, buffer: Uint8Array, offset: number, length: number, at: number) => number;

/** What all files in memory share: SQLite's reads and writes go through these. */
interface StreamOperations {
  read: Transfer;
  write: Transfer;
}

/** A file that is watched. */
export interface Watched {
  /** How it is read; known once SQLite has read or written anything. */
  stream: MemoryStream | undefined;
  /** Called with each write's first byte and the one behind its last. */
  onWrite(start: number, end: number): void;
}

// One door an operations object, however many classes lead to it.
const doors = new WeakMap<StreamOperations, Door>();

/**
 * The private door of sql.js: the calls by which SQLite reads and writes its files. It is no public interface: nothing may
 * depend on it that was not tested at start (`database-file.ts`).
 */
export class Door {
  readonly #operations: StreamOperations;
  readonly #original: StreamOperations;
  readonly #watched: Map<string, Watched> = new Map();

  private constructor(operations: StreamOperations) {
    const { read, write } = (this.#original = { ...operations });
    this.#operations = operations;
    const watched = this.#watched;
    operations.read = function (this: unknown, ...args: Parameters<Transfer>) {
      const file = watched.get(args[0].node.name);
      if (file) file.stream = args[0];
      return read.apply(this, args);
    };
    operations.write = function (this: unknown, ...args: Parameters<Transfer>) {
      const [stream, , , length, at] = args;
      const file = watched.get(stream.node.name);
      if (file) {
        file.stream = stream;
        file.onWrite(at, at + length);
      }
      return write.apply(this, args);
    };
  }

  /** The door of a build, if it has one. `export()` lays an object over the shared operations: that call shows them. */
  static open(sqlJs: SqlJsStatic): Door | undefined {
    const { create } = Object;
    let operations: StreamOperations | undefined;
    const db = new sqlJs.Database();
    Object.create = (prototype: object | null, ...rest: unknown[]): object => {
      const { read, write } = (prototype ?? {}) as Partial<StreamOperations>;
      if (typeof read === "function" && typeof write === "function") operations ??= prototype as StreamOperations;
      return create(...([prototype, ...rest] as Parameters<typeof create>)) as object;
    };
    try {
      db.export();
    } finally {
      Object.create = create;
      db.close();
    }
    if (!operations) return undefined;
    const door = doors.get(operations) ?? new Door(operations);
    doors.set(operations, door);
    return door;
  }

  /** Tells `file` of all that is done to the file of `db`, until `unwatch()`. */
  watch(db: SqlJsDatabase, file: Watched): void {
    this.#watched.set(nameOf(db), file);
  }

  unwatch(db: SqlJsDatabase): void {
    this.#watched.delete(nameOf(db));
  }

  read(stream: MemoryStream, at: number, into: Uint8Array): void {
    this.#original.read.call(this.#operations, stream, into, 0, into.length, at);
  }
}

function nameOf(db: SqlJsDatabase): string {
  const { filename } = db as { filename?: unknown };
  if (typeof filename !== "string") throw new TypeError("Expected a sql.js Database with a `filename`");
  return filename;
}
