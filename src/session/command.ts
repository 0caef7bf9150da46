import type { MaybePromise, Step } from "../contract/adapter.ts";
import type { RawResult, Statement } from "../contract/statement.ts";
import type { Link } from "./link.ts";
import type { Scope } from "./scope.ts";
import type { StatementInput } from "./statement.ts";

/** `connect` only takes a connection; `call` does something with it, with nothing else in flight. */
export type CommandKind = "query" | "batch" | "commit" | "rollback" | "connect" | "call";

/** Something a session was asked to do on its connection, and the promise that it gave for it. */
export class Command<T = unknown> {
  readonly kind: CommandKind;
  readonly scope: Scope;
  readonly inputs: readonly StatementInput[];
  readonly promise: Promise<T>;
  /** The inputs as written for the adapter, once they are checked. */
  statements: readonly Statement[] = [];
  /** What it adds to its flight. */
  steps: readonly Step[] = [];
  call: ((link: Link, signal: AbortSignal | undefined) => MaybePromise<T>) | undefined;
  /** For `connect`: whether an idle connection of the pool will do. */
  usePool = true;
  /** Shares its flight with nobody: it settles something, or may be cancelled on its own. */
  isAlone: boolean;
  /** From when it left it may have been executed. */
  isFlying = false;
  isSettled = false;
  /** Disarms its deadline. */
  onSettle: (() => void) | undefined;
  readonly #shape: (results: RawResult[]) => T;
  #fulfil!: (value: T) => void;
  #refuse!: (error: unknown) => void;

  constructor(kind: CommandKind, scope: Scope, inputs: readonly StatementInput[] = [], shape: (results: RawResult[]) => T = () => undefined as T) {
    this.kind = kind;
    this.scope = scope;
    this.inputs = inputs;
    this.isAlone = kind !== "query";
    this.#shape = shape;
    this.promise = new Promise<T>((fulfil, refuse) => {
      this.#fulfil = fulfil;
      this.#refuse = refuse;
    });
  }

  resolve(results: RawResult[]): void {
    try {
      this.fulfil(this.#shape(results));
    } catch (error) {
      this.reject(error);
    }
  }

  fulfil(value: T): void {
    this.isSettled = true;
    this.onSettle?.();
    this.#fulfil(value);
  }

  reject(error: unknown): void {
    this.isSettled = true;
    this.onSettle?.();
    this.#refuse(error);
  }
}
