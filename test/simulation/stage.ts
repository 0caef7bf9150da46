// What those who play a program share, and who they are.

import type { Database, Session } from "../../src/index.ts";
import type { Ambient } from "./ambient.ts";
import type { Ledger, Scope, Unit } from "./ledger.ts";
import type { PendingPromises } from "./pending.ts";
import type { How, Limits, Step } from "./program.ts";
import { Controller } from "./triggers.ts";
import type { World } from "./world.ts";

/** Who runs steps: in a session or in a transaction inside of one. */
export interface Actor {
  readonly db: number;
  readonly handle: Session;
  readonly scope: Scope;
  readonly around: Actor | undefined;
  readonly frame: Ambient["frame"];
  /** Its session is current there: one by hand is not. */
  readonly isCurrent: boolean;
  /** What was begun early, and is awaited at the end. */
  readonly early: (() => Promise<unknown>)[];
}

export interface Given {
  readonly options: { readonly timeoutMs?: number; readonly signal?: AbortSignal };
  readonly controller: Controller | undefined;
}

/** Longest time that a session takes to end when its own is over: a ROLLBACK may get no answer. */
export const SLACK_MS = 20_000;

export interface StageOptions {
  readonly world: World;
  readonly ledger: Ledger;
  readonly pending: PendingPromises;
  readonly databases: readonly Database[];
  /** The context that is kept by hand, if it is. */
  readonly ambient?: Ambient | undefined;
  /** Whether sessions are current. */
  readonly isAmbient: boolean;
  /** Told when the pairs of a database's events cannot be known any more. */
  readonly murky: (db: number) => void;
  readonly play: (stage: Stage, steps: readonly Step[], actor: Actor) => Promise<void>;
}

export class Stage {
  readonly world: World;
  readonly ledger: Ledger;
  readonly pending: PendingPromises;
  readonly databases: readonly Database[];
  readonly ambient: Ambient | undefined;
  readonly isAmbient: boolean;
  readonly murky: (db: number) => void;
  hasDisposed = false;
  readonly #play: StageOptions["play"];

  constructor({ world, ledger, pending, databases, ambient, isAmbient, murky, play }: StageOptions) {
    this.world = world;
    this.ledger = ledger;
    this.pending = pending;
    this.databases = databases;
    this.ambient = ambient;
    this.isAmbient = isAmbient;
    this.murky = murky;
    this.#play = play;
  }

  play(steps: readonly Step[], actor: Actor): Promise<void> {
    return this.#play(this, steps, actor);
  }

  /** Calls the library where the actor is. */
  call<T>(actor: Actor | undefined, work: () => T): T {
    return this.ambient ? this.ambient.run(actor?.frame, work) : work();
  }

  /** The deadline and the signal of what is asked, unless they are left out. */
  limits(what: string, id: number, { timeoutMs, abort }: Limits, unit?: Unit): Given {
    const { world } = this;
    const isTimed = timeoutMs !== undefined && !world.isDropped(`timeout ${id}`);
    const isAborted = abort !== undefined && !world.isDropped(`abort ${id}`);
    if (isTimed) world.chances.add(`timeout ${id}`);
    if (isAborted) world.chances.add(`abort ${id}`);
    if (unit && (isTimed || isAborted)) unit.isLimited = true;
    const controller = isAborted ? new Controller(world, what, abort) : undefined;
    return { options: { ...(isTimed && { timeoutMs }), ...(controller && { signal: controller.signal }) }, controller };
  }

  /** Does something as its caller takes it. */
  async take(how: How, actor: Actor, work: () => Promise<unknown>): Promise<void> {
    const running = work();
    running.catch(() => undefined);
    if (how === "await") await running;
    else if (how === "guard") await running.catch(() => undefined);
    else if (how === "early") actor.early.push(() => running);
  }
}
