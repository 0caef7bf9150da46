import type { Session, TransactionOptions } from "../../index.ts";
import { type Client, placeOf } from "./place.ts";

/** Drizzle's transaction config of both dialects, and isopool's own options. */
export interface BeginConfig extends Omit<TransactionOptions, "behavior"> {
  readonly behavior?: TransactionOptions["behavior"] | "concurrent";
  readonly deferrable?: boolean | undefined;
  readonly snapshot?: string | undefined;
}

/**
 * Runs a Drizzle transaction: a savepoint where one is active, else the session's transaction, or a session of its own.
 *
 * @param work - receives the session that its statements run in.
 */
export function begin<T>(
  client: Client,
  work: (session: Session) => Promise<T>,
  { deferrable, snapshot, behavior, propagation = "nested", ...options }: BeginConfig = {},
): Promise<T> {
  if (behavior === "concurrent")
    return Promise.reject(
      new TypeError('Expected `behavior` to be "deferred", "immediate" or "exclusive", got `concurrent`'),
    );
  const first: string[] = [];
  if (deferrable !== undefined) first.push(deferrable ? "deferrable" : "not deferrable");
  // PostgreSQL takes it as a literal only.
  if (snapshot !== undefined) first.push(`snapshot '${snapshot.replaceAll("'", "''")}'`);
  return placeOf(client).transaction(
    async (session) => {
      // BEGIN has no words for these; it rides with them.
      await Promise.all(first.map((each) => session.query(`set transaction ${each}`)));
      return work(session);
    },
    { ...options, behavior, propagation },
  );
}
