// Streams: read to the end, left midway, asked after their end.

import type { Step } from "./program.ts";
import type { Actor, Stage } from "./stage.ts";

export async function read(stage: Stage, step: Extract<Step, { kind: "stream" }>, actor: Actor): Promise<void> {
  const statement = stage.ledger.ask("r", actor.scope);
  const { options } = stage.limits(statement.text, step.id, step, actor.scope.unit);
  stage.world.note(() => `stream ${statement.text} in ${actor.scope.name}`);
  const all = stage.call(actor, () =>
    actor.handle.stream({ text: statement.text }, { batchSize: step.batchSize, ...options }),
  );
  const rows = all[Symbol.asyncIterator]();
  const next = (): Promise<IteratorResult<unknown>> => {
    const promise = stage.call(actor, () => rows.next());
    stage.pending.add(`next() of ${statement.text}`, promise);
    return promise;
  };
  let read = 0;
  try {
    while (!(await next()).done) {
      if (++read <= 2) await stage.world.triggers.wait(step.pause);
      if (read < step.rows) continue;
      const returning = stage.call(actor, () => rows.return!());
      stage.pending.add(`return() of ${statement.text}`, returning);
      await returning;
      break;
    }
    if (step.nextAfter && !(await next()).done)
      stage.world.fail("streams", `next() of ${statement.text} gives rows after its end`);
    stage.ledger.settle(statement, true);
  } catch (error) {
    stage.ledger.settle(statement, false, error);
    throw error;
  }
}
