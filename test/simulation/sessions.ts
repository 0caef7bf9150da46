// Sessions as a whole: their work, their attempts, and what they were told in the end.

import type { Session, SessionOptions } from "../../src/index.ts";
import type { Fate, State, Unit } from "./ledger.ts";
import { returned, type Returned } from "./lazies.ts";
import type { Lazy, Limits, Propagation, SessionPlan, Step, Trigger } from "./program.ts";
import { close } from "./settling.ts";
import { type Actor, SLACK_MS, type Stage } from "./stage.ts";
import type { Controller } from "./triggers.ts";
import { shown } from "./world.ts";

/** A work, which may return lazy queries. */
export type Work = (session: Session) => unknown;

export async function playSession(
  stage: Stage,
  id: number,
  plan: SessionPlan,
  body: readonly Step[],
  around?: Actor,
  propagation?: Propagation,
): Promise<void> {
  const { options, controller } = optionsOf(stage, id, plan);
  const isPlain = propagation
    ? propagation === "supports" || propagation === "not-supported" || propagation === "never"
    : plan.isPlain;
  const db = stage.databases[plan.db]!;
  const start = (work: Work): Promise<unknown> =>
    propagation
      ? db.transaction(work, { ...options, propagation })
      : db.session(work, { ...options, transaction: !isPlain });
  const isRefused = propagation === "mandatory";
  await runUnit(stage, { id, db: plan.db, isPlain, plan, controller, body, around, isRefused }, start);
}

export async function playWrapped(
  stage: Stage,
  id: number,
  plan: SessionPlan,
  body: readonly Step[],
  begin: (work: (session: Session) => Promise<object>, options: SessionOptions) => Promise<object>,
): Promise<void> {
  const { options, controller } = optionsOf(stage, id, { ...plan, retries: 0 });
  const { signal: _, ...rest } = options;
  const { isPlain, db } = plan;
  const start = (work: Work): Promise<unknown> =>
    begin(work as (session: Session) => Promise<object>, { ...rest, transaction: !isPlain });
  await runUnit(
    stage,
    {
      id,
      db,
      isPlain,
      plan: { ...plan, retries: 0 },
      controller: controller && undefined,
      body,
      around: undefined,
      isRefused: false,
    },
    start,
  );
}

export async function runUnit(
  stage: Stage,
  {
    id,
    db,
    isPlain,
    plan,
    controller,
    body,
    around,
    isRefused,
  }: {
    readonly id: number;
    readonly db: number;
    readonly isPlain: boolean;
    readonly plan: Limits & { readonly retries: number; readonly lazy?: Lazy | undefined };
    readonly controller: Controller | undefined;
    readonly body: readonly Step[];
    readonly around: Actor | undefined;
    readonly isRefused: boolean;
  },
  start: (work: Work) => Promise<unknown>,
): Promise<void> {
  const { time } = stage.world;
  const attempts: Unit[] = [];
  let token = {};
  const { lazy } = plan;
  let given: Returned | undefined;
  const work = (handle: Session): unknown => {
    const before = attempts.at(-1);
    if (before) {
      before.isRetried = true;
      endUnit(stage, before, "rolled back");
    }
    const unit: Unit = stage.ledger.unit(`s${id}${before ? `#${attempts.length + 1}` : ""}`, isPlain);
    attempts.push(unit);
    unit.isLimited = plan.timeoutMs !== undefined || controller !== undefined;
    if (isRefused) stage.world.fail("refused", `the work of ${unit.name} runs, and should have been refused`);
    const mine = (token = {});
    const actor: Actor = {
      db,
      handle,
      scope: unit.root,
      around,
      frame: stage.ambient?.frame,
      isCurrent: stage.isAmbient,
      early: [],
    };
    if (!lazy?.beside)
      return runWork(stage, unit, () => stage.play(body, actor)).then(() =>
        lazy ? (given = returned(stage, lazy, id, actor)).value : mine,
      );
    stage.play(body, actor).catch(() => undefined);
    given = returned(stage, lazy, id, actor);
    unit.work = "resolved";
    unit.workAt = ++stage.world.sequence;
    stage.world.tell("work");
    return given.value;
  };
  const begunAt = time.passed;
  const promise = stage.call(around, () => start(work));
  const dueMs = plan.timeoutMs === undefined ? Infinity : (plan.retries + 1) * (plan.timeoutMs + SLACK_MS);
  const entry = stage.pending.add(`s${id}`, promise, dueMs);
  if (controller) controller.onAbort = () => (entry.dueAt = Math.min(entry.dueAt, time.passed + SLACK_MS));
  const result = await promise.then(
    (value) => ({ isDone: true as const, value }),
    (error: unknown) => ({ isDone: false as const, error }),
  );
  const unit = attempts.at(-1);
  stage.world.note(
    () => `s${id} ${result.isDone ? "done" : `rejected: ${shown(result.error)}`} after ${time.passed - begunAt} ms`,
  );
  if (!unit) {
    if (result.isDone) stage.world.fail("result", `s${id} resolves, and its work has never run`);
    if (!result.isDone) throw result.error;
    return;
  }
  if (!result.isDone) unit.error = result.error;
  const fate = fateOfUnit(stage, unit, result);
  if (result.isDone) given?.check(result.value);
  if (result.isDone) given?.check(result.value);
  checkResult(stage, unit, result, given && result.isDone ? result.value : token, plan, controller);
  endUnit(stage, unit, unit.isClosed ? "either" : fate, result.isDone ? "resolved" : "rejected");
  if (!result.isDone) throw result.error;
}

async function runWork(stage: Stage, unit: Unit, work: () => Promise<void>): Promise<void> {
  try {
    await work();
    unit.work = "resolved";
  } catch (error) {
    unit.work = "rejected";
    unit.workError = error;
    throw error;
  } finally {
    unit.workAt = ++stage.world.sequence;
    stage.world.note(() => `work of ${unit.name} ${unit.work}`);
    stage.world.tell("work");
  }
}

function fateOfUnit(stage: Stage, unit: Unit, result: { readonly isDone: boolean; readonly error?: unknown }): Fate {
  if (result.isDone) return "committed";
  const { error } = result;
  // It had a transaction inside, of which nobody knows the end.
  if (unit.isPlain && stage.world.lib.isDbError(error, "COMMIT_UNKNOWN")) return "either";
  if (unit.work === "rejected" && isOwn(error, unit.workError)) return "rolled back";
  if (stage.ledger.callbackErrors.has(error)) return unit.work === "resolved" ? "committed" : "rolled back";
  return stage.world.lib.isDbError(error, "COMMIT_UNKNOWN") ? "unknown" : "rolled back";
}

function checkResult(
  stage: Stage,
  unit: Unit,
  result: { readonly isDone: boolean; readonly value?: unknown; readonly error?: unknown },
  token: unknown,
  plan: Limits,
  controller: Controller | undefined,
): void {
  const { name, work, workError } = unit;
  if (result.isDone) {
    if (work !== "resolved") stage.world.fail("result", `${name} resolves, and its work was ${work}`);
    else if (result.value !== token)
      stage.world.fail("result", `${name} resolves with something that its work did not return`);
    if (controller && controller.abortedAt < unit.workAt && !unit.isClosed)
      stage.world.fail("result", `${name} resolves, and was aborted while its work was under way`);
  } else if (work === "rejected" && !isOwn(result.error, workError) && plan.timeoutMs === undefined && !controller) {
    stage.world.fail(
      "own error wins",
      `${name} rejects with ${shown(result.error)}, and its work threw ${shown(workError)}`,
    );
  }
}

function endUnit(stage: Stage, unit: Unit, fate: Fate, state: State = "rejected"): void {
  const last = unit.root.epochs.at(-1)!;
  if (last.fate === "open") last.fate = fate;
  unit.root.state = state;
  unit.overAt = ++stage.world.sequence;
}

export async function playByHand(
  stage: Stage,
  id: number,
  plan: SessionPlan,
  body: readonly Step[],
  end: Extract<Step, { kind: "close" }> | undefined,
  beside: Trigger | undefined,
): Promise<void> {
  const { options, controller } = optionsOf(stage, id, plan);
  const unit = stage.ledger.unit(`s${id}`, plan.isPlain);
  unit.isByHand = true;
  const handle = stage.call(undefined, () =>
    stage.databases[plan.db]!.open({ ...options, transaction: !plan.isPlain }),
  );
  const actor: Actor = {
    db: plan.db,
    handle,
    scope: unit.root,
    around: undefined,
    frame: undefined,
    isCurrent: false,
    early: [],
  };
  if (controller) controller.onAbort = () => stage.world.note(() => `s${id} is aborted`);
  const besides = beside && closeBeside(stage, actor, id, beside);
  await stage
    .play(body, actor)
    .catch((error: unknown) => stage.world.note(() => `steps of s${id} end: ${shown(error)}`));
  unit.work = "resolved";
  unit.workAt = ++stage.world.sequence;
  await close(
    stage,
    actor,
    end ?? { id, kind: "close", action: null, really: false, how: "guard", body: [] },
    end === undefined,
  ).catch(() => undefined);
  await besides;
  const last = unit.root.epochs.at(-1)!;
  if (last.fate === "open") last.fate = "either";
}

async function closeBeside(stage: Stage, actor: Actor, id: number, until: Trigger): Promise<void> {
  await stage.world.triggers.wait(until);
  await close(
    stage,
    actor,
    { id: -id, kind: "close", action: "rollback", really: false, how: "guard", body: [] },
    false,
  ).catch(() => undefined);
}

function optionsOf(
  stage: Stage,
  id: number,
  plan: SessionPlan,
): { readonly options: SessionOptions; readonly controller: Controller | undefined } {
  const { options, controller } = stage.limits(`s${id}`, id, plan);
  const { retries } = plan;
  return {
    options: { ...options, ...(retries > 0 && { retry: { retries, delayMs: 5, maxDelayMs: 20 } }) },
    controller,
  };
}

/** `withSession()` wraps what the platform must not take for its own. */
function isOwn(error: unknown, own: unknown): boolean {
  return (
    error === own ||
    (error instanceof Error &&
      error.cause !== undefined &&
      error.cause === own &&
      error.message === (own as Error).message)
  );
}
