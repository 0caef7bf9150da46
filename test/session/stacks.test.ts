// Every program of three scopes and two statements, with every ending and every failure, in both dialects: what is stored is
// what was reported. No connection, no promise: the scopes and the transaction alone, on a model of a server.

import { describe, expect, test } from "vitest";
import { Scope } from "../../src/session/scope.ts";
import { Transaction, toStep } from "../../src/session/transaction.ts";
import { type Choose, explore } from "../kit/explore.ts";
import { type Failure, ModelServer, type ModelStep } from "../kit/model-server.ts";

type Dialect = "sqlite" | "postgres";

/** Kind and parent of each scope; the first is the session. `root`: one that is a transaction; `plain`: one that is none. */
type Shape = readonly (readonly ["root" | "plain" | "transaction" | "nested", parent?: number])[];

interface Asked {
  readonly row: string;
  readonly scope: Scope;
  status: "waiting" | "flying" | "done" | "failed" | "refused";
}

const boom = new Error("boom");
const NAMES = ["session", "first", "second"];

class Program {
  readonly server: ModelServer;
  readonly transaction = new Transaction({ emit: () => undefined });
  readonly scopes: Scope[];
  readonly asked: Asked[] = [];
  /** What has happened, for the message of a failure. */
  readonly trace: string[] = [];
  readonly #shape: Shape;
  readonly #choose: Choose;
  /** Outcome of what flies, which nobody knows yet. */
  #landing: (() => void) | undefined;
  #hasFailed = false;

  constructor(shape: Shape, dialect: Dialect, choose: Choose) {
    this.server = new ModelServer(dialect);
    this.#shape = shape;
    this.#choose = choose;
    this.scopes = [new Scope("root", undefined, shape[0]![0] === "root" ? {} : undefined)];
  }

  /** Goes on until the session has ended. */
  run(): void {
    while (this.scopes[0]!.stage !== "ended") {
      const actions = this.#actions();
      if (actions.length === 0) throw new Error("nothing can happen any more");
      actions[this.#choose(actions.length)]!();
      this.#wake();
    }
  }

  get reported(): string[] {
    const isKept = ({ scope, status }: Asked): boolean =>
      status === "done" && scope.path.every(({ fate }) => fate === "kept");
    return this.asked.filter(isKept).map(({ row }) => row);
  }

  #actions(): (() => void)[] {
    const actions: (() => void)[] = this.#landing ? [this.#land] : [];
    const next = this.#shape[this.scopes.length];
    const parent = this.scopes[next?.[1] ?? 0]!;
    // Siblings take turns.
    if (next && !parent.over && !this.#inner(parent).some(isUnended)) actions.push(() => this.#begin(next[0], parent));
    for (const scope of this.scopes) {
      if (scope.over) {
        if (scope.stage === "ending" && !this.#landing) actions.push(() => this.#end(scope));
        continue;
      }
      // Asked while something flies, it is as if it were asked right behind.
      if (this.asked.length < 2 && !this.#landing) actions.push(() => this.#ask(scope));
      if (scope.kind !== "root" || this.asked.length > 0) actions.push(() => this.#giveUp(scope));
      const isBusy =
        this.#inner(scope).some(isUnended) || this.asked.some((each) => isUnsettled(each) && each.scope === scope);
      // COMMIT needs the line for itself, and a session is not over before its statements were asked.
      const mayEnd = scope.kind === "nested" || !(this.#landing || (scope.kind === "root" && this.asked.length < 2));
      if (!isBusy && mayEnd) actions.push(() => this.#keep(scope));
    }
    return actions;
  }

  #inner(scope: Scope): Scope[] {
    return this.scopes.filter(({ parent }) => parent === scope);
  }

  #begin(kind: Shape[number][0], parent: Scope): void {
    const name = NAMES[this.scopes.length]!;
    this.trace.push(kind, name);
    this.scopes.push(kind === "nested" ? new Scope(kind, parent, name) : new Scope("transaction", parent, {}));
  }

  #ask(scope: Scope): void {
    const row = this.asked.length === 0 ? "row 1" : "row 2";
    this.trace.push("ask", row, this.#nameOf(scope));
    this.asked.push({ row, scope, status: "waiting" });
  }

  /** What waits leaves as soon as it may: the first first. */
  #wake(): void {
    for (const asked of this.asked) {
      if (asked.status !== "waiting") continue;
      if (asked.scope.over || this.transaction.refusal(asked.scope)) asked.status = "refused";
      else if (!this.#landing && this.transaction.lets(asked.scope)) this.#leave(asked);
    }
  }

  #leave(asked: Asked): void {
    asked.status = "flying";
    const isDone = this.#fly(asked.scope, { kind: "query", row: asked.row });
    const land = this.#landing as unknown as () => void;
    this.#landing = () => {
      land();
      asked.status = isDone ? "done" : "failed";
    };
  }

  /** Sends a step behind the moves that must precede it. @returns whether it was done; `#landing` takes note of that. */
  #fly(scope: Scope, last: ModelStep): boolean {
    const { server, transaction } = this;
    const moves = transaction.ahead(scope)!;
    if (server.state === "closed" && !transaction.isOpen) server.open();
    const steps = [...(moves.map((move) => toStep(move)) as ModelStep[]), last];
    const [failure, at] = this.#failure(steps.length);
    const outcomes: boolean[] = [];
    if (failure === "lost") server.close();
    for (const [index, step] of (failure === "lost" ? [] : steps).entries()) {
      // Inside exactly the scopes in which it was asked.
      if (step === last && server.stack.join() !== scope.path.map(({ name }) => name || "begin").join())
        throw new Error(`${last.kind} in ${this.#nameOf(scope)}, and the server has ${server.stack}`);
      this.trace.push(step.kind);
      outcomes.push(server.run(step, index === at ? (failure as Failure) : undefined));
      if (index === at) break;
    }
    this.#landing = () => {
      moves.forEach((move, index) => {
        if (outcomes[index]) transaction.move(move);
        else if (outcomes[index] === false && move.kind !== "begin" && move.kind !== "savepoint")
          transaction.doom(boom);
      });
      if (last.kind === "commit" && outcomes.at(-1)) transaction.end();
      else transaction.land(server.state, boom);
    };
    return outcomes.length === steps.length && outcomes.at(-1)!;
  }

  /** One failure a program is enough: what comes after it must be right. */
  #failure(steps: number): [Failure | "lost" | undefined, at: number] {
    const dice = this.#hasFailed ? 0 : this.#choose(steps + (this.server.dialect === "sqlite" ? 3 : 2));
    if (dice === 0) return [undefined, -1];
    this.#hasFailed = true;
    const failure = dice <= steps ? "fails" : dice === steps + 1 ? "lost" : "ends";
    const at = failure === "fails" ? dice - 1 : steps - 1;
    this.trace.push(failure, String(at + 1));
    return [failure, at];
  }

  readonly #land = (): void => {
    const land = this.#landing!;
    this.#landing = undefined;
    land();
  };

  #keep(scope: Scope): void {
    const { transaction, trace } = this;
    trace.push("keep", this.#nameOf(scope));
    scope.seal();
    const isRefused = scope.path.length > 0 && transaction.refusal(scope) !== undefined;
    if (scope.kind === "nested" || scope.path.length === 0 || isRefused) scope.fate = isRefused ? "undone" : "kept";
    else if (!transaction.holds(scope)) scope.fate = "kept";
    else {
      scope.fate = this.#fly(scope, { kind: "commit" }) ? "kept" : "undone";
      this.#land();
    }
    if (scope.fate === "kept" || scope.kind === "nested") scope.stage = "ended";
  }

  /** By its own work, a deadline or a signal; whatever is under way inside. */
  #giveUp(scope: Scope): void {
    this.trace.push("give up", this.#nameOf(scope));
    scope.seal({ error: boom });
    scope.fate = "undone";
    if (scope.kind === "nested") scope.stage = "ended";
  }

  /** A transaction that was given up, or could not be committed. */
  #end(scope: Scope): void {
    const { server, transaction } = this;
    if (transaction.holds(scope)) {
      if (!transaction.lets(scope)) throw new Error("ROLLBACK waits");
      // One that gets no answer closes the connection.
      const isLost = !this.#hasFailed && this.#choose(2) === 1;
      this.trace.push(isLost ? "rollback (lost)" : "rollback");
      if (isLost) server.close();
      else server.run({ kind: "rollback" });
      transaction.end();
    }
    scope.stage = "ended";
  }

  #nameOf(scope: Scope): string {
    return NAMES[this.scopes.indexOf(scope)]!;
  }
}

const isUnended = ({ stage }: Scope): boolean => stage !== "ended";
const isUnsettled = ({ status }: Asked): boolean => status === "waiting" || status === "flying";

const shapes: readonly (readonly [string, Shape])[] = [
  ["two savepoints side by side", [["root"], ["nested", 0], ["nested", 0]]],
  ["a savepoint in a savepoint", [["root"], ["nested", 0], ["nested", 1]]],
  ["two transactions in a plain session", [["plain"], ["transaction", 0], ["transaction", 0]]],
  ["a savepoint in a transaction of a plain session", [["plain"], ["transaction", 0], ["nested", 1]]],
];

describe.each(["sqlite", "postgres"] as const)("%s", (dialect) => {
  test.each(shapes)("what is stored is what was reported: %s", (_name, shape) => {
    const runs = explore((choose) => {
      const program = new Program(shape, dialect, choose);
      try {
        program.run();
        if (program.reported.join() !== program.server.stored.join())
          throw new Error(`reported ${program.reported}, stored ${program.server.stored}`);
      } catch (error) {
        throw new Error(`${(error as Error).message}: ${program.trace.join(" ")}`, { cause: error });
      }
    });
    expect(runs).toBeGreaterThan(1_000);
  });
});
