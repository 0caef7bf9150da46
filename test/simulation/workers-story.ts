// One schedule of an isolate: requests that share the pool of `workers()`, and of which some are cut off anywhere. No `finally` of
// theirs runs then, no timer of theirs fires, no answer of theirs comes. They can only be told apart where nobody wakes another:
// a promise that is settled goes on in here.
//
// Besides what holds for databases (`story.ts`): what a request that was cut off has had is nobody's, and its place in the pool
// is free again within a minute; of its transaction all is stored, or nothing.

import { AsyncLocalStorage } from "node:async_hooks";
import type { Database } from "../../src/index.ts";
import { SimAdapter } from "./adapter.ts";
import { Borrowers } from "./borrowers.ts";
import type { SimConnection } from "./connection.ts";
import { Events } from "./events.ts";
import { Ledger } from "./ledger.ts";
import { hold } from "./oracle.ts";
import { PendingPromises } from "./pending.ts";
import { play } from "./play.ts";
import { playSession, playWrapped } from "./sessions.ts";
import { Stage } from "./stage.ts";
import { requestsOf } from "./author.ts";
import type { Config, Request } from "./program.ts";
import { drained } from "./time.ts";
import { unhandled } from "./unhandled.ts";
import type { World } from "./world.ts";

const requests = new AsyncLocalStorage<number>();
const END = -1;
// A lease is given up after a minute.
const LEASE_MS = 61_000;
const PAUSE_MS = 5_000;
const LONGEST_MS = 600_000;

export class WorkersStory {
  readonly #world: World;
  readonly #ledger: Ledger;
  readonly #pending: PendingPromises;
  readonly #adapter: SimAdapter;
  readonly #database: Database;
  readonly #events: Events;
  readonly #borrowers: Borrowers;
  readonly #stage: Stage;
  readonly #config: Config;
  readonly program: readonly Request[];
  readonly #running = new Set<number>();
  readonly #canWake: boolean;

  constructor(world: World) {
    const { config, strands, canWake } = requestsOf(world.seed);
    const { dialect, faults, losses, tellsDeath, renews, ownSetup, userSetup, now, soon } = config;
    this.#world = world;
    this.#config = config;
    this.program = strands;
    this.#canWake = canWake;
    this.#ledger = new Ledger(world);
    this.#pending = new PendingPromises(world, () => requests.getStore());
    world.time.owner = () => requests.getStore();
    this.#adapter = new SimAdapter(world, this.#ledger, 0, {
      ...{ dialect, faults, losses, tellsDeath, renews, ownSetup, userSetup, now, soon },
      needsSchema: false,
      // A lease of a minute would be taken for lost.
      longMs: 20_000,
      affinity: "isolate",
      request: () => requests.getStore(),
    });
    this.#events = new Events(world, "database");
    this.#events.isLossy = strands.some(({ cutMs }) => cutMs !== undefined);
    this.#events.isMurky = true;
    this.#borrowers = new Borrowers(this.#adapter.connections, () => requests.getStore());
    this.#database = world.lib.createDatabase("sim:0", {
      adapters: [this.#adapter.factory],
      runtime: world.lib.workers(),
      pool: config.pool,
      checkActiveConnection: config.checksConnections,
      setup: Array.from({ length: userSetup }, (_, at) => `setup user ${at}`),
      onEvent: (event) => {
        this.#events.take(event);
        this.#borrowers.take(event);
      },
    });
    this.#stage = new Stage({
      ...{ world, ledger: this.#ledger, pending: this.#pending, databases: [this.#database], play },
      isAmbient: false,
      murky: () => undefined,
    });
  }

  async run(): Promise<void> {
    const platform = globalThis as { Cloudflare?: unknown };
    platform.Cloudflare = { compatibilityFlags: { handle_cross_request_promise_resolution: this.#canWake } };
    try {
      await this.#run();
    } finally {
      delete platform.Cloudflare;
      requests.disable();
    }
  }

  async #run(): Promise<void> {
    const world = this.#world;
    world.note(() => JSON.stringify({ ...this.#config, canWake: this.#canWake }));
    for (const strand of this.program) if (!world.isDropped(`step ${strand.id}`)) this.#start(strand);
    await this.#until(() => this.#running.size === 0 && this.#pending.isEmpty);
    if (world.violations.length > 0) return;
    await requests.run(END, () => this.#atEnd());
    if (world.violations.length > 0) return;
    hold(world, this.#ledger, this.#adapter.server.stored);
    await drained();
    unhandled.check(world, this.program);
  }

  #start(strand: Request): void {
    const world = this.#world;
    const { id, startMs, cutMs } = strand;
    this.#running.add(id);
    const over = (): void => void this.#running.delete(id);
    const run = (): void => requests.run(id, () => void this.#handle(strand).then(over, over));
    world.time.after(startMs, run);
    if (cutMs === undefined || world.isDropped(`cut ${id}`)) return;
    world.chances.add(`cut ${id}`);
    world.time.after(startMs + cutMs, () => {
      if (!this.#running.delete(id)) return;
      world.note(() => `request ${id} is cut off`);
      this.#world.cut.add(id);
      world.time.cutOff(id);
      this.#pending.forget(id);
      this.#adapter.forget(id);
    });
  }

  #handle({ id, options, body, isWrapped }: Request): Promise<void> {
    this.#world.note(() => `request ${id} begins${isWrapped ? ", in withSession()" : ""}`);
    if (!isWrapped) return playSession(this.#stage, id, options, body);
    const { withSession } = this.#world.lib;
    return playWrapped(this.#stage, id, options, body, (work, given) => {
      const handler = withSession(
        this.#database,
        (_event: object, _env: object, _context: object, session) => work(session),
        given,
      );
      return handler({}, {}, { waitUntil: () => undefined });
    });
  }

  /** Everybody can be served again. */
  async #atEnd(): Promise<void> {
    const world = this.#world;
    this.#checkRest();
    world.isCalm = true;
    await this.#sleep(LEASE_MS);
    // The first to come finds out who is gone; then comes the pause after what failed.
    this.#pending.add("the first to come", this.#database.autocommit.query("late"));
    await this.#until(() => this.#pending.isEmpty);
    await this.#sleep(PAUSE_MS);
    const all = Array.from({ length: this.#config.pool.max }, () =>
      this.#database.session(async (session) => {
        await session.query(this.#ledger.ask("r", this.#ledger.unit("last", false).root).text);
        await world.time.sleep(10);
      }),
    );
    for (const each of all) {
      this.#pending.add("a session when all is over", each, 60_000);
      each.catch((error: unknown) => {
        if (world.lib.isDbError(error, "POOL_TIMEOUT")) world.fail("nothing left", "a place of the pool is lost");
      });
    }
    await this.#until(() => this.#pending.isEmpty);
    this.#pending.add("dispose()", this.#database.dispose());
    await this.#until(() => this.#pending.isEmpty && world.time.isEmpty);
    if (world.violations.length > 0) return;
    if (world.time.armed > 0) world.fail("timers", `${world.time.armed} timers are armed after dispose()`);
    for (const connection of this.#adapter.connections) {
      const { number, closes } = connection;
      const isLost = this.#isLost(connection);
      if (closes > 1 || (closes === 0 && !isLost))
        world.fail("closed once", `connection ${number} was closed ${closes} times`);
    }
  }

  #checkRest(): void {
    const { busy, waiting } = this.#database.stats();
    if (busy + waiting > 0 && this.#world.cut.size === 0)
      this.#world.fail("nothing left", `at rest: ${busy} busy, ${waiting} waiting`);
    for (const connection of this.#adapter.connections)
      if (connection.closes === 0 && connection.end.transaction && !this.#isLost(connection))
        this.#world.fail("clean", `connection ${connection.number} lies idle in a transaction`);
  }

  async #sleep(ms: number): Promise<void> {
    let isOver = false;
    this.#world.time.after(ms, () => (isOver = true));
    await this.#until(() => isOver);
  }

  async #until(isDone: () => boolean): Promise<void> {
    const { time } = this.#world;
    const endsAt = time.passed + LONGEST_MS;
    for (let fired = 0; ; fired++) {
      await drained();
      this.#pending.check(time.nextAt);
      this.#checkMax();
      if (this.#world.violations.length > 0 || isDone()) return;
      if (time.isEmpty || time.nextAt > endsAt || fired > 50_000) {
        this.#pending.check(Infinity);
        if (!isDone()) this.#world.fail("settles", `${[...this.#running].join(", ")} never end`);
        return;
      }
      time.fire();
    }
  }

  #checkMax(): void {
    const { max } = this.#config.pool;
    const live = this.#adapter.connections.filter(
      (each) => each.closes === 0 && !each.end.isPrivate && !each.isStray && !this.#isLost(each),
    ).length;
    if (live > max) this.#world.fail("max", `${live} connections are open, of ${max}`);
  }

  /** A request that was cut off has taken it along. */
  #isLost(connection: SimConnection): boolean {
    return this.#borrowers.of(connection).some((request) => this.#world.cut.has(request));
  }
}
