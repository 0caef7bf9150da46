import type { ContextProvider } from "../contract/context.ts";
import type { RawResult, Result, Row, SqlValue, Statement } from "../contract/statement.ts";
import { follow } from "./quiet.ts";
import { toResult, toRows } from "./rows.ts";

const BRAND: unique symbol = Symbol.for("isopool.SqlQuery");

/** Of templates whose values are all parameters. One text for all its queries: to look it up, an engine need not read it again. */
const texts = { "?": new WeakMap<readonly string[], string>(), $: new WeakMap<readonly string[], string>() };

/** A part of a query, or all of it, as `sql.id()`, `sql.join()` and `sql.raw()` make it. */
export interface SqlPart {
  /**
   * Writes it as text and parameters.
   *
   * @param placeholder - `?`, or `$` for `$1`, `$2`, ….
   */
  toStatement(placeholder: "?" | "$"): Statement;
}

/** Runs a query on the session for which it was created. */
export type RunQuery = (query: SqlQuery<unknown>) => Promise<RawResult>;

/** Prepares a promise that is returned to the user: `ContextProvider.carry`. */
export type Carry = NonNullable<ContextProvider["carry"]>;

// An await looks up whose promise it has, and shows that it does so, only where it has one: to be carried, a query must be a
// promise to the engine, one that never settles by itself. `#private` members grow on whatever a constructor returns.
// oxlint-disable-next-line typescript/no-extraneous-class -- a constructor is all it is for
class Awaited {
  constructor(isPromise: boolean) {
    if (isPromise) return Object.setPrototypeOf(new Promise(() => undefined), new.target.prototype) as Awaited;
  }
}

/**
 * A statement written as a template: values become parameters, queries inside a query become part of its text.
 * Lazy: it runs when it is first awaited, and exactly once, however often it is awaited; inside a `batch` it does not run on its own.
 */
export class SqlQuery<R = Row> extends Awaited implements Promise<R[]>, SqlPart {
  readonly #strings: readonly string[];
  readonly #values: readonly unknown[];
  readonly #runQuery: RunQuery;
  readonly #carry: Carry | undefined;
  readonly #target: object | undefined;
  #result: Promise<RawResult> | undefined;
  #reads = 0;

  /** @param target - what it runs on. */
  constructor(
    strings: readonly string[],
    values: readonly unknown[],
    runQuery: RunQuery,
    carry?: Carry,
    target?: object,
  ) {
    super(carry !== undefined);
    this.#strings = strings;
    this.#values = values;
    this.#runQuery = runQuery;
    this.#carry = carry;
    this.#target = target;
    carry?.(this);
  }

  /** @internal */
  get [BRAND](): boolean {
    return true;
  }

  get [Symbol.toStringTag](): string {
    return "SqlQuery";
  }

  /** @internal How often it was awaited, or read in another way. */
  get reads(): number {
    return this.#reads;
  }

  /** @internal What it runs on. */
  get session(): object | undefined {
    return this.#target;
  }

  /** @internal It is a query of this session that has not run yet. */
  static isLazy(value: unknown, target: object): value is SqlQuery<unknown> {
    return value instanceof SqlQuery && value.#target === target && !value.#result;
  }

  /** @internal Runs it in another way, before it is first awaited. */
  runBy(run: RunQuery): void {
    this.#result ??= run(this);
  }

  /** The first row, or `undefined` if there is none. */
  first(): Promise<R | undefined> {
    return this.#read((raw) => toRows<R>(raw, this.#strings)[0]);
  }

  /** Rows as arrays in column order: `[[1, "Ada"]]`. Use it for duplicate column names. */
  values(): Promise<SqlValue[][]> {
    return this.#read(({ rows }) => rows);
  }

  /** The full result: rows, columns, rows affected, last row id. */
  run(): Promise<Result<R>> {
    return this.#read((raw) => toResult<R>(raw, this.#strings));
  }

  // oxlint-disable-next-line unicorn/no-thenable -- a query is awaited: that is its interface
  then<A = R[], B = never>(
    onFulfilled?: ((rows: R[]) => A | PromiseLike<A>) | null,
    onRejected?: ((reason: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    const raw = this.#once();
    const rows = follow(raw, (each) => toRows<R>(each, this.#strings));
    // As far as can be known, nobody listens for its outcome.
    return onRejected ? rows.then(onFulfilled, onRejected) : follow(rows, onFulfilled ?? ((each) => each as A));
  }

  catch<B = never>(onRejected?: ((reason: unknown) => B | PromiseLike<B>) | null): Promise<R[] | B> {
    return this.then(undefined, onRejected);
  }

  finally(onFinally?: (() => void) | null): Promise<R[]> {
    return this.then().finally(onFinally);
  }

  toStatement(placeholder: "?" | "$"): Statement {
    const strings = this.#strings;
    const known = texts[placeholder];
    const isPlain = !this.#values.some(isSqlPart);
    const text = isPlain && known.get(strings);
    if (text) return { text, params: this.#values.slice() as SqlValue[] };
    const statement = toStatement(this, placeholder);
    // A template's own strings are frozen; others may be changed.
    if (isPlain && Object.isFrozen(strings)) known.set(strings, statement.text);
    return statement;
  }

  /** @internal Not private: a query made by another copy of the package composes too. */
  write(placeholder: "?" | "$", params: SqlValue[]): string {
    return write(this.#strings, this.#values, placeholder, params);
  }

  #read<T>(finish: (raw: RawResult) => T): Promise<T> {
    const raw = this.#once();
    const read = follow(raw, finish);
    return this.#carry ? this.#carry(read) : read;
  }

  #once(): Promise<RawResult> {
    this.#reads++;
    return (this.#result ??= this.#runQuery(this));
  }
}

/** What composes, also across copies of the package: a query, or a part of one. */
interface Writable extends SqlPart {
  write(placeholder: "?" | "$", params: SqlValue[]): string;
}

/** Makes a part that is no query of its own: it composes, and runs nowhere. */
export function sqlPart(strings: readonly string[], values: readonly unknown[] = []): SqlPart {
  const part: Writable & { readonly [BRAND]: boolean } = {
    [BRAND]: true,
    toStatement: (placeholder) => toStatement(part, placeholder),
    write: (placeholder, params) => write(strings, values, placeholder, params),
  };
  return part;
}

/** Distinguishes a query, or a part of one, from a value; works across copies of the package. */
export function isSqlPart(value: unknown): value is Writable {
  return typeof value === "object" && value !== null && BRAND in value;
}

function toStatement(part: Writable, placeholder: "?" | "$"): Statement {
  const params: SqlValue[] = [];
  return { text: part.write(placeholder, params), params };
}

function write(
  strings: readonly string[],
  values: readonly unknown[],
  placeholder: "?" | "$",
  params: SqlValue[],
): string {
  let text = strings[0] ?? "";
  values.forEach((value, index) => {
    if (isSqlPart(value)) text += value.write(placeholder, params);
    else {
      params.push(value as SqlValue);
      text += placeholder === "?" ? "?" : `$${params.length}`;
    }
    text += strings[index + 1] ?? "";
  });
  return text;
}
