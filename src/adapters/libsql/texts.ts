// What a step is as SQL, and what can be told from a text.

import type { BeginOptions, Flight, QueryStep, Step } from "../../contract/adapter.ts";
import { scan } from "../sqlite/scan.ts";

export function textOf(step: Step, following: readonly Step[] = []): string | undefined {
  if (step.kind === "query") return undefined;
  if (step.kind === "begin") return `BEGIN ${modeOf(step.options, following)}`;
  return step.kind.replace("-", " ").toUpperCase() + ("name" in step ? ` "${step.name.replaceAll('"', '""')}"` : "");
}

// A transaction whose first flight writes waits for the lock at once, where waiting heals; one that only reads there would
// block others for nothing. Where it reads first and writes later, it may lose a race then: `retry` runs it again.
export function modeOf({ accessMode, behavior }: BeginOptions, following: readonly Step[]): string {
  if (behavior) return behavior.toUpperCase();
  const isWrite = following.some((step) => step.kind === "query" && !mayOnlyRead(step.statement.text));
  return accessMode === "read write" || (!accessMode && isWrite) ? "IMMEDIATE" : "DEFERRED";
}

/** Whether a statement changes nothing. */
export function mayOnlyRead(text: string): boolean {
  const { isRead, verb, leavesState, head } = scan(text);
  if (isRead) return true;
  return /^(EXPLAIN|PRAGMA)$/.test(verb) && !leavesState && !/(_VERSION|_ID) [=(]|VACUUM|OPTIMIZE/.test(head);
}

/** Whether a query reads, and does nothing else. */
export function isRead({ statement }: QueryStep): boolean {
  return scan(statement.text).isRead;
}

/** Whether a query only reads, and asks for nothing that others have done on its connection. */
export function standsAlone(text: string): boolean {
  return scan(text).isRead && !/\b(last_insert_rowid|changes|total_changes|load_extension)\b/i.test(text);
}

/** Whether a flight may be sent again, as it changes nothing. */
export function onlyReads({ steps }: Flight): boolean {
  return steps.every((step) => (step.kind === "query" ? isRead(step) : step.kind === "begin"));
}

/** Reads that have nothing but their flight in common. */
export function areLoneReads(steps: readonly Step[]): steps is readonly QueryStep[] {
  const isLone = (step: Step): boolean =>
    step.kind === "query" && !step.guarded && !step.isSetup && step.onError === "continue" && isRead(step);
  return steps.length > 0 && steps.every(isLone);
}
