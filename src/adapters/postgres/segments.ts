import type { Step } from "../../contract/adapter.ts";
import { bare, CHECK_MARK, idleTimeout, SET_MARK, textOf } from "./control.ts";
import type { PlanInput } from "./plan-input.ts";
import { isSetup } from "./outcomes.ts";
import type { Part } from "./pipeline.ts";
import { toLocal } from "./settings.ts";
import { bind, type Bound } from "./values.ts";

/** In the place of a step: it belongs to a stream. */
export const STREAMED = -1;
/** Nothing behind it may run without it. */
export const NEEDED = -2;
/** The same, and it asks for the types that `parsers` name. */
export const QUESTION = -3;

/** One part, and the place of the step that it belongs to, or one of those above. */
export interface Entry {
  readonly part: Part;
  readonly at: number;
  /** True: what it gives is nobody's; when it fails, the step has failed. */
  readonly isAside: boolean;
}

/** What is sent up to one Sync. */
export type Segment = readonly Entry[];

/** Steps that share a Sync: setup; what is in a transaction; or one query alone. */
export interface Group {
  readonly kind: "setup" | "transaction" | "alone";
  readonly start: number;
  readonly end: number;
}

/**
 * Writes groups of steps, with a Sync each.
 *
 * The reset and the setup share the Sync of the first group, so that nothing runs behind one of them that fails. DISCARD ALL
 * commits at once, and the setup has a transaction of its own, for both outlive a rollback. Every further Sync looks for a
 * mark that they have set.
 *
 * A pooler must not be sent a second Sync while the first is unanswered: pgbouncer 1.18 gives the backend to another client in
 * between, and takes the rest of the message for that one's. Lone statements share the Sync there, in a transaction each.
 */
export function toSegments(
  groups: readonly Group[],
  steps: readonly Step[],
  input: PlanInput,
  local: Bound | undefined,
): Segment[] {
  const { isPooled, question, mark } = input;
  const [reset, ...again] = input.reset;
  const setup = groups[0]?.kind === "setup" ? groups[0] : undefined;
  const [first, ...others] = setup ? groups.slice(1) : groups;
  const ahead = reset ? [mute(bind(reset), NEEDED, !isPooled)] : [];
  const inside = again.map((statement) => mute(bind(statement), NEEDED));
  if (setup) inside.push(...entriesOf(setup, steps, input, local));
  if (question) inside.push(entry(question, QUESTION));
  // A setup that fails leaves its transaction failed, and needs none.
  const isMarked = !isPooled && reset !== undefined && others.length > 0;
  if (isMarked) inside.push(mute({ text: SET_MARK, values: [mark] }, NEEDED));
  const lead = [...ahead, ...(inside.length > 0 ? inTransaction(inside, setup ? setup.end - 1 : NEEDED) : [])];
  if (!first) return lead.length > 0 ? [lead] : [];
  const [head, ...tail] = [first, ...others].map((group) => entriesOf(group, steps, input, local));
  if (isPooled && tail.length > 0)
    return [[...lead, ...[head!, ...tail].flatMap((entries) => inTransaction(entries, entries[0]!.at))]];
  const guard = isMarked ? [mute({ text: CHECK_MARK, values: [mark] }, NEEDED)] : [];
  return [[...lead, ...head!], ...tail.map((entries) => [...guard, ...entries])];
}

/** @param at - the place of the step that has failed when it cannot be begun or committed. */
function inTransaction(entries: readonly Entry[], at: number): Entry[] {
  return [aside(bare("BEGIN"), at), ...entries, aside(bare("COMMIT"), at)];
}

function entriesOf(
  { kind, start, end }: Group,
  steps: readonly Step[],
  { inherited, idleInTransactionMs }: PlanInput,
  local: Bound | undefined,
): Entry[] {
  const isOver = /^(commit|rollback)$/.test(steps[end - 1]!.kind);
  const entries = kind === "alone" && local && !isSetup(steps[start]!) ? [aside(local, start)] : [];
  for (let at = start; at < end; at++) {
    const step = steps[at]!;
    entries.push(step.kind === "query" ? entry(bind(step.statement), at) : mute(bare(textOf(step)), at));
    if (step.kind !== "begin") continue;
    if (!isOver) entries.push(...idleTimeout(idleInTransactionMs).map((bound) => aside(bound, at)));
    const settings = toLocal(inherited, step.options.settings);
    if (settings) entries.push(aside(settings, at));
  }
  return entries;
}

/** A statement whose rows are read. */
function entry(bound: Bound, at: number): Entry {
  return { part: { kind: "run", bound }, at, isAside: false };
}

/** One of which only counts that it was done. */
function mute(bound: Bound, at: number, isUrgent = false): Entry {
  return { part: { kind: "run", bound, isUrgent, isMute: true }, at, isAside: false };
}

function aside(bound: Bound, at: number): Entry {
  return { part: { kind: "run", bound, isMute: true }, at, isAside: true };
}
