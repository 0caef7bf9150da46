// Plays the steps of a program as its users would: asks, awaits or not, and writes down what it was told.

import { takeCallback } from "./callbacks.ts";
import { detach, getConnection, reconnect, setConnection } from "./connections.ts";
import type { Step } from "./program.ts";
import { read } from "./reading.ts";
import { playSession } from "./sessions.ts";
import { close, closeAll, commit, rollBack } from "./settling.ts";
import type { Actor, Stage } from "./stage.ts";
import { ask, askAutocommit, askBatch, askPair } from "./statements.ts";
import { playTransaction } from "./transactions.ts";
import { shown } from "./world.ts";

/** What is thrown by a program itself. */
class ProgramError extends Error {}

export async function play(stage: Stage, steps: readonly Step[], actor: Actor): Promise<void> {
  for (const step of steps) {
    if (stage.world.isDropped(`step ${step.id}`)) continue;
    stage.world.tell("step");
    await playStep(stage, step, actor);
  }
  for (const each of actor.early.splice(0)) await each();
}

function playStep(stage: Stage, step: Step, actor: Actor): Promise<unknown> {
  switch (step.kind) {
    case "query":
      return ask(stage, step, actor);
    case "pair":
      return askPair(stage, step.how, actor);
    case "batch":
      return askBatch(stage, step, actor);
    case "transaction":
      return stage.take(step.how, actor, () => playTransaction(stage, step, actor));
    case "session":
      return stage.take(step.how, actor, () => playSession(stage, step.id, step.options, step.body, actor));
    case "autocommit":
      return stage.take(step.how === "bare" || step.how === "early" ? "float" : step.how, actor, () =>
        askAutocommit(stage, step.letters, step.db, actor),
      );
    case "commit":
      return stage.take(step.how, actor, () => commit(stage, step.letters, actor));
    case "rollback":
      return stage.take(step.how, actor, () => rollBack(stage, actor));
    case "close":
      return stage.take(step.how, actor, () => close(stage, actor, step, false));
    case "reconnect":
      return stage.take(step.how, actor, () => reconnect(stage, actor));
    case "getConnection":
      return stage.take(step.how, actor, () => getConnection(stage, step.usePool, actor));
    case "detach":
      return detach(stage, step, actor).catch((error: unknown) => stage.world.note(() => `detach: ${shown(error)}`));
    case "setConnection":
      return stage.take(step.how, actor, () => setConnection(stage, actor));
    case "stream":
      return stage.take(step.how, actor, () => read(stage, step, actor));
    case "callback":
      return takeCallback(stage, step, actor);
    case "throw":
      throw new ProgramError(`${actor.scope.name} throws`);
    case "pause":
      return stage.world.triggers.wait(step.until);
    case "closeAll":
      return closeAll(stage, step.action, actor);
  }
}
