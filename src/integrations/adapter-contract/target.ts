// What a test of an adapter needs to know of it: its dialect, as data.

import type {
  AdapterFactory,
  DatabaseOptions,
  DriverConnection,
  MaybePromise,
  SqlValue,
  Statement,
} from "../../index.ts";
import type { QueryFailureKind } from "../../errors.ts";

export interface Target {
  /** A source of its own, empty, for one case. */
  make(): MaybePromise<Source>;
  readonly dialect: ContractDialect;
  /** How its databases are configured besides: the runtime that the cases run in. */
  readonly database?: Partial<DatabaseOptions>;
  /** Its capabilities say so, and cases with streams are left out. */
  readonly cannotStream?: true;
  /** Only a whole list is a transaction there: cases that leave one open, and those of databases, are left out. */
  readonly cannotBegin?: true;
  /** Its capabilities say so, and cases in which a transaction sees its own writes are others. */
  readonly writesAtCommit?: true;
  /** Its connections are set up elsewhere, and it refuses setup. */
  readonly cannotSetUp?: true;
}

export interface Source {
  readonly factory: AdapterFactory;
  readonly url: string;
  /** What is still open though it should not be, told when every connection is closed; `[]` when there is nothing. */
  leaks?(): MaybePromise<readonly string[]>;
  dispose?(): MaybePromise<void>;
}

export interface ContractDialect {
  /**
   * Makes two tables: `parent (id, name, price)`: id an integer key, name unique, not null; price >= 0 by a check;
   * and `child (id, parent_id)`, whose parent_id is a foreign key that is looked at when the transaction ends.
   */
  readonly tables: readonly string[];
  /** Makes a table whose first column takes any value of that entry of `values`. */
  readonly values: readonly ValueCase[];
  /** A query whose only value is 1 when the given placeholder holds an integer of the database. */
  readonly isInteger: ((placeholder: string) => string) | undefined;
  /** Whether `:name` placeholders are known. */
  readonly named: boolean;
  readonly hasRowids: boolean;
  /** Values that must be refused: by their place or name, and never by what they are. */
  readonly refused: readonly unknown[];
  /** What fails, and how. Run after `tables` and `parent (1, 'Ada', 1)`. */
  readonly failures: readonly FailureCase[];
  /** A statement whose failure, in a transaction in which `parent (1, 'Ada', 1)` is there, makes the database end it. */
  readonly losing: Statement | undefined;
  /** Things that a session can leave behind, and a query that gives one row with 1 when that is seen. */
  readonly leftovers: readonly { readonly name: string; readonly leave: readonly string[]; readonly look: string }[];
  /** Statements with which nothing stays behind, though they look as if. */
  readonly harmless: readonly string[];
  /** Makes the connection die as it does in life. */
  readonly kill: ((connection: DriverConnection) => MaybePromise<void>) | undefined;
  /** A query without parameters that gives the numbers from 1 to `count`. */
  numbers(count: number): string;
}

export interface ValueCase {
  readonly name: string;
  /** Type of a column that holds it. */
  readonly column: string;
  readonly value: SqlValue;
  /** What comes back; by default the value itself. */
  readonly back?: SqlValue;
}

export interface FailureCase {
  readonly name: string;
  readonly statement: Statement;
  readonly kind: QueryFailureKind;
  readonly dialectCode?: string;
  readonly position?: number;
  /** What neither its message nor its cause may show. */
  readonly secret?: string;
}
