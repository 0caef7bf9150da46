import type { DriverConnection, Settings, Step, StepOutcome } from "../../contract/adapter.ts";
import type { Statement } from "../../contract/statement.ts";
import { transactionLost } from "../shared/failures.ts";
import { patience, run, textOf } from "./control.ts";
import { needsNoSettings } from "./errors.ts";
import { DONE, failure, isSetup, SKIPPED } from "./outcomes.ts";
import type { Part, RunPart } from "./pipeline.ts";
import { scan } from "./scan.ts";
import { toLocal } from "./settings.ts";
import { bind, type Bound } from "./values.ts";

/** In the place of a step: a part that none asked for; and one without which nothing behind it may run. */
export const EXTRA = -1;
export const NEEDED = -2;
/** One that asks for the types that `parsers` name. */
export const QUESTION = -3;

/** Statements up to one Sync; `steps` are the places of their steps, or one of those above. */
export interface Segment {
  readonly parts: Part[];
  readonly steps: number[];
}

/** What one flight carries of the steps; the rest depends on what becomes of these. */
export interface Leg {
  readonly segments: readonly Segment[];
  /** What is known without asking, by place. */
  readonly known: ReadonlyMap<number, StepOutcome>;
  readonly end: number;
  /** Whether something of it stays, though no answer may come. */
  readonly isKept: boolean;
  /** Whether the reset comes first. */
  readonly isRenewal: boolean;
}

export interface Ground {
  readonly state: DriverConnection["state"];
  /** Between two Syncs the session may become another one: a leg has only one then. */
  readonly isPooled: boolean;
  /** Longest time in a transaction without a statement, in milliseconds; 0 = the server's own. */
  readonly idleInTransactionMs: number;
  /** What has to run ahead of anything else: the reset, and what comes with it. */
  readonly ahead: readonly Statement[];
  /** What has to be asked beside, if anything. */
  readonly question: Bound | undefined;
  /** A name that no session at the server knows yet. */
  readonly mark: string;
  /** Local to every transaction, that of a lone statement too. */
  readonly inherited: Settings;
  /** The same, of statements that are outside of a transaction. */
  readonly settings: Settings | undefined;
}

/** Steps that share a Sync: setup; what is in a transaction; or one query alone. */
interface Group {
  readonly kind: "setup" | "transaction" | "alone";
  readonly start: number;
  readonly end: number;
}

/** Plans the first leg of the steps from `start` on. */
export function planLeg(steps: readonly Step[], start: number, ground: Ground): Leg {
  const planner = new Planner(steps, ground);
  let at = start;
  while (at < steps.length) {
    const known = planner.lookAt(steps[at]!);
    if (known) {
      planner.known.set(at++, known);
      if (known.status === "failed") break;
      continue;
    }
    const group = groupAt(steps, at, ground.state !== "idle");
    if (!planner.take(group)) break;
    at = group.end;
  }
  return { ...planner.leg, end: at };
}

/** The reset is answered by itself: nothing that may take its time comes with it. */
export function hasOwnAnswer({ isRenewal, segments }: Pick<Leg, "isRenewal" | "segments">): boolean {
  return isRenewal && segments.length > 1;
}

function groupAt(steps: readonly Step[], start: number, isInside: boolean): Group {
  const first = steps[start]!;
  if (isInside || first.kind === "begin") {
    const end = steps.findIndex(({ kind }, at) => at >= start && (kind === "commit" || kind === "rollback"));
    return { kind: "transaction", start, end: end < 0 ? steps.length : end + 1 };
  }
  if (!isSetup(first)) return { kind: "alone", start, end: start + 1 };
  const end = steps.findIndex((step, at) => at >= start && !isSetup(step));
  return { kind: "setup", start, end: end < 0 ? steps.length : end };
}

class Planner {
  readonly known: Map<number, StepOutcome> = new Map();
  readonly #steps: readonly Step[];
  readonly #ground: Ground;
  readonly #local: Bound | undefined;
  readonly #segments: Segment[] = [];
  /** The reset and the setup have a Sync of their own, for they outlive a rollback. */
  #ahead: Segment | undefined;
  #isRenewal = false;
  #isMarked = false;
  #guardian: RunPart | undefined;
  #isKept = false;
  #last: Group | undefined;

  constructor(steps: readonly Step[], ground: Ground) {
    this.#steps = steps;
    this.#ground = ground;
    this.#local = toLocal(ground.inherited, ground.settings);
  }

  get leg(): Omit<Leg, "end"> {
    return { segments: this.#segments, known: this.known, isKept: this.#isKept, isRenewal: this.#isRenewal };
  }

  /** What is known of a step without asking. */
  lookAt(step: Step): StepOutcome | undefined {
    if (this.#ground.state !== "idle" || step.kind === "begin") return undefined;
    if (step.kind !== "query") return step.kind === "rollback" ? DONE : failure(transactionLost(step.kind));
    if (step.guarded) return SKIPPED;
    const { text } = step.statement;
    return this.#local && scan(text).place === "apart" ? failure(needsNoSettings(text)) : undefined;
  }

  /** @returns false: it has to wait for what came before. */
  take(group: Group): boolean {
    const { kind, end } = group;
    const last = this.#last;
    const before = last && this.#steps[last.end - 1]!;
    if (last && last.kind !== "setup") {
      const isApart = before?.kind === "query" && before.onError === "continue" && last.kind === "alone";
      if (!isApart || kind !== "alone") return false;
    }
    if (!last && this.#ground.state === "idle" && this.#ground.ahead.length > 0) this.#renew();
    if (kind === "setup") this.#fill((this.#ahead ??= this.#segment()), group);
    else if (!this.#ahead) {
      this.#ask(last);
      this.#fill(this.#segment(), group);
    } else if (this.#ground.isPooled || this.#isOwn(group)) {
      // The reset commits at once, and nothing behind it runs when it fails.
      if (last || this.#ahead.parts.length > 1) return false;
      this.#fill(this.#ahead, group);
    } else {
      if (!this.#isMarked) add(this.#ahead, run(`DECLARE ${this.#ground.mark} CURSOR WITH HOLD FOR SELECT 1`), NEEDED);
      this.#isMarked = true;
      this.#ask(last);
      this.#fill(this.#segment(), group);
    }
    // Behind what shares the Sync of the reset, nothing else would be kept from running.
    this.#last = this.#isMarked || !this.#isRenewal || kind === "setup" ? group : { ...group, kind: "transaction" };
    this.#isKept ||= kind === "alone" || this.#steps.slice(group.start, end).some((step) => step.kind === "commit");
    return true;
  }

  #segment(): Segment {
    const segment: Segment = { parts: [], steps: [] };
    this.#segments.push(segment);
    return segment;
  }

  /** Once a leg: behind the setup, which may say where types are found. */
  #ask(last: Group | undefined): void {
    const { question } = this.#ground;
    if (question && (!last || last.kind === "setup")) add(this.#segment(), { kind: "run", bound: question }, QUESTION);
  }

  #renew(): void {
    this.#isRenewal = true;
    this.#ahead = this.#segment();
    for (const statement of this.#ground.ahead) add(this.#ahead, { kind: "run", bound: bind(statement) }, NEEDED);
  }

  // CREATE DATABASE and VACUUM, for two, must not run behind another statement before a Sync; nor what commits by itself.
  #isOwn({ kind, start }: Group): boolean {
    const step = this.#steps[start]!;
    if (kind !== "alone" || step.kind !== "query") return false;
    const { place } = scan(step.statement.text);
    return place === "apart" || (place === "commits" && !this.#local);
  }

  // Fails where what is ahead has failed. It takes no snapshot: a transaction's level
  // can still be set behind it. The last one takes the mark away.
  #guard(segment: Segment): void {
    if (!this.#isMarked) return;
    const { mark } = this.#ground;
    if (this.#guardian) delete this.#guardian.closes;
    this.#guardian = { ...run(`MOVE NEXT IN ${mark}`), closes: mark };
    add(segment, this.#guardian, NEEDED);
  }

  #fill(segment: Segment, { kind, start, end }: Group): void {
    const { idleInTransactionMs, inherited } = this.#ground;
    const isOver = /^(commit|rollback)$/.test(this.#steps[end - 1]!.kind);
    if (kind === "alone") {
      this.#guard(segment);
      if (this.#local) add(segment, { kind: "run", bound: this.#local }, start);
    }
    for (let at = start; at < end; at++) {
      const step = this.#steps[at]!;
      const bound = step.kind === "query" ? bind(step.statement) : { text: textOf(step), values: [] };
      add(segment, { kind: "run", bound }, at);
      if (step.kind !== "begin") continue;
      this.#guard(segment);
      if (!isOver) for (const part of patience(idleInTransactionMs)) add(segment, part, EXTRA);
      const local = toLocal(inherited, step.options.settings);
      if (local) add(segment, { kind: "run", bound: local }, at);
    }
  }
}

function add({ parts, steps }: Segment, part: Part, at: number): void {
  parts.push(part);
  steps.push(at);
}
