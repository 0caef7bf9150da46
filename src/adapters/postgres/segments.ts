import type { Step } from "../../contract/adapter.ts";
import { bare, CHECK_MARK, freshMark, idleTimeout, SET_MARK, textOf } from "./control.ts";
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

/** One part. */
export type Entry = Part & {
  /** The place of the step that it belongs to, or one of those above. */
  readonly at: number;
  /** True: what it gives is nobody's; when it fails, the step has failed. */
  readonly isAside: boolean;
};

const BEGIN = bare("BEGIN");
const COMMIT = bare("COMMIT");

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
  const { isPooled, question, reset } = input;
  const setup = groups[0]?.kind === "setup" ? groups[0] : undefined;
  const from = setup ? 1 : 0;
  const areMore = groups.length > from + 1;
  // A setup that fails leaves its transaction failed, and needs none.
  const mark = !isPooled && reset.length > 0 && areMore ? freshMark() : undefined;
  let segment: Entry[] = [];
  const segments = [segment];
  if (reset.length > 0) segment.push(mute(bind(reset[0]!), NEEDED, !isPooled));
  if (setup || question || mark || reset.length > 1) {
    const at = setup ? setup.end - 1 : NEEDED;
    segment.push(aside(BEGIN, at));
    for (let next = 1; next < reset.length; next++) segment.push(mute(bind(reset[next]!), NEEDED));
    if (setup) write(segment, setup, steps, input, local);
    if (question) segment.push(entry(question, QUESTION));
    if (mark) segment.push(mute({ text: SET_MARK, values: [mark] }, NEEDED));
    segment.push(aside(COMMIT, at));
  }
  for (let index = from; index < groups.length; index++) {
    const group = groups[index]!;
    if (index > from && !isPooled)
      segments.push((segment = mark ? [mute({ text: CHECK_MARK, values: [mark] }, NEEDED)] : []));
    // The step has failed when it cannot be begun or committed.
    if (isPooled && areMore) segment.push(aside(BEGIN, group.start));
    write(segment, group, steps, input, local);
    if (isPooled && areMore) segment.push(aside(COMMIT, group.start));
  }
  return segment.length > 0 ? segments : [];
}

/** Whether it ends a transaction. */
export function isEnd({ kind }: Step): boolean {
  return kind === "commit" || kind === "rollback";
}

/** Writes the steps of a group. */
function write(
  entries: Entry[],
  { kind, start, end }: Group,
  steps: readonly Step[],
  { inherited, idleInTransactionMs }: PlanInput,
  local: Bound | undefined,
): void {
  const isOver = isEnd(steps[end - 1]!);
  if (kind === "alone" && local && !isSetup(steps[start]!)) entries.push(aside(local, start));
  for (let at = start; at < end; at++) {
    const step = steps[at]!;
    entries.push(step.kind === "query" ? entry(bind(step.statement), at) : mute(bare(textOf(step)), at));
    if (step.kind !== "begin") continue;
    if (!isOver && idleInTransactionMs > 0) entries.push(aside(idleTimeout(idleInTransactionMs), at));
    const settings = toLocal(inherited, step.options.settings);
    if (settings) entries.push(aside(settings, at));
  }
}

/** A statement whose rows are read. They all have one shape: what is compiled for one is compiled for all. */
function entry(bound: Bound, at: number, isMute = false, isUrgent = false, isAside = false): Entry {
  return { kind: "run", bound, isMute, isUrgent, at, isAside };
}

/** One of which only counts that it was done. */
function mute(bound: Bound, at: number, isUrgent = false): Entry {
  return entry(bound, at, true, isUrgent);
}

function aside(bound: Bound, at: number): Entry {
  return entry(bound, at, true, false, true);
}
