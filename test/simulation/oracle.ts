// What was reported is what is stored. Invariants, when nothing is under way any more:
// - stored as reported: a row of a statement that was reported done, in scopes that were, in a transaction that was reported
//   committed, is stored once. One that was reported not executed, or whose scope or transaction was reported rolled back, is not.
// - all or nothing: of a transaction whose end is unknown, all that was done is stored or nothing.
// - callbacks: onCommit ran once where it was reported committed, onRollback where it was reported rolled back; neither where
//   it is unknown, and never both.

import type { Callback, Fate, Ledger, Scope, Statement } from "./ledger.ts";
import { shown, type World } from "./world.ts";

type Verdict = "must" | "never" | "may";

/**
 * Where nothing goes wrong, and all that a session did was reported done, it does not fail: what failed in a nested transaction was
 * taken back alone.
 */
export function holdCalm(world: World, ledger: Ledger): void {
  const failed = new Set<Scope>();
  for (const { scope, state, text } of ledger.statements.values()) {
    if (state === "resolved" && !text.startsWith("x")) continue;
    let each = scope;
    while (each.parent && !(each.kind === "nested" && each.state === "rejected")) each = each.parent;
    // Not healed by a savepoint.
    if (text.startsWith("x") || !each.parent) failed.add(scope.unit.root);
  }
  for (const { root, name, scopes, error, work, isClosed, isMurky, isLimited, isRetried, isByHand } of ledger.units) {
    if (error === undefined || work !== "resolved" || isClosed || isMurky || isLimited || isRetried || isByHand)
      continue;
    // Its work has left a savepoint open.
    if (world.lib.isDbError(error, "PROPAGATION_REFUSED")) continue;
    if (failed.has(root) || root.epochs.length > 1 || ledger.callbackErrors.size > 0) continue;
    if (scopes.some(({ state, kind }) => state !== "resolved" && kind !== "nested")) continue;
    world.fail("no reason", `${name} rejects with ${shown(error)}, and nothing of it had failed`);
  }
}

/** @param stored - how often each row is stored, in all servers. */
export function hold(world: World, ledger: Ledger, stored: ReadonlyMap<number, number>): void {
  for (const statement of ledger.statements.values()) {
    if (!statement.isWrite || statement.isOwn) continue;
    const verdict = verdictOf(ledger, statement);
    const isStored = stored.has(statement.id);
    if (verdict === "must" && !isStored)
      world.fail("stored as reported", `${told(ledger, statement)}, and is not stored`);
    if (verdict === "never" && isStored) world.fail("stored as reported", `${told(ledger, statement)}, and is stored`);
  }
  holdTogether(world, ledger, stored);
  for (const callback of ledger.callbacks) holdCallback(world, ledger, callback);
}

function verdictOf(ledger: Ledger, statement: Statement): Verdict {
  const { state, error, scope } = statement;
  const isDone = state === "resolved";
  if (state === "rejected" && saysNotExecuted(ledger.world, error)) return "never";
  const fate = fateOf(ledger, scope, statement.from, statement.to);
  if (fate === "committed") return isDone ? "must" : "may";
  return fate === "rolled back" ? "never" : "may";
}

/** What was reported of all that was done in a scope, from one epoch of its transaction to another. */
function fateOf(ledger: Ledger, scope: Scope, from: number, to: number): Fate {
  const { transactionRoot: root } = scope;
  if (!root) return "committed";
  for (let each = scope; each !== root; each = each.parent!) {
    if (each.state === "rejected") return "rolled back";
    if (each.state === "pending") return "either";
  }
  const fates = new Set<Fate>();
  for (let at = from; at <= to; at++) fates.add(ledger.fateOf(root, at));
  const [fate] = fates;
  return fates.size === 1 ? fate! : "either";
}

function saysNotExecuted({ lib }: World, error: unknown): boolean {
  return lib.isDbError(error) && error.outcome === "not-executed";
}

function told(ledger: Ledger, { text, state, error, scope, from, to }: Statement): string {
  const own = state === "rejected" ? `rejected (${shown(error)})` : state === "resolved" ? "done" : "asked";
  const scopes: string[] = [];
  for (let each: Scope | undefined = scope; each; each = each.parent)
    scopes.push(`${each.kind} ${each.name} ${each.state}`);
  const { transactionRoot } = scope;
  const fate = transactionRoot
    ? `${ledger.fateOf(transactionRoot, from)}${from === to ? "" : " or later"}`
    : "no transaction";
  return `${text} was reported ${own} [${scopes.join(" < ")}; ${fate}]`;
}

function holdTogether(world: World, ledger: Ledger, stored: ReadonlyMap<number, number>): void {
  const groups = new Map<object, { readonly yes: string[]; readonly no: string[] }>();
  for (const { isWrite, isOwn, scope, state, id, text, from, to } of ledger.statements.values()) {
    const { transactionRoot: root } = scope;
    if (!isWrite || isOwn || !root || state !== "resolved" || from !== to) continue;
    // Open: its request was cut off.
    if (!["unknown", "open"].includes(fateOf(ledger, scope, from, to))) continue;
    const epoch = root.epochs[from]!;
    const group = groups.get(epoch) ?? { yes: [], no: [] };
    groups.set(epoch, group);
    group[stored.has(id) ? "yes" : "no"].push(text);
  }
  for (const { yes, no } of groups.values())
    if (yes.length > 0 && no.length > 0)
      world.fail("all or nothing", `of one transaction, ${yes.join(", ")} is stored, and ${no.join(", ")} is not`);
}

function holdCallback(world: World, ledger: Ledger, { isCommit, scope, epoch, runs }: Callback): void {
  const { unit } = scope;
  // Nobody knows what was done with it; or its request was cut off.
  if (unit.isMurky || unit.overAt === undefined) return;
  const name = `${isCommit ? "onCommit" : "onRollback"} of ${scope.name}`;
  if (runs > 1) world.fail("callbacks", `${name} ran ${runs} times`);
  const fate = callbackFate(ledger, scope, epoch);
  const wanted = fate === "committed" ? Number(isCommit) : fate === "rolled back" ? Number(!isCommit) : 0;
  if (fate === "either" || fate === "open") return;
  // Of an attempt that is done again, nothing is heard, or that it was rolled back.
  if (unit.isRetried && !isCommit) return;
  if (runs !== wanted) world.fail("callbacks", `${name} ran ${runs} times, and what it is about was reported ${fate}`);
}

function callbackFate(ledger: Ledger, scope: Scope, epoch: number): Fate {
  const epochs = scope.transactionRoot?.epochs ?? [];
  const hasCommitted = epochs.slice(0, epoch).some(({ fate }) => fate === "committed" || fate === "either");
  // Given up behind a COMMIT that was answered, a session says COMMIT_UNKNOWN too: what came after it may be known to be undone.
  if (hasCommitted && epochs[epoch]!.fate === "unknown") return "either";
  if (scope.transactionRoot)
    return fateOf(
      ledger,
      scope,
      epoch,
      scope.transactionRoot.epochs.length > epoch + 1 && scope.kind !== "root" ? epoch + 1 : epoch,
    );
  return plainFate(ledger, scope);
}

/** In a session without a transaction, it is the session's own end that counts. */
function plainFate(ledger: Ledger, scope: Scope): Fate {
  const lost = scope.unit.scopes.filter(
    ({ kind, epochs: [epoch] }) => kind === "inner root" && epoch?.fate === "unknown",
  );
  for (let each: Scope | undefined = scope; each?.parent; each = each.parent) {
    if (each.state === "resolved") continue;
    if (each.isUnknown) return "unknown";
    // Of a transaction inside, nobody may know the end.
    return each.state === "pending" || lost.some((inner) => isInside(inner, each)) ? "either" : "rolled back";
  }
  if (lost.length > 0) return "either";
  const { epochs } = scope.unit.root;
  return epochs.length === 1 ? ledger.fateOf(scope.unit.root, 0) : "either";
}

function isInside(scope: Scope | undefined, outer: Scope | undefined): boolean {
  return scope !== undefined && (scope === outer || isInside(scope.parent, outer));
}
