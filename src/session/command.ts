import type { MaybePromise } from "../contract/adapter.ts";
import type { Clock } from "../contract/runtime.ts";
import type { RawResult, Statement } from "../contract/statement.ts";
import { armDeadline, type DeadlineOptions, timeoutError } from "./deadline.ts";
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
  /** The inputs as written for the adapter; set when they have been checked. */
  statements: readonly Statement[] = [];
  call: ((link: Link, signal: AbortSignal | undefined) => MaybePromise<T>) | undefined;
  /** For `connect`: whether an idle connection of the pool will do. */
  usePool = true;
  /** True from when it left: from then on it may have been executed. */
  isFlying = false;
  /** True when it has a deadline of its own, and so shares its flight with nobody who would be cancelled with it. */
  isAlone: boolean;
  isSettled = false;
  #shape: (results: RawResult[]) => T;
  #resolve!: (value: T) => void;
  #reject!: (error: unknown) => void;
  #disarm: (() => void) | undefined;

  constructor(kind: CommandKind, scope: Scope, inputs: readonly StatementInput[], shape: (results: RawResult[]) => T) {
    this.kind = kind;
    this.scope = scope;
    this.inputs = inputs;
    this.isAlone = kind !== "query";
    this.#shape = shape;
    this.promise = new Promise<T>((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
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
    this.#resolve(value);
    this.#settle();
  }

  reject(error: unknown): void {
    this.#reject(error);
    this.#settle();
  }

  /** Arms the command's own deadline and signal; `giveUp` is told the reason when either comes first. */
  bound(options: DeadlineOptions, clock: Clock, giveUp: (reason: unknown) => void): void {
    if (options.signal === undefined && options.timeoutMs === undefined) return;
    this.isAlone = true;
    this.#disarm = armDeadline(options, clock, giveUp, (timeoutMs) =>
      timeoutError("statement", timeoutMs, this.isFlying ? "unknown" : "not-executed"),
    );
  }

  #settle(): void {
    this.isSettled = true;
    this.#disarm?.();
  }
}
