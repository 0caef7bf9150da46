import type { ContextProvider, Frame } from "../contract/context.ts";
import { offCollected, onCollected } from "../pool/weak.ts";
import { checkAction } from "./closing.ts";
import type { CloseAction, Session } from "./session.ts";

/** What is known of the databases of this isolate, by every copy of the package and after every hot reload. */
interface Instances {
  /** The contexts of databases that were used and not disposed, and how many databases each has. It keeps no database. */
  readonly contexts: Map<ContextProvider, number>;
  /** Set by `setFolder()` outside of any session. */
  folder: string;
}

/** A database, as far as it matters here. */
interface Instance {
  readonly context: ContextProvider;
  /** How many are open. */
  readonly sessions: number;
}

const KEY = Symbol.for("isopool.instances.2");
const world = globalThis as { [KEY]?: Instances };
const known: WeakSet<Instance> = new WeakSet<Instance>();

function instances(): Instances {
  return (world[KEY] ??= { contexts: new Map(), folder: "" });
}

/** From now on, `closeAllInstances()` and `setFolder()` look for sessions of this database. */
export function addInstance(database: Instance): void {
  if (known.has(database)) return;
  known.add(database);
  const { context } = database;
  count(context, 1);
  onCollected(database, () => count(context, -1));
}

/** One with sessions that still run stays, to be found. */
export function removeInstance(database: Instance): void {
  if (database.sessions > 0 || !known.delete(database)) return;
  offCollected(database);
  count(database.context, -1);
}

function count(context: ContextProvider, by: 1 | -1): void {
  const { contexts } = instances();
  const databases = (contexts.get(context) ?? 0) + by;
  if (databases > 0) contexts.set(context, databases);
  else contexts.delete(context);
}

// The innermost frames here: one a context provider, each holding all that is current below it.
function currentFrames(): Set<Frame> {
  return new Set([...instances().contexts.keys()].flatMap((context) => context.current() ?? []));
}

/**
 * Ends every session that is current in this context, of all databases, each with `action`; default `commit`.
 *
 * @throws AggregateError after all of them were closed, if some failed: no failure stops the others.
 * @example
 * await closeAllInstances("rollback"); // At the end of a request that failed.
 */
export async function closeAllInstances(action?: CloseAction): Promise<void> {
  if (action !== undefined) checkAction(action);
  const sessions = new Set<Session>();
  for (const innermost of currentFrames()) {
    for (let frame: Frame | undefined = innermost; frame; frame = frame.parent) sessions.add(frame.session as Session);
  }
  const failures: unknown[] = [];
  for (const session of sessions) {
    // An inner transaction's handle ends with its work; its session is further out, and among these.
    if (!session.scope.parent) await session.close(action).catch((error: unknown) => failures.push(error));
  }
  if (failures.length > 0)
    throw new AggregateError(failures, `closeAllInstances: ${failures.length} of ${sessions.size} sessions failed`);
}

/**
 * Sets the working folder of adapters that store files: inside a session for this context, outside for the isolate.
 *
 * @example
 * setFolder("/var/lib/shop"); // For databases that store files, made from now on.
 */
export function setFolder(folder: string): void {
  if (typeof folder !== "string") throw new TypeError(`Expected the folder to be a string, got \`${typeof folder}\``);
  const frames = currentFrames();
  for (const frame of frames) frame.folder = folder;
  if (frames.size === 0) instances().folder = folder;
}

/** The working folder in force here: the innermost that was set, else the isolate's. */
export function currentFolder(context: ContextProvider): string {
  for (let frame = context.current(); frame; frame = frame.parent) if (frame.folder !== undefined) return frame.folder;
  return instances().folder;
}
