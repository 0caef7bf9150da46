// What one schedule shares: its seed, its time, what went wrong, and the trace of what happened.

import type * as Library from "../../src/index.ts";
import type * as WorkersLibrary from "../../src/integrations/workers/index.ts";
import { drawn } from "./dice.ts";
import type { Time } from "./time.ts";
import { Triggers } from "./triggers.ts";

export type Lib = typeof Library & Pick<typeof WorkersLibrary, "workers" | "withSession">;

/** What is not looked at, by the name of the invariant; and what does not happen, by the name of the fault. */
export type Skipped = ReadonlySet<string>;

export interface WorldOptions {
  readonly lib: Lib;
  readonly seed: number;
  readonly time: Time;
  /** Steps, faults and events that are left out: how a failing schedule is shrunk. */
  readonly drop?: ReadonlySet<string>;
  readonly skip?: Skipped;
  readonly isTraced?: boolean;
}

export class World {
  readonly lib: Lib;
  readonly seed: number;
  readonly time: Time;
  readonly trace: string[] | undefined;
  readonly violations: { readonly invariant: string; readonly message: string }[] = [];
  /** What happened by chance and could be left out. */
  readonly chances: Set<string> = new Set();
  /** Statements that were asked when their session was closed, and that nobody listens to. */
  askedTooLate = 0;
  /** Requests that were cut off. */
  readonly cut: Set<unknown> = new Set();
  /** From now on nothing bad happens any more. */
  isCalm = false;
  /** Counts what happens: of two things, which was first. */
  sequence = 0;
  /** Called with the name of what happened, in the microtask in which it did: aborts hang on it. */
  readonly listeners: ((what: string) => void)[] = [];
  readonly triggers: Triggers = new Triggers(this);
  readonly #drop: ReadonlySet<string>;
  readonly #skip: Skipped;

  constructor({ lib, seed, time, drop = new Set(), skip = new Set(), isTraced = false }: WorldOptions) {
    this.lib = lib;
    this.seed = seed;
    this.time = time;
    this.trace = isTraced ? [] : undefined;
    this.#drop = drop;
    this.#skip = skip;
  }

  /** Takes note that an invariant does not hold. */
  fail(invariant: string, message: string): void {
    if (this.#skip.has(invariant)) return;
    this.note(() => `!! ${invariant}: ${message}`);
    this.violations.push({ invariant, message });
  }

  draw(a: number, b = 0, c = 0): number {
    return drawn(this.seed, a, b, c);
  }

  /** Whether something bad happens here. */
  happens(share: number, what: string, a: number, b = 0, c = 0): boolean {
    if (this.isCalm || this.draw(a, b, c) >= share || this.#skip.has(what)) return false;
    const name = `${what}:${a}.${b}.${c}`;
    if (this.#drop.has(name)) return false;
    this.chances.add(name);
    return true;
  }

  isDropped(name: string): boolean {
    return this.#drop.has(name);
  }

  note(line: () => string): void {
    this.trace?.push(`${String(this.time.passed - 1_000_000).padStart(6)} ms  ${line()}`);
  }

  tell(what: string): void {
    for (const listener of this.listeners) listener(what);
  }
}

/** For traces and messages: never more than a line. */
export function shown(value: unknown): string {
  if (value instanceof Error) {
    const { code, outcome } = value as { code?: string; outcome?: string };
    return code ? `${code} (${outcome})` : value.message;
  }
  return typeof value === "object" && value !== null ? "{…}" : String(value);
}
