import type { WaitUntil } from "../../contract/runtime.ts";
import type { Database, Session, SessionOptions } from "../../index.ts";

/** The session of a handler around this one for the same event: it is one unit of work, however often it is wrapped. */
export function around(db: Database, request: object): Session | undefined {
  const session = db.of(request);
  return session?.scope.over ? undefined : session;
}

/** The last one is the outermost: the first is committed first, and when that fails, those behind it are rolled back. */
export function inSessions<T>(
  list: readonly Database[],
  outer: readonly (Session | undefined)[],
  owners: readonly object[],
  optionsOf: (db: Database) => SessionOptions,
  sessions: Session[],
  isSpent: () => boolean,
  work: () => Promise<T>,
): Promise<T> {
  const run = list.reduce<() => Promise<T>>((inner, db, index) => {
    const within = async (session: Session): Promise<T> => {
      sessions[index] = session;
      session.unit.isSpent = isSpent;
      const before = owners.map((owner) => [owner, db.of(owner)] as const);
      for (const owner of owners) db.bind(owner, session);
      try {
        return await inner();
      } finally {
        // A handler inside of another is done before it.
        for (const [owner, found] of before) if (found) db.bind(owner, found);
      }
    };
    const options = optionsOf(db);
    const propagation = options.transaction === false ? "supports" : "required";
    // How it begins was decided by the handler around this one.
    const { accessMode: _, retry: __, ...inside } = options;
    // One of them does the work again, for all.
    const own = index === list.length - 1 ? options : { ...options, retry: 0 };
    return () => outer[index]?.transaction(within, { ...inside, propagation }) ?? db.session(within, own);
  }, work);
  return run();
}

/** Makes the sessions current for `work`, as they are in the handler. */
export function enterAll<T>(sessions: readonly Session[], work: () => T): T {
  return sessions.reduce<() => T>((inner, session) => () => session.enter(inner) as T, work)();
}

// What belongs to this request only is closed with it.
export async function leave(list: readonly Database[], outer: readonly unknown[], keep: WaitUntil): Promise<void> {
  await Promise.all(list.map(async (db, index) => outer[index] || db.leave(keep)));
}
