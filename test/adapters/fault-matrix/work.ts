// The unit of work of the matrix, and what its caller was told. Names no runtime: it is done in Workers, too.

import { type Database, isDbError, type Session } from "../../../src/index.ts";
import type { Ending, Told } from "./stage.ts";

const ownError = new Error("the application's own error");

/** A transaction inside that stays, one that is taken back, and statements around them. */
export async function steps(session: Session, ending: Ending, refused: string): Promise<void> {
  await session.query("INSERT INTO goods VALUES (1)");
  await session.transaction((inner) => inner.query("INSERT INTO goods VALUES (2)"), { propagation: "nested" });
  const undone = session.transaction(
    async (inner) => {
      await inner.query("INSERT INTO goods VALUES (3)");
      throw ownError;
    },
    { propagation: "nested" },
  );
  await undone.catch((error: unknown) => {
    if (error !== ownError) throw error;
  });
  await session.query("INSERT INTO goods VALUES (4)");
  if (ending === "refused") await session.query(refused);
  if (ending === "rollback") throw ownError;
}

export async function interactive(db: Database, ending: Ending, refused: string, signal?: AbortSignal): Promise<void> {
  await db.session((session) => steps(session, ending, refused), { signal });
}

/** The same without a conversation: a read, and a list that is all or nothing. */
export async function batched(db: Database, ending: Ending, refused: string, signal?: AbortSignal): Promise<void> {
  await db.autocommit.query("SELECT n FROM goods", [], { signal });
  const inserts = [1, 2, 4].map((n) => `INSERT INTO goods VALUES (${n})`);
  await db.batch(ending === "commit" ? inserts : [...inserts, refused], { signal });
}

export function toTold(error: unknown): Told {
  if (error === ownError) return "own error";
  if (isDbError(error) && error.outcome === "unknown" && /^(COMMIT_UNKNOWN|CONNECTION_LOST)$/.test(error.code))
    return "unknown";
  return `failed: ${String(error)}`;
}
