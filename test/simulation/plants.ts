// Classic faults, planted around the library and not in its text: between it and the server, in its pool, or in what it hands
// out. Each must be found by the simulation; `within` says in how many schedules at most.

import type { DriverConnection, Flight, Step, StepOutcome } from "../../src/contract/adapter.ts";
import type { Database, Session, SessionOptions, TransactionOptions } from "../../src/index.ts";
import type { AcquireOptions, ConnectionPoolOptions, Lease } from "../../src/pool/pool.ts";
import type { Pool, PoolRuntime } from "../../src/pool/runtime.ts";
import type { Plant } from "./plant.ts";
import type { Lib } from "./world.ts";

type Work = (session: Session) => unknown;
type Send = DriverConnection["send"];

/** A connection whose flights go through `send`. */
function sending(
  send: (flight: Flight, signal: AbortSignal | undefined, inner: Send) => ReturnType<Send>,
  more: Partial<Record<keyof DriverConnection, unknown>> = {},
): Plant {
  return {
    connection: (inner) => {
      const wrapped = Object.create(inner) as DriverConnection;
      const own = {
        state: { get: () => inner.state },
        isReusable: { get: () => inner.isReusable },
        raw: { get: () => inner.raw },
        setup: { value: inner.setup },
        send: {
          value: (flight: Flight, signal?: AbortSignal) =>
            send(flight, signal, (each, given) => inner.send(each, given)),
        },
        close: { value: () => inner.close() },
        ...(inner.ping && { ping: { value: (signal: AbortSignal) => inner.ping!(signal) } }),
        ...(inner.renew && { renew: { value: () => inner.renew!() } }),
        ...(inner.stream && { stream: { value: inner.stream.bind(inner) } }),
      };
      const added = Object.entries(more).map(([name, make]) => [
        name,
        (make as (inner: DriverConnection) => PropertyDescriptor)(inner),
      ]);
      Object.defineProperties(wrapped, { ...own, ...(Object.fromEntries(added) as PropertyDescriptorMap) });
      return wrapped;
    },
  };
}

const DONE: StepOutcome = { status: "done", result: { columns: [], rows: [], rowsAffected: 0 } };

/** Sends a flight without some of its steps, and says that they were done. */
function without(isLeftOut: (step: Step) => boolean): Plant {
  return sending((flight, signal, send) => {
    const steps = flight.steps.filter((step) => !isLeftOut(step));
    if (steps.length === flight.steps.length) return send(flight, signal);
    const whole = (outcomes: StepOutcome[]): StepOutcome[] =>
      flight.steps.map((step) => (isLeftOut(step) ? DONE : outcomes.shift()!));
    const sent = send({ ...flight, steps }, signal);
    return Array.isArray(sent) ? whole(sent) : sent.then(whole);
  });
}

/** Sends a flight with its steps changed one by one. */
function changed(
  change: (step: Step) => Step,
  undo: (steps: readonly Step[] | undefined) => readonly Step[] | undefined = (steps) => steps,
): Plant {
  return sending((flight, signal, send) => {
    const after = undo(flight.undo);
    return send({ ...flight, steps: flight.steps.map(change), ...(after && { undo: after }) }, signal);
  });
}

/** Changes what comes back of lone reads that share a flight. */
function inCompany(change: (outcomes: StepOutcome[]) => StepOutcome[]): Plant {
  const isRead = (step: Step): boolean =>
    step.kind === "query" && !step.guarded && step.statement.text.startsWith("r ");
  return sending((flight, signal, send) => {
    const sent = send(flight, signal);
    return flight.steps.length > 1 && flight.steps.every(isRead) ? answered(sent, change) : sent;
  });
}

/** Changes flights in which a COMMIT rides with statements. */
function withCommit(change: Parameters<typeof sending>[0]): Plant {
  return sending((flight, signal, send) => {
    const isRide = flight.steps.at(-1)?.kind === "commit" && flight.steps.some((step) => step.kind === "query");
    return isRide ? change(flight, signal, send) : send(flight, signal);
  });
}

function answered(sent: ReturnType<Send>, change: (outcomes: StepOutcome[]) => StepOutcome[]): ReturnType<Send> {
  return Array.isArray(sent) ? change(sent) : sent.then(change);
}

/** The database, with some of its methods replaced. */
function database(change: (db: Database, lib: Lib) => void): Plant {
  return {
    lib: (lib) => ({
      ...lib,
      createDatabase: (...given) => {
        const db = lib.createDatabase(...given);
        change(db, lib);
        return db;
      },
    }),
  };
}

/** Every session that is handed out, with some of its methods replaced. */
function sessions(change: (session: Session, lib: Lib) => void): Plant {
  return database((db, lib) => {
    const { session, open } = db;
    db.session = (work: Work, options?: SessionOptions) =>
      session.call(
        db,
        (each) => {
          change(each, lib);
          return work(each) as never;
        },
        options,
      ) as never;
    db.open = (options) => {
      const each = open.call(db, options);
      change(each, lib);
      return each;
    };
  });
}

function pooled(change: (pool: Pool<unknown>) => Partial<Pool<unknown>>): Plant {
  return {
    runtime: (runtime, { lib }) => ({
      ...runtime,
      createPool: ((source: never, options: ConnectionPoolOptions) => {
        const pool = new lib.ConnectionPool(source, options) as unknown as Pool<unknown>;
        const own = change(pool);
        return {
          get name() {
            return pool.name;
          },
          acquire: (given?: AcquireOptions) => pool.acquire(given),
          tryAcquire: (given?: AcquireOptions) => pool.tryAcquire(given),
          stats: () => pool.stats(),
          dispose: (given?: object) => pool.dispose(given),
          invalidate: () => pool.invalidate(),
          ...own,
        };
      }) as never,
    }),
  };
}

/** The leases of a pool, changed. */
function leased(change: (lease: Lease<unknown>) => Partial<Lease<unknown>>): Plant {
  const wrap = <T extends Lease<unknown> | undefined>(lease: T): T =>
    lease &&
    ({
      id: lease.id,
      isReused: lease.isReused,
      connection: lease.connection,
      release: lease.release.bind(lease),
      detach: lease.detach.bind(lease),
      ...change(lease),
    } as unknown as T);
  return pooled((pool) => ({
    acquire: async (options) => wrap(await pool.acquire(options)),
    tryAcquire: (options) => wrap(pool.tryAcquire(options)),
  }));
}

function clocked(change: (runtime: PoolRuntime) => Partial<PoolRuntime["clock"]>): Plant {
  return {
    runtime: (runtime) => {
      const { clock } = runtime;
      const whole = {
        now: () => clock.now(),
        setTimeout: clock.setTimeout.bind(clock),
        clearTimeout: clock.clearTimeout.bind(clock),
        ...change(runtime),
      };
      return { ...runtime, clock: whole };
    },
  };
}

/** A pool alone, of a class that is wrong. */
function poolClass(change: (Base: Lib["ConnectionPool"]) => unknown): Plant {
  return { lib: (lib) => ({ ...lib, ConnectionPool: change(lib.ConnectionPool) as never }) };
}

let calls = 0;
const often = (share: number): boolean => ++calls % share === 0;

export const plants: Readonly<Record<string, { readonly plant: Plant; readonly within: number }>> = {
  "COMMIT is not sent, and told to be done": { within: 100, plant: without(({ kind }) => kind === "commit") },
  "ROLLBACK is sent as COMMIT": {
    within: 200,
    plant: changed((step) => (step.kind === "rollback" ? { kind: "commit" } : step)),
  },
  "ROLLBACK TO is left out": { within: 2_000, plant: without(({ kind }) => kind === "rollback-to") },
  "savepoints are left out": {
    within: 1_000,
    plant: without(({ kind }) => kind === "savepoint" || kind === "release" || kind === "rollback-to"),
  },
  "BEGIN is left out": { within: 100, plant: changed((step) => (step.kind === "begin" ? { kind: "rollback" } : step)) },
  "statements are not guarded": {
    within: 20_000,
    plant: changed((step) => (step.kind === "query" ? { ...step, guarded: false } : step)),
  },
  "a failure stops nothing": {
    within: 1_000,
    plant: changed((step) => (step.kind === "query" ? { ...step, onError: "continue" } : step)),
  },
  "nothing is undone after a batch that failed": {
    within: 2_000,
    plant: changed(
      (step) => step,
      () => [],
    ),
  },
  "each statement is sent twice": {
    within: 100,
    plant: sending((flight, signal, send) => {
      const steps = flight.steps.flatMap((step) => (step.kind === "query" && !step.isSetup ? [step, step] : [step]));
      return answered(send({ ...flight, steps }, signal), (outcomes) => {
        const kept: StepOutcome[] = [];
        for (const step of flight.steps)
          kept.push(outcomes.splice(0, step.kind === "query" && !step.isSetup ? 2 : 1)[0]!);
        return kept;
      });
    }),
  },
  "a lost COMMIT is told to be done": {
    within: 3_000,
    plant: sending((flight, signal, send) => {
      const done = (): StepOutcome[] =>
        flight.steps.map((step) => (step.kind === "query" ? { status: "skipped" } : DONE));
      const isCommit = flight.steps.some(({ kind }) => kind === "commit");
      const lost = (error: unknown): StepOutcome[] => {
        if (isCommit && (error as { code?: string }).code === "CONNECTION_LOST") return done();
        throw error;
      };
      try {
        const sent = send(flight, signal);
        return Array.isArray(sent) ? sent : sent.catch(lost);
      } catch (error) {
        return lost(error);
      }
    }),
  },
  "an unknown outcome is told as not executed": {
    within: 3_000,
    plant: sending((flight, signal, send) => {
      const lie = (error: unknown): never => {
        const lost = error as { code?: string; outcome?: string };
        if (lost.code !== "CONNECTION_LOST") throw error;
        throw Object.create(error as Error, { outcome: { value: "not-executed" } });
      };
      try {
        const sent = send(flight, signal);
        return Array.isArray(sent) ? sent : sent.catch(lie);
      } catch (error) {
        return lie(error);
      }
    }),
  },
  "results change places": {
    within: 500,
    plant: sending((flight, signal, send) =>
      answered(send(flight, signal), (outcomes) => {
        const [last, before] = [outcomes.at(-1), outcomes.at(-2)];
        return last &&
          before &&
          last.status === "done" &&
          before.status === "done" &&
          last.result.rows.length > 0 &&
          before.result.rows.length > 0
          ? [...outcomes.slice(0, -2), last, before]
          : outcomes;
      }),
    ),
  },
  "a connection in a transaction says that it is idle": {
    within: 1_000,
    plant: sending((flight, signal, send) => send(flight, signal), {
      state: (inner: DriverConnection) => ({ get: () => (inner.state === "failed" ? "idle" : inner.state) }),
    }),
  },
  "what is left in a connection is not told": {
    within: 2_000,
    plant: sending((flight, signal, send) => send(flight, signal), {
      isReusable: () => ({ get: () => true }),
      renew: () => ({ value: undefined }),
    }),
  },
  "a connection is closed twice": {
    within: 20,
    plant: sending((flight, signal, send) => send(flight, signal), {
      close: (inner: DriverConnection) => ({
        value: async () => {
          await inner.close();
          await inner.close();
        },
      }),
    }),
  },
  "a connection is never closed": {
    within: 20,
    plant: sending((flight, signal, send) => send(flight, signal), { close: () => ({ value: () => undefined }) }),
  },
  "streams are never returned": {
    within: 3_000,
    plant: sending((flight, signal, send) => send(flight, signal), {
      stream: (inner: DriverConnection) => ({
        value: (...given: Parameters<NonNullable<DriverConnection["stream"]>>) => {
          const rows = inner.stream!(...given);
          return { next: () => rows.next(), return: () => undefined };
        },
      }),
    }),
  },
  "the setup is left out": {
    within: 50,
    plant: without((step) => step.kind === "query" && step.isSetup === true && step.statement.text.startsWith("setup")),
  },
  "two flights at once": {
    within: 100,
    plant: sending((flight, signal, send) => {
      const sent = send(flight, signal);
      if (Array.isArray(sent) || flight.steps.length > 1) return sent;
      void Promise.resolve(send({ steps: [] }, undefined)).catch(() => undefined);
      return sent;
    }),
  },
  "an abort does not reach what flies": { within: 5_000, plant: sending((flight, _signal, send) => send(flight)) },

  "a failure does not hold up the COMMIT that rides behind it": {
    within: 3_000,
    plant: withCommit((flight, signal, send) => {
      const steps = flight.steps.map((step) =>
        step.kind === "query" && !step.isSetup ? { ...step, onError: "continue" as const } : step,
      );
      return send({ ...flight, steps }, signal);
    }),
  },
  "what a COMMIT rides with is not sent": {
    within: 1_000,
    plant: withCommit((flight, signal, send) => {
      const steps = flight.steps.filter((step) => step.kind !== "query" || step.isSetup);
      return answered(send({ ...flight, steps }, signal), (outcomes) =>
        flight.steps.map((step) => (steps.includes(step) ? outcomes.shift()! : DONE)),
      );
    }),
  },
  "a COMMIT that rode is lost, and told as not executed": {
    within: 5_000,
    plant: withCommit(async (flight, signal, send) => {
      try {
        return await send(flight, signal);
      } catch (error) {
        if ((error as { code?: string }).code !== "CONNECTION_LOST") throw error;
        throw Object.create(error as Error, { outcome: { value: "not-executed" } });
      }
    }),
  },

  "one connection is lent twice": {
    within: 200,
    plant: pooled((pool) => {
      let last: Lease<unknown> | undefined;
      const twice = (lease: Lease<unknown>): Lease<unknown> => (last = lease);
      return {
        tryAcquire: (options) =>
          last && often(3)
            ? {
                id: last.id,
                isReused: true,
                connection: last.connection,
                release: () => undefined,
                detach: () => last!.detach(),
                [Symbol.dispose]: () => undefined,
              }
            : ((): Lease<unknown> | undefined => {
                const lease = pool.tryAcquire(options);
                return lease && twice(lease);
              })(),
        acquire: async (options) => twice(await pool.acquire(options)),
      };
    }),
  },
  "a release is forgotten now and then": {
    within: 200,
    plant: leased((lease) => ({ release: (how) => (often(7) ? undefined : lease.release(how)) })),
  },
  "what is broken or dirty is released as good": {
    within: 500,
    plant: leased((lease) => ({ release: () => lease.release() })),
  },
  "a cleared timer is left armed": { within: 50, plant: clocked(() => ({ clearTimeout: () => undefined })) },
  "timers are late": {
    within: 500,
    plant: clocked(({ clock }) => ({
      setTimeout: (callback, delayMs) => clock.setTimeout(callback, delayMs * 3 + 50),
    })),
  },
  "timers never fire": {
    within: 500,
    plant: clocked(({ clock }) => ({
      setTimeout: (callback, delayMs) => clock.setTimeout(callback, delayMs + 10_000_000),
    })),
  },
  "the last to come is served first": {
    within: 2_000,
    plant: poolClass(
      (Base) =>
        class extends Base<unknown> {
          readonly #stack: {
            readonly resolve: (lease: Lease<unknown>) => void;
            readonly reject: (error: unknown) => void;
          }[] = [];
          override acquire(options?: AcquireOptions): Promise<Lease<unknown>> {
            return new Promise((resolve, reject) => {
              const mine = { resolve, reject };
              this.#stack.push(mine);
              super.acquire(options).then(
                (lease) => this.#stack.pop()!.resolve(lease),
                (error: unknown) => {
                  const at = Math.max(0, this.#stack.indexOf(mine));
                  this.#stack.splice(at, 1)[0]!.reject(error);
                },
              );
            });
          }
        },
    ),
  },
  "one connection more than max": {
    within: 300,
    plant: poolClass(
      (Base) =>
        class extends Base<unknown> {
          constructor(source: never, options: ConnectionPoolOptions) {
            super(source, { ...options, max: options.max! + 1 });
          }
          override stats() {
            const stats = super.stats();
            return { ...stats, max: stats.max - 1 };
          }
        },
    ),
  },
  "a pool does not heed a signal": {
    within: 2_000,
    plant: poolClass(
      (Base) =>
        class extends Base<unknown> {
          override acquire(options?: AcquireOptions): Promise<Lease<unknown>> {
            return super.acquire({ ...options, signal: undefined });
          }
        },
    ),
  },
  "a pool does not heed a timeout": {
    within: 2_000,
    plant: poolClass(
      (Base) =>
        class extends Base<unknown> {
          override acquire(options?: AcquireOptions): Promise<Lease<unknown>> {
            return super.acquire({ ...options, timeoutMs: 60_000 });
          }
        },
    ),
  },

  "a session swallows what its work throws": {
    within: 100,
    plant: database((db) => {
      const { session } = db;
      db.session = (work: never, options: never) => session.call(db, work, options).catch(() => ({}));
    }),
  },
  "a session is done again after an unknown end": {
    within: 5_000,
    plant: database((db, lib) => {
      const { session } = db;
      db.session = (work: never, options: never) =>
        session.call(db, work, options).catch((error: unknown) => {
          if (!lib.isDbError(error, "COMMIT_UNKNOWN")) throw error;
          return session.call(db, work, options);
        });
    }),
  },
  "an error of the work is replaced by another": {
    within: 100,
    plant: database((db) => {
      const { session } = db;
      db.session = (work: never, options: never) =>
        session.call(db, work, options).catch((error: unknown) => {
          throw new Error("the session failed", { cause: error });
        });
    }),
  },
  "a session runs in autocommit": {
    within: 50,
    plant: database((db) => {
      const { session } = db;
      db.session = (work: never, options: object) => session.call(db, work, { ...options, transaction: false });
    }),
  },
  "a session forgets its deadline": {
    within: 10_000,
    plant: database((db) => {
      const { session } = db;
      db.session = (work: never, options: object) => session.call(db, work, { ...options, timeoutMs: undefined });
    }),
  },
  "a session forgets its signal": {
    within: 2_000,
    plant: database((db) => {
      const { session } = db;
      db.session = (work: never, options: object) => session.call(db, work, { ...options, signal: undefined });
    }),
  },
  "commit() does not wait": {
    within: 3_000,
    plant: sessions((session) => {
      const { commit } = session;
      session.commit = ((...last: []) => {
        commit.apply(session, last).catch(() => undefined);
        return Promise.resolve([]);
      }) as never;
    }),
  },
  "close(commit) rolls back": {
    within: 500,
    plant: sessions((session) => {
      const { close } = session;
      session.close = (action, options) => close.call(session, action === "commit" ? "rollback" : action, options);
    }),
  },
  "onCommit runs twice": {
    within: 300,
    plant: sessions((session) => {
      const { onCommit } = session;
      session.onCommit = (callback) => {
        onCommit.call(session, callback);
        onCommit.call(session, callback);
      };
    }),
  },
  "onCommit and onRollback change places": {
    within: 300,
    plant: sessions((session) => {
      const { onCommit, onRollback } = session;
      session.onCommit = (callback) => onRollback.call(session, callback);
      session.onRollback = (callback) => onCommit.call(session, callback);
    }),
  },
  "a nested transaction joins": {
    within: 3_000,
    plant: sessions((session) => {
      const { transaction } = session;
      session.transaction = (work: Work, options?: TransactionOptions) =>
        transaction.call(session, work, {
          ...options,
          ...(options?.propagation === "nested" && { propagation: "required" }),
        }) as never;
    }),
  },
  "a statement leaves a rejection that nobody hears": {
    within: 300,
    plant: sessions((session) => {
      const { query } = session;
      session.query = ((...given: Parameters<typeof query>) => {
        const promise = query.apply(session, given);
        void promise.then((value) => value);
        return promise;
      }) as never;
    }),
  },
  "reads that share a flight are given each other's rows": {
    within: 500,
    plant: inCompany(([first, second, ...rest]) => [second!, first!, ...rest]),
  },
  "a read that fails takes its company along": {
    within: 5_000,
    plant: inCompany((outcomes) => {
      const failed = outcomes.find(({ status }) => status === "failed");
      return failed ? outcomes.map(() => failed) : outcomes;
    }),
  },
  "a statement is told done before it is": {
    within: 500,
    plant: sessions((session) => {
      const { query } = session;
      session.query = ((text: string, ...more: []) => {
        query.call(session, text as never, ...more).catch(() => undefined);
        return Promise.resolve({ rows: [{ id: Number(text.split(" ")[1]) }] });
      }) as never;
    }),
  },
};
