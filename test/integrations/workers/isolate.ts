import { AsyncLocalStorage } from "node:async_hooks";
import { IsolatePool } from "../../../src/integrations/workers/isolate-pool.ts";
import type { AcquireOptions, Lease, PoolEvent, PoolOptions } from "../../../src/pool/pool.ts";
import { FakeClock } from "../../kit/fake-clock.ts";
import { type FakeConnection, FakeSource } from "../../kit/fake-source.ts";

// What setTimeout can count. What is longer fires at once, in every runtime.
const LONGEST_DELAY_MS = 2 ** 31 - 1;

/** A clock whose timers end with the requests that set them. */
export class RequestClock extends FakeClock {
  readonly #request = new AsyncLocalStorage<number>();
  readonly #set = new Map<number, number | undefined>();

  override setTimeout(callback: () => void, delayMs: number): number {
    const once = (): void => {
      this.#set.delete(timer);
      callback();
    };
    const timer = super.setTimeout(once, delayMs > LONGEST_DELAY_MS ? 1 : delayMs);
    this.#set.set(timer, this.#request.getStore());
    return timer;
  }

  /** Runs a request: what it waits for can be cut off apart from what others wait for. */
  run<T>(request: number, work: () => T): T {
    return this.#request.run(request, work);
  }

  /** The requests that wait for something are cut off, or one of them: no timer that is set now ever fires. */
  cutOff(request?: number): void {
    for (const [timer, setter] of this.#set) {
      if (request !== undefined && setter !== request) continue;
      this.clearTimeout(timer);
      this.#set.delete(timer);
    }
  }
}

export interface FakeIsolate {
  readonly pool: IsolatePool<FakeConnection>;
  readonly source: FakeSource;
  readonly clock: RequestClock;
  readonly events: PoolEvent[];
  /** Told events as they happen. */
  onEvent: (event: PoolEvent) => void;
}

/** An isolate's pool on a fake source. `canWake`: as from compatibility date 2024-10-14 on. */
export function fakeIsolate(
  options: PoolOptions & { readonly canWake?: boolean } = {},
  prepare?: (source: FakeSource) => void,
): FakeIsolate {
  const { canWake = true, ...rest } = options;
  const clock = new RequestClock();
  const source = new FakeSource(clock);
  prepare?.(source);
  const events: PoolEvent[] = [];
  const onEvent = (event: PoolEvent): void => {
    events.push(event);
    kit.onEvent(event);
  };
  const pool = new IsolatePool(source, { ...rest, onEvent, runtime: clock.runtime(5) }, () => canWake);
  const kit: FakeIsolate = { pool, source, clock, events, onEvent: () => undefined };
  return kit;
}

/** What a promise has come to after some time: its value, its error, or "pending". */
export async function settled({ clock }: FakeIsolate, promise: Promise<unknown>, ms: number): Promise<unknown> {
  let value: unknown = "pending";
  const take = (given: unknown): unknown => (value = given);
  void promise.then(take, take);
  await clock.advance(ms);
  return value;
}

/** A lease that comes within some time. */
export async function take(kit: FakeIsolate, ms: number, options?: AcquireOptions): Promise<Lease<FakeConnection>> {
  const given = await settled(kit, kit.pool.acquire(options), ms);
  if (given === "pending") throw new Error("it waits still");
  if (given instanceof Error) throw given;
  return given as Lease<FakeConnection>;
}

/** Nothing is left: no lease, no waiter, no call, no timer; and no connection after `dispose()`. */
export async function leftovers({ pool, source, clock }: FakeIsolate): Promise<unknown> {
  await clock.advance(0);
  const { busy, waiting, opening } = pool.stats();
  const { allTimers: timers } = clock;
  const disposing = pool.dispose();
  await clock.advance(20);
  await disposing;
  return { busy, waiting, opening, timers, live: source.live };
}

export const NOTHING_LEFT = { busy: 0, waiting: 0, opening: 0, timers: 0, live: 0 };
