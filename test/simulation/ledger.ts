// What was asked, and what was reported: the callers' side of the story. The oracle holds it against what the server stored.

import type { World } from "./world.ts";
import { shown } from "./world.ts";

/** `weak`: its COMMIT or ROLLBACK was refused, and it may live on in the next. `either`: nobody can know, or nobody was told. */
export type Fate = "open" | "committed" | "rolled back" | "unknown" | "weak" | "either";

/** From one COMMIT or ROLLBACK of a session to the next. */
export interface Epoch {
  fate: Fate;
  decision: "pending" | "settled" | undefined;
}

export type ScopeKind = "root" | "plain" | "joined" | "nested" | "inner root" | "inner plain";

export type State = "pending" | "resolved" | "rejected";

export class Scope {
  readonly unit: Unit;
  readonly parent: Scope | undefined;
  readonly kind: ScopeKind;
  readonly name: string;
  /** The transaction that its statements belong to; `undefined`: to none. */
  readonly transactionRoot: Scope | undefined;
  readonly epochs: Epoch[] = [{ fate: "open", decision: undefined }];
  /** Epoch of the transaction in which it began. */
  readonly began: number;
  state: State = "pending";
  /** It rejected, and said that nobody knows what became of it. */
  isUnknown = false;

  constructor(unit: Unit, kind: ScopeKind, name: string, parent?: Scope) {
    this.unit = unit;
    this.kind = kind;
    this.name = name;
    this.parent = parent;
    const isRoot = kind === "root" || kind === "inner root";
    this.transactionRoot = isRoot
      ? this
      : kind === "plain" || kind === "inner plain"
        ? undefined
        : parent!.transactionRoot;
    if (parent) unit.scopes.push(this);
    const isPart = parent !== undefined && (parent.kind === "nested" || parent.kind === "joined");
    this.began = isRoot ? 0 : isPart ? parent.began : firstOf(this.transactionRoot);
  }

  get epoch(): number {
    return (this.transactionRoot?.epochs.length ?? 1) - 1;
  }

  /** It, or what is around it, was reported to be over. */
  get isOver(): boolean {
    return this.state !== "pending" || this.unit.overAt !== undefined || (this.parent?.isOver ?? false);
  }
}

/** One session, or one attempt of it. */
export class Unit {
  readonly name: string;
  readonly root: Scope;
  readonly isPlain: boolean;
  /** When it was reported to have ended. */
  overAt: number | undefined;
  /** The work of its session. */
  work: State = "pending";
  workError: unknown;
  /** When its work settled. */
  workAt = Infinity;
  /** All scopes in it, its root apart. */
  readonly scopes: Scope[] = [];
  error: unknown;
  isByHand = false;
  /** It has a deadline or a signal of its own. */
  isLimited = false;
  /** Its first `close()` was asked for. */
  isClosed = false;
  /** A `close(callback)` of it is under way. */
  isClosing = false;
  /** It was begun anew after this one. */
  isRetried = false;
  /** What the oracle cannot follow was done with it. */
  isMurky = false;

  constructor(name: string, isPlain: boolean) {
    this.name = name;
    this.isPlain = isPlain;
    this.root = new Scope(this, isPlain ? "plain" : "root", name);
  }
}

export interface Statement {
  readonly id: number;
  readonly text: string;
  readonly scope: Scope;
  readonly unit: Unit | undefined;
  readonly isWrite: boolean;
  /** On a connection that somebody owns, or in a hook. */
  readonly isOwn: boolean;
  /** The batch that it is part of: outside of a transaction, it has one of its own. */
  readonly batch: object | undefined;
  readonly from: number;
  to: number;
  state: State;
  error: unknown;
  executions: number;
  /** What the server has told of it last. */
  answer: "done" | "failed" | undefined;
  /** The server may execute it after it was given up. */
  isLate: boolean;
}

export interface Callback {
  readonly isCommit: boolean;
  readonly scope: Scope;
  readonly epoch: number;
  runs: number;
}

export class Ledger {
  readonly world: World;
  readonly statements: Map<string, Statement> = new Map();
  readonly units: Unit[] = [];
  readonly callbacks: Callback[] = [];
  /** What callbacks threw: it says nothing about what was done. */
  readonly callbackErrors: Set<unknown> = new Set();
  #rows = 0;

  constructor(world: World) {
    this.world = world;
  }

  byText(text: string): Statement | undefined {
    return this.statements.get(text);
  }

  unit(name: string, isPlain: boolean): Unit {
    const unit = new Unit(name, isPlain);
    this.units.push(unit);
    return unit;
  }

  /** @param letter - what it does: see `server.ts`. */
  ask(
    letter: string,
    scope: Scope,
    { isOwn = false, batch }: { readonly isOwn?: boolean; readonly batch?: object } = {},
  ): Statement {
    const id = ++this.#rows;
    const statement: Statement = {
      id,
      text: `${letter} ${id}`,
      scope,
      unit: scope.unit,
      isWrite: letter === "w",
      isOwn,
      batch,
      // What is asked inside of a nested one may belong to the transaction in which that began.
      from: scope.kind === "nested" || scope.kind === "joined" ? scope.began : firstOf(scope.transactionRoot),
      to: scope.epoch,
      state: "pending",
      error: undefined,
      executions: 0,
      answer: undefined,
      isLate: false,
    };
    this.statements.set(statement.text, statement);
    return statement;
  }

  settle(statement: Statement, isResolved: boolean, error?: unknown): void {
    if (statement.scope.kind === "nested" || statement.scope.kind === "joined") statement.to = statement.scope.epoch;
    statement.state = isResolved ? "resolved" : "rejected";
    statement.error = error;
    this.world.note(() => `${statement.text} ${isResolved ? "done" : `rejected: ${shown(error)}`}`);
  }

  /** A COMMIT or ROLLBACK of a session is asked for: what is asked from now on belongs to the next transaction. */
  decide(unit: Unit): (fate: Fate) => void {
    const { epochs } = unit.root;
    const epoch = epochs.at(-1)!;
    const before = epochs.at(-2);
    epoch.decision = "pending";
    // Two at once: which comes first is not for the oracle to say.
    const isMixed = before?.decision === "pending" && before.fate === "open";
    if (isMixed) before.fate = "either";
    if (isMixed) epoch.fate = "either";
    epochs.push({ fate: "open", decision: undefined });
    return (fate) => {
      epoch.decision = "settled";
      if (epoch.fate === "open") epoch.fate = fate;
    };
  }

  /** What became of a transaction, when all is over. */
  fateOf({ epochs }: Scope, at: number): Fate {
    const { fate } = epochs[at]!;
    if (fate !== "weak") return fate;
    const next = epochs[at + 1] ? this.fateOf({ epochs } as Scope, at + 1) : "either";
    return next === "rolled back" ? "rolled back" : "either";
  }
}

/** The transaction of what is asked now; while one is being settled, it may be in that one still. */
function firstOf(root: Scope | undefined): number {
  if (!root) return 0;
  const pending = root.epochs.findIndex(({ decision }) => decision === "pending");
  return pending < 0 ? root.epochs.length - 1 : pending;
}
