// A session and its connection: taken, given back, detached, bound to another.

import type { Connection } from "../../src/index.ts";
import type { SimConnection } from "./connection.ts";
import type { Step } from "./program.ts";
import { close } from "./settling.ts";
import type { Actor, Stage } from "./stage.ts";
import { listen } from "./statements.ts";
import { shown } from "./world.ts";

export async function reconnect(stage: Stage, actor: Actor): Promise<void> {
  const { scope, handle, db } = actor;
  const { unit } = scope;
  stage.murky(db);
  stage.world.note(() => `reconnect() of ${scope.name}`);
  const wasClosed = unit.isClosed;
  const decided = scope.parent ? undefined : stage.ledger.decide(unit);
  if (!scope.parent) {
    unit.isMurky = true;
    if (unit.root.state === "pending") unit.overAt = undefined;
    unit.isClosed = false;
  }
  const promise = stage.call(actor, () => handle.reconnect());
  stage.pending.add(`reconnect() of ${scope.name}`, promise);
  try {
    await promise;
    // A close that was under way has ended by now.
    if (!scope.parent) unit.isClosed = false;
    if (!scope.parent && unit.root.state === "pending") unit.overAt = undefined;
    decided?.(wasClosed ? "either" : "committed");
    if (!decided) stage.world.fail("refused", `reconnect() of the inner ${scope.name} resolves`);
  } catch (error) {
    decided?.("either");
    if (wasClosed && !scope.parent) unit.isClosed = true;
    throw error;
  }
}

export async function setConnection(stage: Stage, actor: Actor): Promise<void> {
  const { scope, handle } = actor;
  stage.world.note(() => `setConnection(null) of ${scope.name}`);
  const decided = scope.parent ? undefined : stage.ledger.decide(scope.unit);
  const promise = stage.call(actor, () => handle.setConnection(null));
  stage.pending.add(`setConnection() of ${scope.name}`, promise);
  try {
    await promise;
    decided?.("rolled back");
    if (!decided) stage.world.fail("refused", `setConnection() of the inner ${scope.name} resolves`);
  } catch (error) {
    decided?.("weak");
    throw error;
  }
}

export async function getConnection(stage: Stage, usePool: boolean, actor: Actor): Promise<void> {
  const { scope, handle, db } = actor;
  if (!usePool) stage.murky(db);
  const promise = stage.call(actor, () => handle.getConnection({ usePool }));
  stage.pending.add(`getConnection() of ${scope.name}`, promise);
  promise.catch(() => (scope.unit.isLimited = true));
  const connection = await promise;
  const statement = stage.ledger.ask("w", scope);
  const wasOver = scope.isOver;
  await listen(
    stage,
    statement,
    stage.call(actor, () => connection.query(statement.text)),
    wasOver,
  );
}

export async function detach(stage: Stage, step: Extract<Step, { kind: "detach" }>, actor: Actor): Promise<void> {
  const { scope, handle, db } = actor;
  const { unit } = scope;
  const getting = stage.call(actor, () => handle.getConnection());
  stage.pending.add(`getConnection() of ${scope.name}`, getting);
  await getting;
  let own: Connection;
  try {
    own = stage.call(actor, () => handle.detach());
    if (scope.parent) stage.world.fail("refused", `detach() of the inner ${scope.name} succeeds`);
  } catch (error) {
    stage.world.note(() => `detach() refused: ${shown(error)}`);
    return;
  }
  stage.murky(db);
  unit.isMurky = true;
  stage.ledger.decide(unit)("either");
  const raw = own.raw as SimConnection;
  raw.end.isPrivate = true;
  if (raw.end.transaction) raw.end.transaction.root = undefined;
  stage.world.note(() => `c${raw.number} is detached from ${unit.name}`);
  try {
    for (const letter of step.letters) {
      const statement = stage.ledger.ask(letter, unit.root, { isOwn: true });
      const asked = own.query(statement.text);
      stage.pending.add(statement.text, asked);
      await asked.catch(() => undefined);
    }
    if (step.adopt) await adopt(stage, own, step.runHooks, db, raw);
  } finally {
    const closing = own.close();
    stage.pending.add(`close() of detached c${raw.number}`, closing);
    await closing.catch((error: unknown) => stage.world.note(() => `close() of c${raw.number}: ${shown(error)}`));
  }
}

async function adopt(
  stage: Stage,
  own: Connection,
  runHooks: boolean,
  db: number,
  { end, number }: SimConnection,
): Promise<void> {
  const unit = stage.ledger.unit(`adopts c${number}`, false);
  const handle = stage.call(undefined, () => stage.databases[db]!.open());
  const actor: Actor = {
    db,
    handle,
    scope: unit.root,
    around: undefined,
    frame: undefined,
    isCurrent: false,
    early: [],
  };
  end.mayRepeatSetup = runHooks;
  try {
    const setting = handle.setConnection(own, { runHooks });
    stage.pending.add(`setConnection(c${number})`, setting);
    await setting;
    if (end.transaction) end.transaction.root = undefined;
    const statement = stage.ledger.ask("w", unit.root);
    await listen(stage, statement, handle.query(statement.text), false).catch(() => undefined);
  } catch (error) {
    stage.world.note(() => `setConnection(c${number}): ${shown(error)}`);
  }
  await close(
    stage,
    actor,
    { id: 0, kind: "close", action: "commit", really: false, how: "guard", body: [] },
    false,
  ).catch(() => undefined);
  const last = unit.root.epochs.at(-1)!;
  if (last.fate === "open") last.fate = "rolled back";
}
