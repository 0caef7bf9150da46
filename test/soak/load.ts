// Sessions of many kinds, in this process, and the mistakes that a soak is to find.

import type { Connection, Database, Session } from "../../src/index.ts";
import type { Plant } from "./bounds.ts";

export const ownError: Error = new Error("the application's own error");

/** One session: it commits, throws, is nested, aborted, late, or alone. */
export async function mixed(db: Database, random: () => number): Promise<void> {
  const kind = Math.floor(random() * 7);
  const controller = new AbortController();
  const options = kind === 3 ? { signal: controller.signal } : kind === 4 ? { timeoutMs: 1 } : {};
  const work =
    kind === 5
      ? db.autocommit.query("SELECT 1")
      : kind === 6
        ? db.batch(["SELECT 1", "SELECT 2"])
        : db.session(async (session) => {
            session.onCommit(() => undefined);
            await session.query("SELECT 1");
            if (kind === 1) throw ownError;
            if (kind === 3) controller.abort(ownError);
            if (kind === 2) await session.transaction((inner) => inner.query("SELECT 2"), { propagation: "nested" });
            await session.query("SELECT 3");
          }, options);
  await work.catch(() => undefined);
}

/** A pool has no more leases to lose, and a session that waits for one of them would wait for seconds. */
const MOST_LEASES = 2;

/** Makes one mistake, again and again. */
export class Mistakes {
  readonly #plant: Plant | undefined;
  readonly #listeners = new Set<() => unknown>();
  readonly #connections: Connection[] = [];
  readonly #leases: Session[] = [];

  constructor(plant: Plant | undefined) {
    this.#plant = plant;
  }

  async make(db: Database): Promise<void> {
    if (this.#plant === "listener") {
      // With all that its request had read.
      const rows = Array.from({ length: 1_000 }, () => ({ n: Math.random() }));
      this.#listeners.add(() => rows);
    }
    if (this.#plant === "connection") {
      const session = db.open({ transaction: false });
      await session.getConnection();
      this.#connections.push(session.detach());
      await session.close();
    }
    if (this.#plant === "lease" && this.#leases.length < MOST_LEASES) {
      const session = db.open();
      this.#leases.push(session);
      await session.query("SELECT 1");
    }
  }

  /** Takes them back. */
  async mend(): Promise<void> {
    this.#listeners.clear();
    for (const connection of this.#connections.splice(0)) await connection.close();
    for (const session of this.#leases.splice(0)) await session.close("rollback").catch(() => undefined);
  }
}
