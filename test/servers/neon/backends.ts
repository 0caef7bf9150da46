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

/** A connection that waits for its next borrower, who waits for its reset. */
interface Idle {
  readonly backend: Backend;
  readonly reset: Promise<unknown>;
}

/** The connections of `POST /sql`, kept by who asked for which database. */
export class Backends {
  readonly #postgres: Postgres;
  readonly #maxIdle: number;
  readonly #idle = new Map<string, Idle[]>();
  readonly #all = new Set<Backend>();
  opened = 0;

  constructor(postgres: Postgres, maxIdle: number) {
    this.#postgres = postgres;
    this.#maxIdle = maxIdle;
  }

  get idlePids(): number[] {
    return [...this.#idle.values()].flat().map(({ backend }) => backend.pid);
  }

  /** @param isTrusted - who has shown a token needs no password. */
  async acquire(login: Login, isTrusted: boolean): Promise<Backend> {
    const idle = this.#idleOf(login);
    for (let entry = isTrusted ? undefined : idle.pop(); entry !== undefined; entry = idle.pop()) {
      await entry.reset;
      if (!entry.backend.isDead) return entry.backend;
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
  release(backend: Backend, login: Login): void {
    const idle = this.#idleOf(login);
    if (idle.length >= this.#maxIdle) return this.discard(backend);
    const reset = backend.run(RESET).catch(() => this.discard(backend));
    idle.push({ backend, reset });
  }

  discard(backend: Backend): void {
    this.#all.delete(backend);
    backend.close();
  }

  close(): void {
    for (const backend of this.#all) this.discard(backend);
    this.#idle.clear();
  }

  #idleOf({ user, password, database }: Login): Idle[] {
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
