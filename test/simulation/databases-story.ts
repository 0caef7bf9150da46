// One schedule of databases: makes them, plays their program, and looks at the invariants that `story.ts` lists.

import { AsyncLocalStorage } from "node:async_hooks";
import type { AdapterFactory } from "../../src/contract/adapter.ts";
import type { ContextProvider } from "../../src/contract/context.ts";
import type { PoolRuntime } from "../../src/pool/runtime.ts";
import type { Connection, Database, DatabaseOptions, UrlSource } from "../../src/index.ts";
import { SimAdapter } from "./adapter.ts";
import { Ambient } from "./ambient.ts";
import { Events } from "./events.ts";
import { Ledger } from "./ledger.ts";
import { hold, holdCalm } from "./oracle.ts";
import { playByHand, playSession } from "./sessions.ts";
import { Stage } from "./stage.ts";
import { askAutocommit, askTurn, streamAutocommit } from "./statements.ts";
import { PendingPromises } from "./pending.ts";
import { play } from "./play.ts";
import type { Plant } from "./plant.ts";
import type { Config, HookPlan, Program, Strand } from "./program.ts";
import { drained } from "./time.ts";
import { unhandled } from "./unhandled.ts";
import type { World } from "./world.ts";

// More would be a loop: the longest story has some thousands.
const MOST_EVENTS = 20_000;
const LONGEST_MS = 3_600_000;
// Longest time that a session takes to end by itself: a ROLLBACK that gets no answer.
const SLACK_MS = 20_000;

export class DatabasesStory {
  readonly #world: World;
  readonly #ledger: Ledger;
  readonly #pending: PendingPromises;
  readonly program: Program;
  readonly #plant: Plant;
  readonly #adapters: SimAdapter[] = [];
  readonly #databases: Database[] = [];
  readonly #events: Events[] = [];
  #stage!: Stage;
  readonly #urls = new Map<string, () => Promise<string>>();
  #strands = 0;
  #fired = 0;

  constructor(world: World, program: Program, plant: Plant) {
    this.#world = world;
    this.#ledger = new Ledger(world);
    this.#pending = new PendingPromises(world);
    this.program = program;
    this.#plant = plant;
  }

  async run(): Promise<void> {
    const leave = this.#make();
    const world = this.#world;
    world.note(() => JSON.stringify(this.program.config));
    for (const strand of this.program.strands) this.#start(strand);
    await this.#until(() => this.#strands === 0 && this.#pending.isEmpty);
    // A session by hand that was given up ends by itself.
    await this.#until(
      () => this.#databases.every((database) => database.stats().busy + database.stats().waiting === 0),
      SLACK_MS,
      true,
    );
    this.#atRest();
    // What is still on its way arrives; what is idle for long enough is closed.
    await this.#until(() => world.time.isEmpty, 3_000_000);
    await this.#dispose();
    if (this.#isCalm) holdCalm(world, this.#ledger);
    hold(world, this.#ledger, new Map(this.#adapters.flatMap(({ server }) => [...server.stored])));
    await drained();
    unhandled.check(world, this.program);
    leave?.();
  }

  // ── making ──

  #make(): (() => void) | undefined {
    const { config } = this.program;
    const world = this.#world;
    const { context, ambient, leave } = this.#context(config);
    const runtime = this.#runtime(config);
    const hooks = this.#hooks(config);
    const { sources } = config;
    for (let number = 0; number <= Math.max(...sources); number++) {
      const { dialect, faults, losses, tellsDeath, renews, ownSetup, userSetup, now, soon } = config;
      const needsSchema = config.firstHook !== undefined && config.firstHook.way !== "nothing";
      const options = {
        dialect,
        faults,
        losses,
        tellsDeath,
        renews,
        ownSetup,
        userSetup,
        now,
        soon,
        needsSchema,
        longMs: 60_000,
        affinity: "isolate" as const,
      };
      this.#adapters.push(
        new SimAdapter(world, this.#ledger, number, {
          ...options,
          ...(this.#plant.connection && { wrap: this.#plant.connection }),
        }),
      );
    }
    // The same object for all: two of one source share its pool.
    const adapters = this.#adapters.map(({ factory }) => [factory] as AdapterFactory[]);
    const setup = Array.from({ length: config.userSetup }, (_, at) => `setup user ${at}`);
    for (const [index, source] of sources.entries()) {
      const events = new Events(world, `database ${index}`);
      this.#events.push(events);
      const options: DatabaseOptions = {
        adapters: adapters[source]!,
        context,
        runtime,
        pool: config.pool,
        checkActiveConnection: config.checksConnections,
        setup,
        ...hooks,
        // Where nobody listens, what an engine is asked at once takes a shorter way.
        ...(world.draw(62, index) < 0.7 && { onEvent: events.take }),
      };
      this.#databases.push(world.lib.createDatabase(this.#url(`sim:${source}`), options));
    }
    this.#stage = new Stage({
      ...{ world, ledger: this.#ledger, pending: this.#pending, databases: this.#databases, ambient, play },
      isAmbient: config.context !== "explicit",
      murky: (db) => {
        for (const [index, events] of this.#events.entries()) if (sources[index] === sources[db]) events.isMurky = true;
      },
    });
    return leave;
  }

  #context({ context }: Config): {
    readonly context: ContextProvider;
    readonly ambient: Ambient | undefined;
    readonly leave?: () => void;
  } {
    if (context === "explicit") return { context: this.#world.lib.explicit(), ambient: undefined };
    if (context === "ambient") {
      const ambient = new Ambient();
      return { context: ambient, ambient };
    }
    const storages: { disable(): void }[] = [];
    class Storage<T> extends AsyncLocalStorage<T> {
      constructor() {
        super();
        storages.push(this);
      }
    }
    const provider = this.#world.lib.asyncLocal(Storage);
    return { context: provider, ambient: undefined, leave: () => storages.forEach((each) => each.disable()) };
  }

  /** The URL as databases are given it: the same function for those of one source. */
  #url(text: string): UrlSource {
    const { url } = this.program.config;
    if (url === "text") return text;
    const found = this.#urls.get(text);
    if (found) return found;
    let asked = 0;
    const made = async (): Promise<string> => {
      const isHung = url === "slow function" && this.#world.happens(0.3, "no URL", 50, ++asked);
      await this.#world.time.sleep(isHung ? 60_000 : 1);
      return text;
    };
    this.#urls.set(text, made);
    return made;
  }

  #runtime({ ownClock }: Config): PoolRuntime {
    const world = this.#world;
    const runtime = { ...world.lib.shared(), ...(ownClock && { clock: world.time }) };
    return this.#plant.runtime?.(runtime, world) ?? runtime;
  }

  #hooks({ firstHook, eachHook }: Config): Pick<DatabaseOptions, "afterFirstConnection" | "afterConnection"> {
    return {
      ...(firstHook && { afterFirstConnection: this.#hook(firstHook, "schema", 1) }),
      ...(eachHook && { afterConnection: this.#hook(eachHook, "each", 2) }),
    };
  }

  #hook(plan: HookPlan, text: string, number: number): (connection: Connection) => Promise<void> {
    const world = this.#world;
    let calls = 0;
    return async (connection) => {
      const call = ++calls;
      world.note(() => `hook ${text} runs`);
      if (plan.slowMs > 0) await world.time.sleep(Math.floor(world.draw(40, number, call) * plan.slowMs));
      if (world.happens(plan.hangs, "hook hangs", 41, number, call)) await world.time.sleep(30_000);
      if (world.happens(plan.fails, "hook fails", 42, number, call)) throw new Error(`hook ${text} fails`);
      if (plan.way === "queue") connection.queue(text);
      else if (plan.way !== "nothing") await connection.query(text);
    };
  }

  // ── playing ──

  #start(strand: Strand): void {
    if (this.#world.isDropped(`step ${strand.id}`)) return;
    this.#strands++;
    const over = (): void => void this.#strands--;
    const run = (): void => void this.#play(strand).then(over, over);
    if (strand.startMs === 0) run();
    else this.#world.time.after(strand.startMs, run);
  }

  async #play(strand: Strand): Promise<void> {
    const stage = this.#stage;
    switch (strand.kind) {
      case "session":
        return playSession(stage, strand.id, strand.options, strand.body);
      case "transaction":
        return playSession(stage, strand.id, strand.options, strand.body, undefined, strand.propagation);
      case "by hand":
        return playByHand(stage, strand.id, strand.options, strand.body, strand.end, strand.beside);
      case "autocommit":
        return askAutocommit(stage, strand.letters, strand.db);
      case "turn":
        return askTurn(stage, strand.asked, strand.db);
      case "autocommit stream":
        return streamAutocommit(stage, strand.db, strand.rows);
      case "dispose": {
        this.#world.note(() => `dispose of database ${strand.db} within ${String(strand.timeoutMs)}`);
        const { timeoutMs } = strand;
        stage.hasDisposed = true;
        // It hears no more of what outlasts it.
        this.#events[strand.db]!.isLossy ||= this.#isShared || timeoutMs !== undefined;
        const disposing = this.#databases[strand.db]!.dispose(timeoutMs === undefined ? {} : { timeoutMs });
        this.#pending.add(
          `dispose() of database ${strand.db}`,
          disposing,
          timeoutMs === undefined ? Infinity : timeoutMs + 1,
        );
        return disposing;
      }
      case "jump":
        this.#world.note(() => `the clock jumps by ${strand.ms} ms`);
        this.#world.time.jump(strand.ms);
        return;
      case "kill idle":
        return this.#killIdle(strand.db);
    }
  }

  /** Its server closes what lies idle, and the driver sees it. */
  #killIdle(db: number): void {
    const source = this.program.config.sources[db]!;
    if (this.#databases.some((database) => database.stats().busy > 0)) return;
    for (const connection of this.#adapters[source]!.connections) {
      if (connection.closes > 0 || connection.end.isPrivate || connection.isBusy) continue;
      this.#world.note(() => `c${connection.number} is closed by its server`);
      connection.state = "closed";
      connection.deadSince = this.#world.time.passed;
      connection.end.die();
    }
  }

  /** Two databases have one pool: the first to be disposed of hears no more of it. */
  get #isShared(): boolean {
    const { sources } = this.program.config;
    return new Set(sources).size < sources.length;
  }

  async #until(isDone: () => boolean, withinMs = LONGEST_MS, mayEndLater = false): Promise<void> {
    const world = this.#world;
    const endsAt = world.time.passed + withinMs;
    for (;;) {
      await drained();
      this.#pending.check(world.time.nextAt);
      this.#checkMax();
      if (world.violations.length > 0 || isDone()) return;
      if (world.time.isEmpty || world.time.nextAt > endsAt) {
        if (mayEndLater) return;
        this.#pending.check(Infinity);
        if (world.violations.length === 0 && !isDone()) world.fail("settles", `${this.#strands} strands never end`);
        return;
      }
      if (++this.#fired > MOST_EVENTS)
        return world.fail("settles", `more than ${MOST_EVENTS} events: something goes in circles`);
      world.time.fire();
    }
  }

  // ── looking ──

  #checkMax(): void {
    // A source that is disposed of while another database needs it is made anew.
    if (this.#isShared && this.#stage.hasDisposed) return;
    const { max } = this.program.config.pool;
    for (const { live, opening, number } of this.#adapters)
      if (live + opening > max)
        this.#world.fail("max", `source ${number} has ${live} connections and opens ${opening}, of ${max}`);
  }

  #atRest(): void {
    const world = this.#world;
    if (world.violations.length > 0) return;
    for (const [index, database] of this.#databases.entries()) {
      const { busy, waiting } = database.stats();
      if (busy > 0 || waiting > 0)
        world.fail("nothing left", `database ${index} at rest: ${busy} busy, ${waiting} waiting`);
    }
    for (const events of this.#events) events.atRest(false);
    for (const { connections } of this.#adapters)
      for (const { number, end, closes, streams } of connections) {
        if (closes > 0) continue;
        if (end.transaction) world.fail("clean", `connection ${number} lies idle in a transaction`);
        if (streams.size > 0)
          world.fail("streams", `connection ${number} lies idle with a stream that was not returned`);
      }
    // At most one a pool, for what is idle or closed; and where the clock was set back, the one that was set before that. A
    // pool that was disposed of while another database needs it is made anew, and may still be closing.
    const pools = new Set(this.program.config.sources).size * (this.#isShared && this.#stage.hasDisposed ? 2 : 1);
    const most = pools * (world.time.setBackMs > 0 ? 2 : 1);
    if (world.time.armed > most) world.fail("timers", `${world.time.armed} timers are armed at rest`);
  }

  /** Nothing goes wrong by itself, and nobody is given up. */
  get #isCalm(): boolean {
    const { faults, losses, firstHook, eachHook } = this.program.config;
    if (faults + losses > 0 || firstHook || eachHook) return false;
    return !/"kind":"(closeAll|detach|setConnection|dispose|jump|kill idle)"/.test(
      JSON.stringify(this.program.strands),
    );
  }

  async #dispose(): Promise<void> {
    const world = this.#world;
    if (world.violations.length > 0) return;
    if (this.program.config.pool.idleMs < 3_000_000)
      for (const [index, database] of this.#databases.entries()) {
        const { idle } = database.stats();
        if (idle > 0) world.fail("idle", `database ${index} has ${idle} idle connections long after idleMs`);
      }
    for (const [index, database] of this.#databases.entries())
      this.#pending.add(`dispose() of database ${index}`, database.dispose());
    await this.#until(() => this.#pending.isEmpty && world.time.isEmpty);
    if (world.time.armed > 0) world.fail("timers", `${world.time.armed} timers are armed after dispose()`);
    if (!this.#isShared) for (const events of this.#events) events.atRest(true);
    for (const { connections, disposals, number: source } of this.#adapters) {
      for (const { number, closes } of connections)
        if (closes !== 1)
          world.fail("closed once", `connection ${number} of source ${source} was closed ${closes} times`);
      const isMadeAnew = this.#isShared && this.#stage.hasDisposed;
      if (connections.length > 0 && disposals !== 1 && !isMadeAnew)
        world.fail("closed once", `adapter ${source} was disposed of ${disposals} times`);
    }
  }
}
