import type {
  Adapter,
  BeginOptions,
  DriverConnection,
  Flight,
  StatementPlace,
  StepOutcome,
} from "../../contract/adapter.ts";
import type { ContextProvider, Frame } from "../../contract/context.ts";
import type { Statement } from "../../contract/statement.ts";
import { DbError } from "../../errors.ts";
import type { Database } from "../../index.ts";
import type { CreatePool } from "../../pool/runtime.ts";
import { Command } from "../../session/command.ts";
import type { Link, Origin } from "../../session/link.ts";
import { Scope } from "../../session/scope.ts";
import { Session } from "../../session/session.ts";
import { Source, type SourceUser } from "../../session/source.ts";
import { within } from "../../adapters/shared/waits.ts";
import { ownedPool } from "./owned-pool.ts";
import { throwIfAborted } from "../../signal.ts";
import { needsNone } from "./answers.ts";
import { SavepointConnection } from "./savepoint-connection.ts";
import type { Shared } from "./savepoint-flights.ts";
import { Turns } from "./turns.ts";

/** How long a flight that was given up may take to be over. */
const GIVEN_UP_MS = 5_000;

/** The transaction of one test: it holds a connection of its source, and all sessions of the test are savepoints in it. */
export class TestTransaction implements Shared {
  readonly driver: DriverConnection;
  readonly turns: Turns;
  readonly isPostgres: boolean;
  readonly hasKeysOff: boolean;
  lost: DbError | undefined;
  /** Where the sessions of the test find their connections. */
  readonly origin: Origin;
  readonly home: object;
  readonly #session: Session;
  readonly #base: Origin;
  readonly #gone: AbortController = new AbortController();
  // Sources keep their users weakly.
  readonly #user: SourceUser = { emit: undefined, url: () => "" };
  #names = 0;

  /** @param home - the line of tests that it is in. */
  private constructor(
    db: Database,
    base: Origin,
    home: object,
    session: Session,
    driver: DriverConnection,
    options: BeginOptions,
  ) {
    const { adapter } = base;
    this.home = home;
    this.driver = driver;
    this.#base = base;
    this.#session = session;
    this.isPostgres = adapter.capabilities.dialect === "postgres";
    this.hasKeysOff = options.foreignKeys === "off";
    this.turns = new Turns(db.clock, db.limits.acquireTimeoutMs);
    this.origin = this.#toOrigin(db, adapter);
  }

  /**
   * Takes a connection, and begins.
   *
   * @param base - where the connection comes from: the source, or the test around this one.
   * @throws DbError `TRANSACTION_UNSUPPORTED` for an adapter without savepoints; what the pool or the adapter throws.
   */
  static async begin(db: Database, base: Origin, home: object, options: BeginOptions): Promise<TestTransaction> {
    const { name, capabilities } = base.adapter;
    if (capabilities.transactions !== "interactive" || !capabilities.savepoints) {
      const wanted = "transactions with savepoints, which rolledBack() is made of";
      const message = `${name} has no ${wanted}: test on a transport that has, or on a database of its own for each test`;
      throw new DbError("TRANSACTION_UNSUPPORTED", message, { adapter: name, wanted });
    }
    const { context, clock, stacks, limits, checksConnections, number } = db;
    // Not the database itself: it is none of its sessions, is not reported, and does not begin with its defaults.
    const host = {
      ...{ context, clock, stacks, limits, checksConnections, number, sessions: 0, emit: undefined },
      source: () => base,
      complete: <O>(given: O) => given,
      prepare: (link: Link, ...rest: [never, AbortSignal | undefined]) => db.prepare(link, ...rest),
    };
    const parent = (context.current()?.session as Session | undefined)?.unit.owner;
    const session = Session.open(host, parent, { ...options, name: "rolledBack()", waitUntil: () => undefined });
    const { root } = session.unit;
    try {
      const begun = new Command("call", root, [], (_results, link) => link);
      const { driver } = await session.line.add(begun);
      return new TestTransaction(db, base, home, session, driver, options);
    } catch (error) {
      await session.close(null);
      throw error;
    }
  }

  /** Makes it current for `work`: what begins in there belongs to it. Other databases keep what is current. */
  run<T>(context: ContextProvider, isOwn: (owner: object) => boolean, work: () => T): T {
    const { unit, line } = this.#session;
    // The handle of a part of it: whoever closes all current sessions does not end the test.
    const session = new Session(unit, line, new Scope("joined", unit.root));
    return context.run({ owner: this, session, parent: without(context.current(), isOwn) }, work);
  }

  name(): string {
    return `isopool_test_${++this.#names}`;
  }

  async send(flight: Flight): Promise<StepOutcome[]> {
    if (this.lost) throw this.lost;
    this.#base.flights++;
    try {
      const outcomes = await this.driver.send(flight, this.#gone.signal);
      const { state } = this.driver;
      if (state === "idle" || state === "closed") this.#lose(outcomes.find(({ status }) => status === "failed"));
      return outcomes;
    } catch (error) {
      this.#lose(error);
      throw error;
    }
  }

  /**
   * Takes back all that was done, and gives the connection back.
   *
   * @param isHung - what is in flight is given up; else it is waited for.
   */
  async end(isHung: boolean): Promise<void> {
    const { turns, driver } = this;
    if (!isHung) await turns.idle();
    this.lost ??= new DbError("SESSION_CLOSED", "the test has ended, and all that it did was rolled back", {
      session: "rolledBack()",
    });
    turns.end(this.lost);
    if (isHung) {
      this.#gone.abort(this.lost);
      if (!(await within(turns.idle(), GIVEN_UP_MS))) await driver.close();
    }
    await this.#session.close(null);
  }

  #lose(cause: unknown): void {
    const message =
      "the database has ended the transaction of rolledBack(), and with it all that the test did: " +
      "a statement with OR ROLLBACK, or a lost connection; see `cause`";
    const reason = (cause as { readonly error?: unknown } | undefined)?.error ?? cause;
    this.lost ??= new DbError("TRANSACTION_LOST", message, { sql: undefined }, { cause: reason });
  }

  #toOrigin(db: Database, real: Adapter): Origin {
    const { name, capabilities } = real;
    const adapter: Adapter = {
      name,
      key: undefined,
      // All that its sessions are told of it, but how many there may be: they share one.
      capabilities: { ...capabilities, maxConnections: Infinity, tellsDeath: true },
      ...(real.check && { check: (statement, place) => checkInside(real, statement, place) }),
      open: ({ signal }) => {
        throwIfAborted(signal);
        if (this.lost) throw this.lost;
        return new SavepointConnection(this);
      },
    };
    const { limits, runtime, checksConnections } = db;
    const createPool: CreatePool = (source, options, _affinity, Plain) =>
      ownedPool(new Plain(source, { ...options, runtime }));
    const hooks = { afterFirstConnection: undefined, afterConnection: undefined };
    const options = { limits, runtime: { ...runtime, createPool }, setup: [], checksConnections, ...hooks };
    const origin = new Source("rolledBack()", adapter, [], options);
    origin.users.add(this.#user);
    return origin;
  }
}

/** Frames without those of some owners. */
function without(frame: Frame | undefined, isOwn: (owner: object) => boolean): Frame | undefined {
  if (!frame) return undefined;
  const parent = without(frame.parent, isOwn);
  return isOwn(frame.owner) ? parent : { ...frame, parent };
}

/** @throws DbError for a statement that its place, or any transaction, has no room for. */
function checkInside(adapter: Adapter, statement: Statement, place: StatementPlace): void {
  adapter.check!(statement, place);
  try {
    adapter.check!(statement, "transaction");
  } catch (error) {
    throw needsNone(error as Error);
  }
}
