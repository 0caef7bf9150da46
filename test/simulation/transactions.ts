// Transactions inside of a session, by all propagations.

import type { Session } from "../../src/index.ts";
import { Scope, type ScopeKind, type State } from "./ledger.ts";
import { returned, type Returned } from "./lazies.ts";
import type { Lazy, Propagation, Step } from "./program.ts";
import { runUnit, type Work } from "./sessions.ts";
import { type Actor, SLACK_MS, type Stage } from "./stage.ts";
import { outerOf } from "./statements.ts";
import type { Controller } from "./triggers.ts";
import { shown } from "./world.ts";

export async function playTransaction(
  stage: Stage,
  step: Extract<Step, { kind: "transaction" }>,
  actor: Actor,
): Promise<void> {
  const target = step.via === "outer" ? outerOf(actor) : actor;
  const { propagation, id } = step;
  const kind = kindOf(propagation, target.scope.transactionRoot !== undefined);
  const { options, controller } = stage.limits(`t${id}`, id, step.limits, target.scope.unit);
  const db = stage.databases[target.db]!;
  const isAmbient = step.via === "ambient" && actor.isCurrent;
  // Its deadline would be told when its work is over, which takes its time.
  const isByHand = propagation === "nested" && id % 4 === 0 && options.timeoutMs === undefined && !controller;
  const start = (work: Work): Promise<unknown> =>
    isByHand
      ? endByHand(target.handle, work)
      : isAmbient
        ? db.transaction(work, { ...options, propagation })
        : target.handle.transaction(work, { ...options, propagation });
  stage.world.note(() => `transaction t${id} in ${target.scope.name} (${propagation}: ${kind})`);
  if (kind === "apart" || kind === "apart plain" || kind === "refused") {
    const plan = { ...step.limits, retries: 0, lazy: step.lazy };
    const isPlain = kind === "apart plain";
    return runUnit(
      stage,
      { id, db: target.db, isPlain, plan, controller, body: step.body, around: actor, isRefused: kind === "refused" },
      start,
    );
  }
  await playInside(
    stage,
    { ...step, isByHand, lazy: isByHand ? undefined : step.lazy },
    actor,
    target,
    new Scope(target.scope.unit, kind, `t${id}`, target.scope),
    options.timeoutMs,
    controller,
    start,
  );
}

/** The same by a savepoint that its user ends: as query builders do it. */
async function endByHand(handle: Session, work: Work): Promise<unknown> {
  const part = await handle.savepoint("part");
  try {
    const value = await work(part);
    await part.release();
    return value;
  } catch (error) {
    await part.rollback().catch(() => undefined);
    throw error;
  }
}

async function playInside(
  stage: Stage,
  {
    body,
    isByHand,
    lazy,
  }: {
    readonly body: readonly Step[];
    readonly isByHand: boolean;
    readonly lazy: Lazy | undefined;
  },
  actor: Actor,
  target: Actor,
  scope: Scope,
  timeoutMs: number | undefined,
  controller: Controller | undefined,
  start: (work: Work) => Promise<unknown>,
): Promise<void> {
  const { name, kind } = scope;
  const token = {};
  const wasOver = target.scope.isOver;
  const work: { state: State | "not run"; error: unknown } = { state: "not run", error: undefined };
  let given: Returned | undefined;
  const run = async (handle: Session): Promise<unknown> => {
    work.state = "pending";
    const inside: Actor = {
      db: target.db,
      handle,
      scope,
      around: actor,
      frame: stage.ambient?.frame,
      isCurrent: stage.isAmbient && !isByHand,
      early: [],
    };
    try {
      await stage.play(body, inside);
      work.state = "resolved";
    } catch (error) {
      work.state = "rejected";
      work.error = error;
      throw error;
    } finally {
      stage.world.note(() => `work of ${name} ${work.state}`);
      stage.world.tell("work");
    }
    if (!lazy) return token;
    // In a list, since this function is async.
    return [(given = returned(stage, { ...lazy, letters: lazy.letters.slice(0, 2) }, 1, inside)).value].flat();
  };
  const promise = stage.call(actor, () => start(run));
  const entry = stage.pending.add(name, promise, timeoutMs === undefined ? Infinity : timeoutMs + SLACK_MS);
  if (controller) controller.onAbort = () => (entry.dueAt = Math.min(entry.dueAt, stage.world.time.passed + SLACK_MS));
  const result = await promise.then(
    (value) => ({ isDone: true as const, value, error: undefined }),
    (error: unknown) => ({ isDone: false as const, value: undefined, error }),
  );
  stage.world.note(() => `${name} ${result.isDone ? "done" : `rejected: ${shown(result.error)}`}`);
  scope.state = result.isDone ? "resolved" : "rejected";
  scope.isUnknown = stage.world.lib.isDbError(result.error, "COMMIT_UNKNOWN");
  if (kind === "inner root") {
    const isUnknown = stage.world.lib.isDbError(result.error, "COMMIT_UNKNOWN") && result.error !== work.error;
    scope.epochs[0]!.fate = result.isDone ? "committed" : isUnknown ? "unknown" : "rolled back";
  }
  if (result.isDone) {
    given?.check(result.value);
    if (work.state !== "resolved" || (!given && result.value !== token))
      stage.world.fail("result", `${name} resolves, and its work was ${work.state}`);
    if (wasOver && !scope.unit.isMurky)
      stage.world.fail("over is over", `${name} was begun after ${target.scope.name} had ended, and is done`);
    return;
  }
  const isGivenUp = stage.world.lib.isDbError(result.error, "SESSION_CLOSED") || scope.unit.overAt !== undefined;
  if (
    work.state === "rejected" &&
    result.error !== work.error &&
    timeoutMs === undefined &&
    !controller &&
    !isGivenUp &&
    !hasLimits(stage, target)
  )
    stage.world.fail(
      "own error wins",
      `${name} rejects with ${shown(result.error)}, and its work threw ${shown(work.error)}`,
    );
  throw result.error;
}

function hasLimits(stage: Stage, actor: Actor): boolean {
  return actor.around !== undefined || stage.world.chances.size > 0;
}

/** What a transaction is, where there is one already and where there is none. */
function kindOf(propagation: Propagation, isInside: boolean): ScopeKind | "apart" | "apart plain" | "refused" {
  switch (propagation) {
    case "required":
      return isInside ? "joined" : "inner root";
    case "nested":
      return isInside ? "nested" : "inner root";
    case "requires-new":
      return isInside ? "apart" : "inner root";
    case "mandatory":
      return isInside ? "joined" : "refused";
    case "supports":
      return isInside ? "joined" : "inner plain";
    case "not-supported":
      return isInside ? "apart plain" : "inner plain";
    case "never":
      return isInside ? "refused" : "inner plain";
  }
}
