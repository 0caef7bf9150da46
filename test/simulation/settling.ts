// What settles a session from the inside: commit, rollback, close.

import type { Session } from "../../src/index.ts";
import type { Fate, Unit } from "./ledger.ts";
import type { Action, Step } from "./program.ts";
import type { Actor, Stage } from "./stage.ts";
import { shown } from "./world.ts";

export async function commit(stage: Stage, letters: readonly string[], actor: Actor): Promise<void> {
  const { scope, handle } = actor;
  const batch = {};
  const statements = letters.map((letter) => stage.ledger.ask(letter, scope, { batch }));
  const texts = statements.map(({ text }) => text);
  stage.world.note(() => `commit(${texts.join(", ")}) of ${scope.name}`);
  const decided = scope.parent ? undefined : stage.ledger.decide(scope.unit);
  const promise = stage.call(actor, () => handle.commit(...texts));
  stage.pending.add(`commit() of ${scope.name}`, promise);
  try {
    await promise;
    decided?.("committed");
    for (const statement of statements) stage.ledger.settle(statement, true);
    if (!decided) stage.world.fail("refused", `commit() of the inner ${scope.name} resolves`);
  } catch (error) {
    stage.world.note(() => `commit() of ${scope.name} rejected: ${shown(error)}`);
    decided?.(stage.world.lib.isDbError(error, "COMMIT_UNKNOWN") ? "unknown" : "weak");
    throw error;
  }
}

export async function rollBack(stage: Stage, actor: Actor): Promise<void> {
  const { scope, handle } = actor;
  // That of a savepoint is its end.
  if ("release" in handle) return;
  stage.world.note(() => `rollback() of ${scope.name}`);
  const decided = scope.parent ? undefined : stage.ledger.decide(scope.unit);
  const promise = stage.call(actor, () => handle.rollback());
  stage.pending.add(`rollback() of ${scope.name}`, promise);
  try {
    await promise;
    decided?.("rolled back");
    stage.world.tell("rolled back");
    if (!decided) stage.world.fail("refused", `rollback() of the inner ${scope.name} resolves`);
  } catch (error) {
    decided?.("weak");
    throw error;
  }
}

export async function close(
  stage: Stage,
  actor: Actor,
  step: Extract<Step, { kind: "close" }>,
  isDispose: boolean,
): Promise<void> {
  const { scope, handle } = actor;
  const { unit } = scope;
  const isFirst = !scope.parent && !unit.isClosed;
  // It ends by itself at the same time, or by a callback that another close() runs.
  const isBeside = (!unit.isByHand && unit.work !== "pending") || unit.isClosing;
  const { action, really } = step;
  stage.world.note(() => `close(${action}) of ${scope.name}${isFirst ? "" : ", once more"}`);
  const decided = isFirst && action !== "callback" ? stage.ledger.decide(unit) : undefined;
  if (isFirst && action !== "callback") unit.isClosed = true;
  unit.isClosing ||= action === "callback";
  const given =
    action === "callback"
      ? (session: Session) => stage.play(step.body, { ...actor, handle: session, early: [] })
      : action;
  const promise = stage.call(actor, () =>
    isDispose ? handle[Symbol.asyncDispose]() : handle.close(given, { really }),
  );
  stage.pending.add(`close(${action}) of ${scope.name}`, promise);
  const settle = (fate: Fate): void => {
    if (action === "callback") unit.isClosing = false;
    if (!isFirst) return;
    (decided ?? stage.ledger.decide(unit))(isBeside ? "either" : fate);
    unit.isClosed = true;
    unit.overAt ??= ++stage.world.sequence;
  };
  const isCommit = action === "commit";
  try {
    await promise;
    stage.world.note(() => `close(${action}) of ${scope.name} done`);
    // Its work was over before: what had the last word?
    const isLate = action === "callback" && !unit.isByHand && unit.work !== "pending";
    settle(isCommit ? "committed" : isLate ? "either" : "rolled back");
  } catch (error) {
    stage.world.note(() => `close(${action}) of ${scope.name} rejected: ${shown(error)}`);
    // A savepoint in it is open: it goes on, and only who ends that could tell how.
    if (isFirst && stage.world.lib.isDbError(error, "PROPAGATION_REFUSED")) {
      decided?.("either");
      unit.isMurky = true;
      unit.isClosed = false;
      if (unit.isByHand && unit.work !== "pending") await handle.close(null);
      throw error;
    }
    const isUnknown = stage.world.lib.isDbError(error, "COMMIT_UNKNOWN");
    const isTold = stage.ledger.callbackErrors.has(error);
    settle(isCommit && isTold ? "committed" : isCommit && isUnknown ? "unknown" : "rolled back");
    throw error;
  }
}

export async function closeAll(stage: Stage, action: Action, actor: Actor): Promise<void> {
  // A database that was disposed of is none of them any more.
  if (!stage.isAmbient || stage.hasDisposed) return;
  const units = new Set<Unit>();
  // A session by hand is not current, and the frame of a transaction in it stands for that alone. What waited for its turn
  // has lost what was around it, where the context follows no await.
  const sessions = new Set<object>();
  for (let frame = actor.frame; frame; frame = frame.parent) sessions.add(frame.session);
  for (let each: Actor | undefined = actor; each; each = each.around)
    if (each.isCurrent && !each.scope.parent && (!stage.ambient || sessions.has(each.handle)))
      units.add(each.scope.unit);
  const first = [...units].filter((unit) => !unit.isClosed && unit.overAt === undefined);
  const decided = first.map((unit) => {
    unit.isClosed = true;
    return stage.ledger.decide(unit);
  });
  stage.world.note(
    () => `closeAllInstances(${String(action)}) in ${actor.scope.name}: ${first.map(({ name }) => name).join()}`,
  );
  const promise = stage.call(actor, () => stage.world.lib.closeAllInstances(action as "commit"));
  stage.pending.add("closeAllInstances()", promise);
  // Some may be about to end by themselves.
  const isLate = (): boolean => first.some(({ work, isClosing }) => work !== "pending" || isClosing);
  const wasLate = isLate();
  const settle = (fate: Fate): void => {
    // One after another: until it is their turn, those further out may be settled by others.
    decided.forEach((each, at) => each(wasLate || isLate() || at > 0 ? "either" : fate));
    for (const unit of first) unit.overAt ??= ++stage.world.sequence;
  };
  try {
    await promise;
    settle(action === "commit" ? "committed" : "rolled back");
  } catch {
    // Some may have been refused, and go on.
    for (const each of decided) each("either");
    for (const unit of first) {
      unit.isClosed = false;
      unit.isMurky = true;
    }
  }
}
