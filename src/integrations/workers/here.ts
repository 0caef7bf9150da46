import type { WaitUntil } from "../../contract/runtime.ts";
import type { ConnectionPool } from "../../pool/pool.ts";
import type { Life } from "./life.ts";
import { LONGEST_LEASE_MS } from "./loans.ts";
import type { ContextKind } from "./probe.ts";

/** A context of which nothing was heard for so many times `idleMs` is gone: it would have closed its sockets by itself. */
const SILENT_TIMES = 10;

/** The pool of one I/O context. */
export interface Here<C> {
  readonly pool: ConnectionPool<C>;
  readonly ask: () => ContextKind;
  readonly life: Life;
  /** A handler of `withSession()`, which closes it at its end. */
  readonly event: WaitUntil | undefined;
  readonly since: number;
  /** Whether it is a Durable Object, which outlives its requests; `undefined`: not known yet. */
  isObject: boolean | undefined;
  usedAt: number;
  /** Keeps its request alive. */
  waitUntil: WaitUntil | undefined;
  timer: unknown;
  /** It keeps nothing any longer: idle connections are closed. */
  isLeft: boolean;
  isClosing: boolean;
}

/** Nobody has a connection or waits for one. One that is opened is for nobody then. */
export function isQuiet<C>({ pool }: Here<C>): boolean {
  const { busy, waiting } = pool.stats();
  return busy + waiting === 0;
}

/** Whether it is taken to be gone, where nothing tells. */
export function isGone<C>(here: Here<C>, now: number, idleMs: number): boolean {
  const silentMs = now - here.usedAt;
  return silentMs >= SILENT_TIMES * idleMs && (isQuiet(here) || silentMs >= LONGEST_LEASE_MS);
}
