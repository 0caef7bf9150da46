import {
  CompiledQuery,
  createQueryId,
  type DatabaseConnection,
  type Driver,
  IdentifierNode,
  type QueryCompiler,
  RawNode,
  type TransactionSettings,
} from "kysely";
import type { Database, Dialect, Session } from "../../index.ts";
import { Lease } from "./lease.ts";

type Compile = QueryCompiler["compileQuery"];

/** Kysely's calls, on leases. */
export class IsopoolDriver implements Driver {
  readonly #target: Database | Session;
  readonly #kind: Dialect;

  constructor(target: Database | Session, kind: Dialect) {
    this.#target = target;
    this.#kind = kind;
  }

  async init(): Promise<void> {}

  async acquireConnection(): Promise<DatabaseConnection> {
    return new Lease(this.#target, this.#kind);
  }

  beginTransaction(connection: DatabaseConnection, settings: TransactionSettings): Promise<void> {
    const { isolationLevel, accessMode } = settings;
    const words = [isolationLevel && `isolation level ${isolationLevel}`, accessMode].filter(Boolean);
    const text = words.length > 0 ? `start transaction ${words.join(" ")}` : "begin";
    return run(connection, CompiledQuery.raw(text), (lease) => lease.enter(undefined, settings));
  }

  commitTransaction(connection: DatabaseConnection): Promise<void> {
    return run(connection, CompiledQuery.raw("commit"), (lease) => lease.commit());
  }

  /** Never rejects: Kysely would throw that instead of what its user's callback has thrown. A failure is an event. */
  rollbackTransaction(connection: DatabaseConnection): Promise<void> {
    return run(connection, CompiledQuery.raw("rollback"), (lease) => lease.rollback());
  }

  savepoint(connection: DatabaseConnection, name: string, compile: Compile): Promise<void> {
    return run(connection, toQuery("savepoint", name, compile), (lease) => lease.enter(name));
  }

  rollbackToSavepoint(connection: DatabaseConnection, name: string, compile: Compile): Promise<void> {
    return run(connection, toQuery("rollback to", name, compile), (lease) => lease.rollbackTo(name));
  }

  releaseSavepoint(connection: DatabaseConnection, name: string, compile: Compile): Promise<void> {
    return run(connection, toQuery("release", name, compile), (lease) => lease.releaseTo(name));
  }

  async releaseConnection(connection: DatabaseConnection): Promise<void> {
    await (connection as Lease).release();
  }

  async destroy(): Promise<void> {}
}

/** Through `executeQuery()`, which Kysely wraps for its log: users see `begin` there, though nothing is sent for it yet. */
async function run(
  connection: DatabaseConnection,
  query: CompiledQuery,
  command: (lease: Lease) => Promise<void>,
): Promise<void> {
  (connection as Lease).commands.set(query, command);
  await connection.executeQuery(query);
}

/** Written by the dialect's own compiler, which quotes the name. */
function toQuery(word: string, name: string, compile: Compile): CompiledQuery {
  return compile(
    RawNode.createWithChildren([RawNode.createWithSql(`${word} `), IdentifierNode.create(name)]),
    createQueryId(),
  );
}
