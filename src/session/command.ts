import type { MaybePromise } from "../contract/adapter.ts";
import type { RawResult, Statement } from "../contract/statement.ts";
import type { Finish } from "./finish.ts";
import { locate } from "./locate.ts";
import type { Link } from "./link.ts";
import { settleQuietly } from "./quiet.ts";
import type { Scope } from "./scope.ts";
import { copyInput, type StatementInput } from "./statement.ts";

/** `connect` needs only a connection; `call` one that is in its transaction. Both do something with it, and nothing else flies. */
export type CommandKind = "query" | "batch" | "commit" | "rollback" | "connect" | "call";

/** Statements of which each runs only if those before it were done, as if each had been awaited before the next was asked. */
export interface Chain {
  failed: { readonly error: unknown } | undefined;
}

/** The COMMIT that may leave with some commands: `ride.ts`. */
interface Riding {
  /** Ahead of the first of them: settles when it may leave; `undefined`: now. */
  wait(): Promise<void> | undefined;
  /** Decides, for those that leave now with nothing left in the line: them, and COMMIT behind them if it rides. */
  board(commands: readonly Command[]): readonly Command[];
}

const NONE: readonly Statement[] = [];

/** Something a session was asked to do on its connection, and the promise that it gave for it. */
export class Command<T = unknown> {
  readonly kind: CommandKind;
  readonly scope: Scope;
  readonly inputs: readonly StatementInput[];
  readonly promise: Promise<T>;
  readonly finish: Finish<T>;
  /** The inputs as written for the adapter, once they are checked. */
  statements: readonly Statement[] = NONE;
  /** The COMMIT at the end of its scope, or what that rides with: awaited there. */
  isEnd = false;
  /** When it was asked for, in the order of its line. */
  order = 0;
  /** It has left the queue, and waits for a connection or for its answer. */
  isTaken = false;
  /** From when it left it may have been executed. */
  isFlying = false;
  /** Nothing of it is to be sent any more. */
  hasLanded = false;
  isSettled = false;
  // From here on, what few commands have: absent from the others, where it takes no room while they wait.
  /** For `connect`: whether an idle connection of the pool will do. */
  declare usePool: boolean | undefined;
  /** It takes back what its scope has done: the end of that scope does not end it. */
  declare isLast: boolean | undefined;
  /** A COMMIT that leaves with the statements ahead of it, and only if they were done. */
  declare isRiding: boolean | undefined;
  /** For `call`: the only connection that it makes sense on. */
  declare link: Link | undefined;
  /** Makes its answer once it has landed; nothing else leaves before. Whoever gives it up aborts the signal. */
  declare after: ((signal: AbortSignal) => Promise<T>) | undefined;
  declare chain: Chain | undefined;
  /** The COMMIT that may leave with it. */
  declare ride: Riding | undefined;
  /** Its deadline. Those that share a flight give up together, or not at all: none is delayed by what has more time. */
  declare timeoutMs: number | undefined;
  /** For one of several that share a session and nothing else: makes its own error of one that all of them get. */
  declare own: ((error: unknown) => unknown) | undefined;
  /** Disarms its deadline. */
  declare disarm: (() => void) | undefined;
  /** Ends the timer of its wait for a transaction that is under way. */
  declare unblock: (() => void) | undefined;
  #fulfil!: (value: T | PromiseLike<T>) => void;

  constructor(kind: CommandKind, scope: Scope, inputs: readonly StatementInput[], finish: Finish<T>) {
    this.kind = kind;
    this.scope = scope;
    this.inputs = inputs.map(copyInput);
    this.finish = finish;
    this.promise = new Promise((fulfil) => (this.#fulfil = fulfil));
  }

  /** It sends COMMIT. In a plain session only a part has anything open: what that has left to roll back is not to be committed. */
  get isCommit(): boolean {
    return this.kind === "commit" && !this.scope.isPlain;
  }

  /** What it was to do at the server is done. */
  land(results: RawResult[], link: Link): void {
    this.hasLanded = true;
    if (!this.after) this.resolve(this.finish(results, link, this));
  }

  resolve(value: MaybePromise<T>): void {
    this.isSettled = this.hasLanded = true;
    this.disarm?.();
    this.unblock?.();
    this.#fulfil(value);
  }

  reject(error: unknown): void {
    if (this.isSettled) return;
    if (this.chain) this.chain.failed ??= { error };
    this.isSettled = this.hasLanded = true;
    this.disarm?.();
    this.unblock?.();
    // Its session has ended, or is about to, and reports the failure: the statement's own promise may be nobody's. That of a
    // session's own COMMIT is awaited, and once only: with two who wait, an engine does not find the lines that do.
    if (this.scope.over && !this.isEnd) settleQuietly(this.promise);
    this.#fulfil(locate(this.own ? this.own(error) : error));
  }
}

/** Those that are still to be sent. Without one of its statements, a COMMIT does not ride: half of the work must not be kept. */
export function toLand(commands: readonly Command[]): readonly Command[] {
  if (commands.every(isToLand)) return commands;
  const rest = commands.filter(isToLand);
  if (!rest.at(-1)?.isRiding) return rest;
  rest.pop()!.resolve(undefined);
  return rest;
}

function isToLand({ hasLanded }: Command): boolean {
  return !hasLanded;
}

/** A statement that has no round trip to share: to wait for others would only take time. */
export function leavesAtOnce({ kind, disarm, ride, chain }: Command, link: Link | undefined): boolean {
  return kind === "query" && !disarm && !ride && !chain && link?.driver.answersAtOnce === true;
}

export function hasStatements({ inputs }: Command): boolean {
  return inputs.length > 0;
}

export function hasDeadline({ disarm }: Command): boolean {
  return disarm !== undefined;
}
