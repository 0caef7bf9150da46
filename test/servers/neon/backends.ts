import { Backend, type Login } from "./backend.ts";
import { HttpFailure, PostgresFailure, wrongPassword } from "./failures.ts";
import type { Postgres } from "./postgres.ts";

/** What Neon runs between two borrowers: libs/proxy/tokio-postgres2/src/client.rs, reset_session_background(). */
const RESET = [
  "ROLLBACK",
  "CLOSE ALL",
  "SET SESSION AUTHORIZATION DEFAULT",
  "RESET ALL",
  "DEALLOCATE ALL",
  "UNLISTEN *",
  "SELECT pg_advisory_unlock_all()",
  "DISCARD TEMP",
  "DISCARD SEQUENCES",
].join("; ");

/** The connections of `POST /sql`, kept by who asked for which database. */
export class Backends {
  readonly #postgres: Postgres;
  readonly #maxIdle: number;
  readonly #idle = new Map<string, Backend[]>();
  readonly #all = new Set<Backend>();
  opened = 0;

  constructor(postgres: Postgres, maxIdle: number) {
    this.#postgres = postgres;
    this.#maxIdle = maxIdle;
  }

  /** Backends that wait for their next borrower. */
  get idlePids(): number[] {
    return [...this.#idle.values()].flat().map(({ pid }) => pid);
  }

  /** @param isTrusted - who has shown a token needs no password. */
  async acquire(login: Login, isTrusted: boolean): Promise<Backend> {
    const idle = this.#idleOf(login);
    for (let backend = idle.pop(); backend !== undefined && !isTrusted; backend = idle.pop()) {
      if (!backend.isDead) return backend;
    }
    this.opened++;
    const { port, socketPath } = this.#postgres;
    try {
      const backend = await Backend.connect(isTrusted ? { path: socketPath } : { host: "127.0.0.1", port }, login);
      this.#all.add(backend);
      return backend;
    } catch (error) {
      throw refusal(error, login);
    }
  }

  /** Cleans what the borrower left behind, and then keeps the connection. */
  async release(backend: Backend, login: Login): Promise<void> {
    try {
      if (this.#idleOf(login).length >= this.#maxIdle) return this.discard(backend);
      await backend.run(RESET);
      this.#idleOf(login).push(backend);
    } catch {
      this.discard(backend);
    }
  }

  discard(backend: Backend): void {
    this.#all.delete(backend);
    backend.close();
  }

  close(): void {
    for (const backend of this.#all) this.discard(backend);
    this.#idle.clear();
  }

  #idleOf({ user, password, database }: Login): Backend[] {
    const key = JSON.stringify([user, password, database]);
    const idle = this.#idle.get(key) ?? [];
    this.#idle.set(key, idle);
    return idle;
  }
}

function refusal(error: unknown, { user }: Login): HttpFailure {
  if (!(error instanceof PostgresFailure)) return new HttpFailure(500, "could not connect to postgres in compute");
  const { code, message: cause } = error;
  if (code === "28P01" || code === "28000") return new HttpFailure(400, wrongPassword(user));
  return new HttpFailure(code === "3D000" ? 400 : 500, cause, { cause: error });
}
