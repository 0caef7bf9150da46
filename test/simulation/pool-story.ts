// One schedule of a pool alone: borrowers who wait, give up, hold for long, break what they have, over a source that fails in
// every way, on a clock that jumps.
//
// - one holder: nothing is lent twice, nor after its close; first come, first served; no more are open than `max`.
// - settles: an acquire settles by its deadline, whatever the clock does; an aborted one at once.
// - closed once: what was opened is closed once, also where its open was given up; no timer is armed when all is over.
// - idle: what is idle is closed at `idleMs`.

import type { ConnectionPool, Lease, PoolEvent } from "../../src/pool/pool.ts";
import { Dice } from "./dice.ts";
import { PendingPromises } from "./pending.ts";
import { drained } from "./time.ts";
import type { Trigger } from "./program.ts";
import { type Patience, wait } from "./wait.ts";
import type { World } from "./world.ts";

interface Resource {
  readonly number: number;
  closes: number;
  holder: number | undefined;
  isDetached: boolean;
}

interface Borrower {
  readonly id: number;
  readonly kind: "borrower";
  readonly startMs: number;
  readonly holdMs: number;
  readonly timeoutMs: number | undefined;
  readonly abortMs: number | undefined;
  readonly usePool: boolean;
  readonly ending: "release" | "broken" | "dirty" | "detach";
  readonly isTry: boolean;
}

interface Happening {
  readonly id: number;
  readonly kind: "invalidate" | "jump" | "dispose";
  readonly until: Trigger;
  readonly ms: number;
}

const LONG_MS = 30_000;

export class PoolStory {
  readonly #world: World;
  readonly #pending: PendingPromises;
  readonly #dice: Dice;
  readonly #resources: Resource[] = [];
  readonly #served: { readonly place: number; readonly isFresh: boolean }[] = [];
  readonly #faults: number;
  readonly #now: number;
  readonly options;
  readonly program: readonly (Borrower | Happening)[];
  #opens = 0;
  #opening = 0;
  #lent = 0;
  #places = 0;
  #calls = 0;
  #running = 0;

  constructor(world: World) {
    this.#world = world;
    this.#pending = new PendingPromises(world);
    const dice = (this.#dice = new Dice(world.seed));
    this.#faults = dice.of([0, 0.05, 0.2]);
    this.#now = dice.of([0.1, 0.5, 0.9]);
    const max = 1 + dice.below(4);
    this.options = {
      max,
      maxIdle: dice.chance(0.4) ? dice.below(max + 1) : max,
      acquireTimeoutMs: dice.of([50, 200, 1_000]),
      openTimeoutMs: dice.of([40, 100, 400]),
      idleMs: dice.of([20, 150, 3_000]),
      validateAfterMs: dice.of([0, 20, 1_000]),
      maxLifetimeMs: dice.of([100, 800, 100_000]),
      maxUses: dice.of([1, 4, Infinity]),
      leakMs: dice.chance(0.3) ? 30 : 0,
    };
    const borrowers = Array.from({ length: 3 + dice.below(22) }, (_, at) => this.#borrower(at + 1));
    const happenings = Array.from({ length: dice.below(3) }, (_, at) => this.#happening(borrowers.length + at + 1));
    this.program = [...borrowers, ...happenings];
  }

  #borrower(id: number): Borrower {
    const dice = this.#dice;
    const size = dice.of([30, 300]);
    return {
      id,
      kind: "borrower",
      startMs: dice.below(size),
      holdMs: dice.chance(0.3) ? 0 : dice.below(dice.of([10, 60, 400])),
      timeoutMs: dice.chance(0.3) ? dice.below(150) : undefined,
      abortMs: dice.chance(0.25) ? dice.below(100) : undefined,
      usePool: dice.chance(0.95),
      ending: dice.of(["release", "release", "release", "release", "broken", "dirty", "detach"]),
      isTry: dice.chance(0.1),
    };
  }

  #happening(id: number): Happening {
    const dice = this.#dice;
    const kind = dice.of(["invalidate", "jump", "jump", "dispose"] as const);
    const until: Trigger = dice.chance(0.5)
      ? { kind: "ms", ms: dice.below(300) }
      : { kind: "event", what: dice.of(["opened", "closed", "lent"]), count: 1 + dice.below(4), hops: dice.below(6) };
    return { id, kind, until, ms: dice.chance(0.3) ? -dice.below(1_000) : dice.of([40, 400, 3_600_000]) };
  }

  async run(): Promise<void> {
    const world = this.#world;
    const events: PoolEvent[] = [];
    world.note(() => JSON.stringify(this.options));
    const pool = new world.lib.ConnectionPool<Resource>(
      {
        open: ({ signal }) => this.#open(signal),
        close: (resource) => this.#close(resource),
        validate: (resource, { signal }) => this.#validate(resource, signal),
      },
      {
        ...this.options,
        runtime: { name: "sim", clock: world.time, maxConnections: 10 },
        onEvent: (event) => events.push(event),
      },
    );
    for (const step of this.program) {
      if (world.isDropped(`step ${step.id}`)) continue;
      if (step.kind !== "borrower") {
        void world.triggers.wait(step.until).then(() => this.#happen(pool, step));
        continue;
      }
      this.#running++;
      world.time.after(step.startMs, () => this.#start(pool, step));
    }
    await this.#until(pool, () => this.#running === 0 && this.#pending.isEmpty);
    this.#checkOrder();
    const { busy, waiting } = pool.stats();
    if (busy + waiting > 0) world.fail("nothing left", `${busy} busy, ${waiting} waiting at rest`);
    // The one that was set before the clock was set back stays beside the one that was set after it.
    const most = world.time.setBackMs > 0 ? 2 : 1;
    if (world.time.armed > most) world.fail("timers", `${world.time.armed} timers are armed at rest`);
    await this.#until(pool, () => world.time.isEmpty, 100_000);
    if (pool.stats().idle > 0) world.fail("idle", `${pool.stats().idle} are idle long after idleMs`);
    this.#pending.add("dispose()", pool.dispose());
    await this.#until(pool, () => this.#pending.isEmpty && world.time.isEmpty);
    if (world.time.armed > 0) world.fail("timers", `${world.time.armed} timers are armed after dispose()`);
    for (const { number, closes, isDetached } of this.#resources)
      if (closes !== (isDetached ? 0 : 1)) world.fail("closed once", `${number} was closed ${closes} times`);
    const { opened, closed } = pool.stats();
    const sum = Object.values(closed).reduce((one, other) => one + other, 0);
    if (sum !== opened) world.fail("events", `opened ${opened}, closed ${sum}`);
  }

  async #until(pool: ConnectionPool<Resource>, isDone: () => boolean, withinMs = 10_000_000): Promise<void> {
    const world = this.#world;
    const endsAt = world.time.passed + withinMs;
    for (let fired = 0; world.violations.length === 0; fired++) {
      await drained();
      this.#pending.check(world.time.nextAt);
      this.#check(pool);
      if (isDone()) return;
      if (fired > 20_000) return world.fail("settles", "something goes in circles");
      if (world.time.isEmpty || world.time.nextAt > endsAt) {
        this.#pending.check(Infinity);
        return;
      }
      world.time.fire();
    }
  }

  #check(pool: ConnectionPool<Resource>): void {
    const world = this.#world;
    const { max } = this.options;
    const { open, opening, busy } = pool.stats();
    if (open + opening > max) world.fail("max", `${open} open, ${opening} opening, of ${max}`);
    if (this.#opening > opening)
      world.fail("max", `${this.#opening} opens are under way, and the pool knows of ${opening}`);
    if (busy !== this.#lent) world.fail("one holder", `${busy} busy, and ${this.#lent} are lent`);
  }

  // ── the source ──

  #patience(salt: number, key: number): Patience {
    const world = this.#world;
    const dice = world.draw(salt, key);
    if (dice < this.#now)
      return { kind: dice < this.#now / 2 ? "now" : "hops", count: 1 + Math.floor(world.draw(salt, key, 1) * 5) };
    if (this.#faults > 0 && world.happens(this.#faults / 5, "no answer", salt, key, 2))
      return { kind: "time", count: LONG_MS };
    return { kind: "time", count: Math.floor(world.draw(salt, key, 3) * 40) };
  }

  #open(signal: AbortSignal): Resource | Promise<Resource> {
    const world = this.#world;
    const key = ++this.#opens;
    const patience = this.#patience(60, key);
    world.note(() => `open ${key} begins`);
    const answer = (): Resource => {
      if (world.happens(this.#faults, "open fails", 61, key)) throw new Error("open failed");
      const resource = { number: this.#resources.length + 1, closes: 0, holder: undefined, isDetached: false };
      this.#resources.push(resource);
      world.note(() => `${resource.number} is open${signal.aborted ? ", too late" : ""}`);
      world.tell("opened");
      return resource;
    };
    if (patience.kind === "now") return answer();
    this.#opening++;
    let isCounted = true;
    const uncount = (): void => {
      if (isCounted) this.#opening--;
      isCounted = false;
    };
    signal.addEventListener("abort", uncount, { once: true });
    return wait(world.time, patience, undefined).then(() => {
      uncount();
      return answer();
    });
  }

  #close(resource: Resource): void | Promise<void> {
    const world = this.#world;
    world.note(() => `${resource.number} is closed`);
    if (resource.holder !== undefined)
      world.fail("one holder", `${resource.number} is closed while ${resource.holder} has it`);
    resource.closes++;
    world.tell("closed");
    if (resource.closes > 1) world.fail("closed once", `${resource.number} is closed ${resource.closes} times`);
    const patience = this.#patience(62, resource.number);
    const gone = (): void => {
      if (world.happens(this.#faults, "close fails", 63, resource.number)) throw new Error("close failed");
    };
    return patience.kind === "now" ? gone() : wait(world.time, patience, undefined).then(gone);
  }

  async #validate(resource: Resource, signal: AbortSignal): Promise<boolean> {
    const world = this.#world;
    const key = ++this.#calls;
    if (resource.holder !== undefined)
      world.fail("one holder", `${resource.number} is validated while ${resource.holder} has it`);
    await wait(world.time, this.#patience(64, key), signal);
    if (world.happens(this.#faults / 3, "validation throws", 65, key)) throw new Error("validation failed");
    return !world.happens(this.#faults / 2, "validation fails", 66, key);
  }

  // ── the borrowers ──

  #start(pool: ConnectionPool<Resource>, borrower: Borrower): void {
    void this.#borrow(pool, borrower).finally(() => this.#running--);
  }

  async #borrow(pool: ConnectionPool<Resource>, borrower: Borrower): Promise<void> {
    const world = this.#world;
    const { id, timeoutMs, abortMs, usePool, isTry } = borrower;
    const controller = new AbortController();
    const place = ++this.#places;
    const options = {
      owner: { id: place, parent: undefined },
      usePool,
      ...(timeoutMs !== undefined && { timeoutMs }),
      ...(abortMs !== undefined && { signal: controller.signal }),
    };
    if (isTry) {
      const lease = pool.tryAcquire(options);
      if (lease) await this.#hold(lease, borrower);
      return;
    }
    world.note(() => `borrower ${id} asks`);
    const promise = pool.acquire(options);
    const entry = this.#pending.add(
      `acquire() of borrower ${id}`,
      promise,
      (timeoutMs ?? this.options.acquireTimeoutMs) + 2,
    );
    if (abortMs !== undefined)
      world.time.after(abortMs, () => {
        controller.abort("gave up");
        entry.dueAt = Math.min(entry.dueAt, world.time.passed);
      });
    let lease: Lease<Resource>;
    try {
      lease = await promise;
    } catch (error) {
      const { code } = error as { code?: string };
      world.note(() => `borrower ${id}: ${code ?? String(error)}`);
      if (error !== "gave up" && code !== "POOL_TIMEOUT" && code !== "POOL_CLOSED")
        world.fail("result", `borrower ${id} is refused: ${String(error)}`);
      return;
    }
    this.#served.push({ place, isFresh: !usePool });
    await this.#hold(lease, borrower);
  }

  async #hold(lease: Lease<Resource>, { id, holdMs, ending }: Borrower): Promise<void> {
    const world = this.#world;
    const { connection } = lease;
    world.note(() => `borrower ${id} has ${connection.number}`);
    if (connection.holder !== undefined)
      world.fail("one holder", `${connection.number} is lent to ${id}, and ${connection.holder} has it`);
    if (connection.closes > 0) world.fail("closed is closed", `${connection.number} is lent to ${id} after its close`);
    connection.holder = id;
    this.#lent++;
    world.tell("lent");
    if (holdMs > 0) await world.time.sleep(holdMs);
    connection.holder = undefined;
    this.#lent--;
    world.note(() => `borrower ${id} gives ${connection.number} back: ${ending}`);
    if (ending === "detach") {
      connection.isDetached = true;
      lease.detach();
    } else lease.release({ broken: ending === "broken", dirty: ending === "dirty" });
    try {
      lease.release();
      world.fail("refused", "a lease can be released twice");
    } catch {
      // As it should be.
    }
  }

  #happen(pool: ConnectionPool<Resource>, { kind, ms }: Happening): void {
    const world = this.#world;
    world.note(() => `${kind}${kind === "jump" ? ` by ${ms} ms` : ""}`);
    if (kind === "invalidate") pool.invalidate();
    else if (kind === "jump") world.time.jump(ms);
    else this.#pending.add("dispose()", pool.dispose());
  }

  /** Those who want the same are served in the order in which they came, waiting or not. */
  #checkOrder(): void {
    for (const isFresh of [true, false]) {
      const places = this.#served.filter((each) => each.isFresh === isFresh).map(({ place }) => place);
      const late = places.find((place, at) => place < (places[at - 1] ?? 0));
      if (late !== undefined)
        this.#world.fail("first come, first served", `the ${late}. to come is served behind a later one`);
    }
  }
}
