import type { Step, StepOutcome } from "../../contract/adapter.ts";
import { transactionLost } from "../shared/failures.ts";
import { needsNoSettings } from "./errors.ts";
import type { PlanInput } from "./plan-input.ts";
import { DONE, failure, isSetup, SKIPPED } from "./outcomes.ts";
import { type Scan, scan } from "./scan.ts";
import { type Group, isEnd, type Segment, toSegments } from "./segments.ts";
import { toLocal } from "./settings.ts";
import type { Bound } from "./values.ts";

/** What one flight carries of the steps; the rest depends on what becomes of these. */
export interface Leg {
  readonly segments: readonly Segment[];
  /** One for each of its steps: what is known without asking, or that it was skipped, until the answer is there. */
  readonly outcomes: StepOutcome[];
  /** Whether something of it stays, though no answer may come. */
  readonly isKept: boolean;
  /** Whether the session is reset, for all that follows. */
  readonly isRenewal: boolean;
}

/** Plans the first leg of the steps from `start` on. */
export function planLeg(steps: readonly Step[], start: number, input: PlanInput): Leg {
  const { isPooled, state, reset } = input;
  const local = toLocal(input.inherited, input.settings);
  const outcomes: StepOutcome[] = [];
  const groups: Group[] = [];
  let end = start;
  while (end < steps.length) {
    const fate = fateOf(steps[end]!, state, local);
    if (fate) {
      outcomes.push(fate);
      end++;
      if (fate.status === "failed") break;
      continue;
    }
    const group = groupAt(steps, end, state !== "idle");
    if (!canFollow(groups.at(-1), group, steps, isPooled)) break;
    groups.push(group);
    for (; end < group.end; end++) outcomes.push(SKIPPED);
  }
  const isRenewal = !isPooled && reset.length > 0;
  const isKept = groups.some((group) => keeps(group, steps));
  if (isRenewal && isKept && input.isDoubtful)
    return { segments: toSegments([], steps, input, local), outcomes: [], isKept: false, isRenewal };
  return { segments: toSegments(groups, steps, input, local), outcomes, isKept, isRenewal };
}

/** What is known of a step without asking. */
function fateOf(step: Step, state: PlanInput["state"], local: Bound | undefined): StepOutcome | undefined {
  if (state !== "idle" || step.kind === "begin") return undefined;
  if (step.kind !== "query") return step.kind === "rollback" ? DONE : failure(transactionLost(step.kind));
  if (step.guarded) return SKIPPED;
  const isRefused = local && placeOf(step) === "apart" && !isSetup(step);
  return isRefused ? failure(needsNoSettings(step.statement.text)) : undefined;
}

function placeOf(step: Step): Scan["place"] {
  return step.kind === "query" ? scan(step.statement.text).place : "anywhere";
}

function groupAt(steps: readonly Step[], start: number, isInside: boolean): Group {
  const first = steps[start]!;
  if (isInside || first.kind === "begin") {
    let end = start;
    while (end < steps.length && !isEnd(steps[end++]!));
    return { kind: "transaction", start, end };
  }
  const isTogether = (step: Step): boolean => isSetup(step) && placeOf(step) !== "apart";
  if (!isTogether(first)) return { kind: "alone", start, end: start + 1 };
  const end = steps.findIndex((step, at) => at >= start && !isTogether(step));
  return { kind: "setup", start, end: end < 0 ? steps.length : end };
}

/** Whether it need not wait for what becomes of the last one. */
function canFollow(last: Group | undefined, group: Group, steps: readonly Step[], isPooled: boolean): boolean {
  if (!last || last.kind === "setup") return true;
  const before = steps[last.start]!;
  const step = steps[group.start]!;
  if (before.kind !== "query" || before.onError === "stop" || step.kind !== "query") return false;
  // CREATE DATABASE and VACUUM, for two, cannot share a Sync with the guard; nor can what commits by itself.
  const isAnywhere = (each: Step): boolean => placeOf(each) === "anywhere";
  return last.kind === "alone" && group.kind === "alone" && isAnywhere(step) && (!isPooled || isAnywhere(before));
}

/** A COMMIT can only be the last. */
function keeps({ kind, end }: Group, steps: readonly Step[]): boolean {
  return kind === "alone" || steps[end - 1]!.kind === "commit";
}
