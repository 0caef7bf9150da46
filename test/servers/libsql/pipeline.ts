import { type Batches } from "./batches.ts";
import { ProtocolFailure, StatementFailure } from "./failures.ts";
import type { Profile } from "./profile.ts";
import { type Permission, type Statements } from "./statements.ts";
import type { Stream } from "./stream.ts";
import type { WireRequest } from "./wire.ts";

/** Most SQL texts that a stream stores, and the size of one, in bytes. */
const MAX_STORED = 50;
const MAX_STORED_BYTES = 5_000;

/** Who asks: what is allowed, and by which version of the protocol. */
export interface Asker {
  readonly permission: Permission;
  readonly version: 2 | 3;
}

/** Serves the requests of a pipeline. */
export class Pipeline {
  readonly #profile: Profile;
  readonly #statements: Statements;
  readonly #batches: Batches;

  constructor(profile: Profile, statements: Statements, batches: Batches) {
    this.#profile = profile;
    this.#statements = statements;
    this.#batches = batches;
  }

  /** All requests, in order; one that fails does not stop the others. */
  async run(stream: Stream, requests: readonly WireRequest[], asker: Asker): Promise<unknown[]> {
    const results: unknown[] = [];
    for (const request of requests) {
      try {
        results.push({ type: "ok", response: { type: request.type, ...(await this.#serve(stream, request, asker)) } });
      } catch (error) {
        if (!(error instanceof StatementFailure)) throw error;
        results.push({ type: "error", error: error.toWire(this.#profile.tellsExtendedCodes) });
      }
    }
    return results;
  }

  async #serve(stream: Stream, request: WireRequest, asker: Asker): Promise<object> {
    const { type } = request;
    if (type === "close") {
      stream.close();
      return {};
    }
    if (stream.isClosed && !type.endsWith("_sql")) throw new ProtocolFailure("Stream for this baton was closed");
    switch (type) {
      case "execute": {
        refuseRobbed(stream);
        const checked = this.#statements.checkOne(stream, request.stmt, asker.permission);
        return { result: await this.#statements.run(stream, checked, request.stmt) };
      }
      case "batch":
        return { result: await this.#batches.run(stream, request.batch, asker) };
      case "sequence":
        for (const checked of this.#statements.checkAll(stream, request, asker.permission)) {
          refuseRobbed(stream);
          await this.#statements.run(stream, checked, {});
        }
        return {};
      case "describe":
        return { result: this.#statements.describe(stream, request) };
      case "store_sql":
        this.#store(stream, request.sql_id, request.sql);
        return {};
      case "close_sql":
        stream.storedSql.delete(request.sql_id);
        return {};
      case "get_autocommit":
        if (asker.version < 3)
          throw new ProtocolFailure("The `get_autocommit` request is only supported in hrana3 and higher");
        return { is_autocommit: !stream.isInTransaction };
      default:
        throw new ProtocolFailure("StreamRequest type not recognized");
    }
  }

  #store({ storedSql }: Stream, id: number, sql: string): void {
    if (storedSql.has(id) && !this.#profile.replacesStoredSql)
      throw new ProtocolFailure(`SQL text ${id} already exists`);
    if (storedSql.size >= MAX_STORED)
      throw new StatementFailure(`The server already stores ${storedSql.size} SQL texts`, "SQL_STORE_TOO_MANY");
    if (sql.length > MAX_STORED_BYTES)
      throw new StatementFailure("The statement is too large to be stored", "SQL_STORE_TOO_LARGE");
    storedSql.set(id, sql);
  }
}

// Told once; from then on the stream is in autocommit, as in sqld.
function refuseRobbed(stream: Stream): void {
  if (!stream.wasRobbed) return;
  stream.wasRobbed = false;
  throw new StatementFailure("Transaction timed out", "TRANSACTION_TIMEOUT");
}
