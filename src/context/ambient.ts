// One storage for each class that is passed in, for all databases, copies of this package and hot reloads of an isolate: on Node 20
// and 22 every `await` of the process costs more with each AsyncLocalStorage that was ever made, used or not.

import type { ContextProvider, Frame } from "../contract/context.ts";

interface Storage {
  /** The innermost frame here, of whichever database. */
  readonly current: () => Frame | undefined;
  readonly run: <T>(frame: Frame | undefined, work: () => T) => T;
  /** One of each kind: databases are counted by their providers. */
  made?: Record<string, ContextProvider>;
}

export interface AmbientOptions {
  /**
   * Refuses a lone `db.sql` with `SESSION_REQUIRED` while a session of the database is open and none is current: an event listener
   * or a pooled callback may have lost it. `db.autocommit.sql` is always allowed. Default false.
   */
  readonly strict?: boolean | undefined;
}

// The number changes with the meaning of what is in there: copies that do not understand each other must not meet.
const KEY = Symbol.for("isopool.storages@1");
const world = globalThis as { [KEY]?: WeakMap<object, Storage> };

/** @throws TypeError for a `strict` that is no boolean. */
export function ambient(
  name: string,
  source: object,
  makeStorage: () => Storage,
  { strict = false }: AmbientOptions,
): ContextProvider {
  if (typeof strict !== "boolean") throw new TypeError(`Expected \`strict\` to be a boolean, got \`${typeof strict}\``);
  const storages = (world[KEY] ??= new WeakMap());
  const storage = storages.get(source) ?? makeStorage();
  storages.set(source, storage);
  const { current, run } = storage;
  return ((storage.made ??= {})[name + strict] ??= { current, run, name, absenceProves: true, strict });
}
