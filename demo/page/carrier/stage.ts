// In a worker: a database of its own, and two sessions at a time that do the same work.

import { sqlJs } from "../../../src/adapters/sql-js/index.ts";
import { browserContext } from "../../../src/carrier/runtime/index.ts";
import { createDatabase, isDbError } from "../../../src/index.ts";
import { loadEngine } from "../engine/load.ts";
import type { Name, News } from "./news.ts";
import type { work } from "./work.ts";

/** Plays the work as A and as B, tells the page what each of them sees, and ends the worker. */
export async function perform(play: typeof work): Promise<void> {
  const engine = await loadEngine();
  // Without the plugin on purpose, in one of the two.
  const db = createDatabase("sqljs:memory", {
    adapters: [sqlJs({ sqlJs: engine })],
    context: browserContext({ warn: false }),
  });
  await db.autocommit.sql`create table visit (name text primary key, note text)`;
  const names = new WeakMap<object, Name>();
  const see = (): Name | null => names.get(db.current() ?? {}) ?? null;
  const session = async (name: Name): Promise<void> => {
    const running = db.session((own) => {
      names.set(own, name);
      return play(db, name, (place) => tell({ type: "look", name, place, seen: see() }));
    });
    await running.then(
      () => tell({ type: "end", name, error: "" }),
      (error: unknown) => tell({ type: "end", name, error: isDbError(error) ? error.code : String(error) }),
    );
  };
  await Promise.all([session("A"), session("B")]);
  const rows = await db.autocommit.sql`select name from visit`;
  tell({ type: "done", rows: rows.length });
  await db.dispose();
  close();
}

function tell(news: News): void {
  postMessage(news);
}
