import { onTestFinished, vi } from "vitest";
import { ContextPools } from "../../../src/integrations/workers/context-pools.ts";
import { ConnectionPool, type PoolEvent, type PoolOptions } from "../../../src/pool/pool.ts";
import { type FakeConnection, FakeSource } from "../../kit/fake-source.ts";
import { RequestClock } from "./isolate.ts";

export interface FakeContexts {
  readonly pool: ContextPools<FakeConnection>;
  readonly source: FakeSource;
  readonly clock: RequestClock;
  readonly events: PoolEvent[];
  /** How many contexts were asked so far. */
  asked(): number;
  /** Whether all contexts are Durable Objects. */
  isObject: boolean;
  /** How many contexts are looked through for the current one. */
  known(): number;
  /** Goes on in another I/O context: a number for each. */
  enter(context: number): void;
}

/** The pools of I/O contexts on a fake source: as in workerd, a WebSocket tells its state in its own context only. */
export function fakeContexts(options: PoolOptions = {}, prepare?: (source: FakeSource) => void): FakeContexts {
  let current = 0;
  let asked = 0;
  class WebSocketPair {
    readonly 0: object;
    constructor() {
      const own = current;
      this[0] = {
        get readyState() {
          asked++;
          const other = kit.isObject ? "Durable Object" : "request";
          if (own !== current) throw new Error(`Cannot perform I/O on behalf of a different ${other}.`);
          return 1;
        },
      };
    }
  }
  vi.stubGlobal("WebSocketPair", WebSocketPair);
  onTestFinished(() => void vi.unstubAllGlobals());
  const clock = new RequestClock();
  const source = new FakeSource(clock);
  prepare?.(source);
  const events: PoolEvent[] = [];
  const onEvent = (event: PoolEvent): void => void events.push(event);
  const pool = new ContextPools(source, { ...options, onEvent, runtime: clock.runtime(5) }, ConnectionPool);
  const known = (): number => {
    const before = { asked, current };
    current = -1;
    pool.tryAcquire();
    current = before.current;
    return asked - before.asked;
  };
  const enter = (context: number): void => void (current = context);
  const kit: FakeContexts = { pool, source, clock, events, known, enter, asked: () => asked, isObject: false };
  return kit;
}

/** What is left of all contexts, with nobody's help. */
export function leftovers({ pool, source, clock }: FakeContexts): unknown {
  const { open, busy, waiting, opening } = pool.stats();
  return { open, busy, waiting, opening, timers: clock.allTimers, live: source.live };
}

export const NOTHING_LEFT = { open: 0, busy: 0, waiting: 0, opening: 0, timers: 0, live: 0 };
