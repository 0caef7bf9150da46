// onCommit and onRollback, and what users do in them.

import type { Step } from "./program.ts";
import { playSession } from "./sessions.ts";
import type { Actor, Stage } from "./stage.ts";

export async function takeCallback(
  stage: Stage,
  step: Extract<Step, { kind: "callback" }>,
  actor: Actor,
): Promise<void> {
  const { scope, handle, db } = actor;
  const record = { isCommit: step.isCommit, scope, epoch: scope.transactionRoot ? scope.epoch : 0, runs: 0 };
  const run = async (): Promise<void> => {
    record.runs++;
    stage.world.note(() => `${step.isCommit ? "onCommit" : "onRollback"} of ${scope.name}: ${step.effect}`);
    if (step.effect === "slow") await stage.world.time.sleep(10);
    if (step.effect === "close") await handle.close().catch(() => undefined);
    if (step.effect === "session")
      await playSession(stage, step.id, { db, isPlain: false, retries: 0, timeoutMs: 50 }, [
        { id: -step.id, kind: "query", letter: "w", how: "await", via: "handle", limits: {} },
      ]).catch(() => undefined);
    if (step.effect !== "throws") return;
    const error = new Error(`callback ${step.id}`);
    stage.ledger.callbackErrors.add(error);
    throw error;
  };
  // Kept only where it was taken: the session may have ended.
  stage.call(actor, () => (step.isCommit ? handle.onCommit(run) : handle.onRollback(run)));
  stage.world.note(() => `${step.isCommit ? "onCommit" : "onRollback"} is taken in ${scope.name}`);
  // While the session is being settled, it may be taken too late.
  const isDeciding = scope.unit.root.epochs.some(({ decision }) => decision === "pending");
  if (!scope.unit.isClosed && !isDeciding) stage.ledger.callbacks.push(record);
}
