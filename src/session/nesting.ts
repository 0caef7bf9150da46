import type { BeginOptions, MaybePromise } from "../contract/adapter.ts";
import { DbError } from "../errors.ts";
import { bounded } from "./deadline.ts";
import type { Part } from "./ending.ts";
import type { Host } from "./host.ts";
import { turnError } from "./turn-error.ts";
import type { Propagation } from "./propagation.ts";
import { Scope } from "./scope.ts";
import type { Unit } from "./unit.ts";

/** What may be said of a transaction that only its outermost can decide. */
export interface OutermostOptions extends BeginOptions {
  readonly retry?: unknown;
  readonly propagation?: Propagation | undefined;
}

/**
 * Runs a transaction inside a session: joined, in a savepoint, or begun on it.
 *
 * @param run - told the turn that its work has to wait for, if any; its deadline counts from now on.
 * @param name - of its savepoint.
 */
export function runInside<T>(
  { unit, line, scope }: Part,
  kind: "joined" | "nested" | "transaction",
  options: OutermostOptions,
  run: (scope: Scope, turn: MaybePromise<void>) => Promise<T>,
  name?: string,
): Promise<T> {
  refuseOthers(options, kind === "transaction" ? options : (scope.outermost?.begin ?? {}));
  const order = line.next();
  const how = kind === "joined" ? undefined : kind === "nested" ? unit.savepoint(name) : begin(unit, options);
  const inner = new Scope(kind, scope, how, order);
  const running = async (): Promise<T> => {
    (scope.parts ??= new Set()).add(order);
    try {
      if (kind === "joined") return await run(inner, undefined);
      // Those in a joined part too: it shares the savepoints of what it is a part of.
      return await inTurn(scope.bound, (turn) => run(inner, turn), unit.host);
    } finally {
      scope.parts?.delete(order);
      line.wake();
    }
  };
  return scope.hold(running());
}

export const BEGIN_OPTIONS: readonly (keyof BeginOptions)[] = [
  "isolationLevel",
  "accessMode",
  "settings",
  "behavior",
  "foreignKeys",
];

// As the session around it was told, with its settings: row-level security must not end inside.
function begin({ host, options: { settings: outer, inner } }: Unit, options: BeginOptions): BeginOptions {
  const { settings } = host.complete({ settings: options.settings }, outer);
  return toBegin({ ...inner, ...toBegin(options), settings });
}

/** What nearly all of them are. */
const PLAIN: BeginOptions = Object.freeze({});

/** The BEGIN options passed to an adapter: plain data, and nothing that belongs to the session. */
export function toBegin(options: BeginOptions): BeginOptions {
  let begin: Record<string, unknown> | undefined;
  for (const name of BEGIN_OPTIONS) if (options[name]) (begin ??= {})[name] = options[name];
  return begin ?? PLAIN;
}

/**
 * Siblings take turns: savepoints are a stack, and two of them side by side would undo each other's work. A turn that does
 * not come rejects with `POOL_DEADLOCK`: most likely, the one before waits for this one.
 */
async function inTurn<T>(
  scope: Scope,
  run: (turn: MaybePromise<void>) => Promise<T>,
  { clock, limits: { acquireTimeoutMs: timeoutMs } }: Host,
): Promise<T> {
  const before = scope.turn;
  let done!: () => void;
  const mine = new Promise<void>((resolve) => (done = resolve));
  scope.turn = before ? before.then(() => mine) : mine;
  try {
    return await run(
      before &&
        bounded(
          { timeoutMs },
          clock,
          () => before,
          () => turnError(timeoutMs),
        ),
    );
  } finally {
    done();
  }
}

/**
 * Refuses what is asked of an outer scope by the work of a transaction inside it: that one would be waited for, and waits
 * for this. Known at once only where the context tells who asks.
 *
 * @param isWhole - it settles the whole session: a part of it without bounds of its own is waited for as well.
 * @throws DbError `POOL_DEADLOCK`
 */
export function refuseFromWithin({ unit, scope }: Part, isWhole = false): void {
  const { bound } = scope;
  if (!bound.parts?.size) return;
  for (let frame = unit.host.context.current(); frame; frame = frame.parent) {
    const asking = (frame.session as Partial<Part>).scope;
    if (!asking || asking === scope || asking.over || !bound.holds(asking)) continue;
    if (!isWhole && asking.bound === bound) continue;
    const message = "a nested transaction used its outer session, and would wait for itself";
    throw new DbError("POOL_DEADLOCK", `${message}: use the session that its work received`, { max: 1, stacks: [] });
  }
}

// What only the outermost transaction can decide is refused further in, not ignored.
function refuseOthers(options: OutermostOptions, outer: OutermostOptions): void {
  for (const name of [...BEGIN_OPTIONS, "retry"] as const) {
    if (options[name] === undefined || (name !== "retry" && options[name] === outer[name])) continue;
    const message = `set \`${name}\` on the outermost transaction, or use "requires-new"`;
    throw new DbError("PROPAGATION_REFUSED", message, { propagation: options.propagation ?? "required" });
  }
}
