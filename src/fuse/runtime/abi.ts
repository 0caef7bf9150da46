// What fused code calls: a frame for each call of a function, with the statements that it has awaited and that have not left yet.
// They are held only while no other code can run: each real wait sends them first.

import type { Chain } from "../../session/command.ts";
import { markFused, takeEntered } from "../../session/fused.ts";
import { mayHaveEqualNames } from "../../session/equal-names.ts";
import { askTogether } from "../../session/ride.ts";
import { Session } from "../../session/session.ts";
import { SqlQuery } from "../../session/sql-query.ts";

type Part = NonNullable<ReturnType<typeof takeEntered>>;
type Query = SqlQuery<unknown>;
export type How = "first" | "run" | "values";

/** Most statements of a flight. */
const MOST = 64;

/** A statement that is held, and what its value is for. */
interface Held {
  readonly query: Query;
  readonly how: How | undefined;
  /** Keeps its value. It cannot throw. */
  readonly keep: ((value: unknown) => void) | undefined;
}

/** A call of a fused function, or several that wait for each other. */
export class Frame {
  /** How many statements are held. */
  p = 0;
  held: Held[] = [];
  session: Session | undefined;
  refused: { readonly query: unknown; readonly how: How | undefined; readonly keep: Held["keep"] } | undefined;
  /** What a loop is about to go over. */
  t: unknown;
  /** The scope whose work this call is: it is over when the call is. */
  readonly part: Part | undefined;
  /** What comes next may run code of the user's that no rule has seen: nothing is held any more. */
  isOff = false;
  /** The statement that has failed last, and with what. */
  failed: { readonly of: Held; readonly reason: unknown } | undefined;
  /** A function that was awaited has taken it. */
  isShared = false;

  constructor(part?: Part) {
    this.part = part;
  }
}

/** A call that was handed the frame of who awaits it. */
interface Handed {
  readonly frame: Frame;
  /** Nobody looks at what it returns. */
  readonly isUnused: boolean;
}

export function enter(call?: Handed): Frame {
  return call?.frame ?? new Frame();
}

/** For a function that `work()` has marked. */
export function enterWork(): Frame {
  return new Frame(takeEntered());
}

/** Functions whose first line takes the frame that is handed to them. */
const known = new WeakSet<object>();
let given: Handed | undefined;

export function know(...functions: object[]): void {
  for (const each of functions) known.add(each);
}

export function knows(callee: unknown): boolean {
  return typeof callee === "function" && known.has(callee);
}

/** Hands a frame to the function that is called next, as an argument that is none. */
export function give(frame: Frame, callee: unknown, isUnused = false): readonly never[] {
  if (knows(callee)) given = { frame, isUnused };
  return [];
}

/** What the first line of such a function takes. */
export function handed(): Handed | undefined {
  const call = given;
  given = undefined;
  if (call) call.frame.isShared = true;
  return call;
}

/** Behind a call: nothing is handed to anybody any more. */
export function taken<T>(returned: T): T {
  given = undefined;
  return returned;
}

/** What the work of a scope gives whose whole work is to call another function. */
export function delegate(frame: Frame, result: unknown): unknown {
  return frame.isShared ? (result as Promise<unknown>).then((value) => end(frame, value)) : result;
}

/** Marks a function that is handed to `session()` or `transaction()` where it is written. */
export function work<F extends object>(callback: F): F {
  return markFused(callback);
}

/** True: something is held, and what makes the next query is not isopool's: it might run at once. */
export function foreign(frame: Frame, tag: unknown): boolean {
  return frame.p > 0 && tag !== SESSION_TAG;
}

const SESSION_TAG: unknown = Session.prototype.sql;

/** Holds a statement whose value is wanted later, or not at all; false: it must be waited for, by `rest()`. */
export function later(frame: Frame, query: unknown, how?: How, keep?: Held["keep"]): boolean {
  if (hold(frame, query, how, keep)) return true;
  frame.refused = { query, how, keep };
  return false;
}

function hold(frame: Frame, query: unknown, how: How | undefined, keep: Held["keep"]): boolean {
  // Its rows might be refused: what comes behind it must not have run then.
  const isHeld =
    !frame.isOff && frame.p < MOST && joins(frame, query) && !mayHaveEqualNames(query.toStatement("?").text);
  if (isHeld) frame.p = frame.held.push({ query, how, keep });
  return isHeld;
}

/** Waits for what was refused, behind what is held. */
export async function rest(frame: Frame): Promise<unknown> {
  const { query, how, keep } = frame.refused!;
  frame.refused = undefined;
  const result = await value(frame, query, how);
  keep?.(result);
  return result;
}

/** Holds a query whose value is wanted later: where it will be. */
export function late(frame: Frame, query: unknown, how?: How): { v: unknown } | undefined {
  const slot = { v: undefined as unknown };
  return later(frame, query, how, (result) => (slot.v = result)) ? slot : undefined;
}

/** Sends what is held, and waits for it. @throws what the first of it that failed has failed with. */
export async function settle(frame: Frame): Promise<void> {
  await send(frame, undefined, undefined, false);
}

/** The same where only a return stands behind it. */
export async function settleLast(frame: Frame): Promise<void> {
  await send(frame, undefined, undefined, isEnd(frame, frame.held[0]!.query));
}

/** Waits for a query of which something is wanted, in the flight of what is held. */
export function value(frame: Frame, query: unknown, how?: How): unknown {
  if (frame.p === 0) return how ? (query as Query)[how]() : query;
  if (joins(frame, query)) return send(frame, query, how, false);
  return settle(frame).then(() => (how ? (query as Query)[how]() : (query as PromiseLike<unknown>)));
}

/** The same for the last query of a call, behind which only a return stands: COMMIT leaves with it where the scope ends there. */
export function last(frame: Frame, query: unknown, how?: How): unknown {
  return isEnd(frame, query) ? send(frame, query, how, true) : value(frame, query, how);
}

/** The same for what a call returns: where nobody looks at it, it is held. */
export function result(frame: Frame, query: unknown, how?: How, call?: Handed): unknown {
  return call?.isUnused && hold(frame, query, how, undefined) ? undefined : value(frame, query, how);
}

/** What a call returns: what is held has been waited for by then, with COMMIT where its scope ends; or by who awaits the call. */
export function end(frame: Frame, returned?: unknown, call?: Handed): unknown {
  if (frame.p === 0) return returned;
  const isOpen = mayAsk(returned);
  if (call && !isOpen) return returned;
  const isLast = !call && !isOpen && isEnd(frame, frame.held[0]!.query);
  return send(frame, undefined, undefined, isLast).then(() => returned);
}

/** Something was thrown: a statement that had failed before wins. */
export async function thrown(frame: Frame): Promise<void> {
  await settle(frame);
}

/** In a `catch`: what has failed had been asked ahead of its `try`. */
export function isOf(frame: Frame, held: readonly Held[]): boolean {
  const { failed } = frame;
  const isAhead = failed !== undefined && held.includes(failed.of);
  if (!isAhead) frame.failed = undefined;
  return isAhead;
}

/** The last queries of a call, awaited with `Promise.all()`. */
export function lastAll(frame: Frame, queries: readonly Query[]): unknown {
  const isKnown = queries.length > 0 && queries.every((each) => isEnd(frame, each));
  if (!isKnown || new Set(queries).size < queries.length) {
    const all = (): Promise<unknown> => Promise.all(queries);
    return frame.p > 0 ? settle(frame).then(all) : all();
  }
  const values: unknown[] = [];
  for (const query of queries) frame.held.push({ query, how: undefined, keep: (each) => values.push(each) });
  frame.p = frame.held.length;
  return send(frame, undefined, undefined, true).then(() => values);
}

/** What is held goes on with the own steps of an array, a Map or a Set; whatever else is iterated over may run anything. */
export function plain(frame: Frame, items: unknown): boolean {
  const source = Object(items) as Iterable<unknown>;
  if (!STEPS.has(source[Symbol.iterator]) && !ITERATORS.has(Object.getPrototypeOf(source))) frame.isOff = true;
  return frame.p === 0 || !frame.isOff;
}

const STEPS = new Set<unknown>([Array, Map, Set].map(({ prototype }) => prototype[Symbol.iterator]));
const ITERATORS = new Set<unknown>([[], new Map(), new Set()].map((each) => Object.getPrototypeOf(each.values())));

/** A lazy query of a transaction that is open, and of the session of those that are held. */
function joins(frame: Frame, query: unknown): query is Query {
  if (!(query instanceof SqlQuery)) return false;
  const { session } = query as { readonly session?: unknown };
  if (!(session instanceof Session) || (frame.p > 0 && session !== frame.session)) return false;
  if (!SqlQuery.isLazy(query, session)) return false;
  const { scope } = session;
  // A transaction that is under way inside may be what waits here: asked one by one, it is refused.
  if (scope.isPlain || scope.over || scope.bound.parts?.size) return false;
  frame.session = session;
  return true;
}

function isEnd(frame: Frame, query: unknown): query is Query {
  return frame.part !== undefined && joins(frame, query) && frame.session === frame.part;
}

/** A thenable, or a list of queries: what is returned may still ask for something. */
function mayAsk(result: unknown): boolean {
  if (typeof result !== "object" || result === null) return typeof result === "function";
  return Array.isArray(result) ? result.some(mayAsk) : typeof (result as { then?: unknown }).then === "function";
}

async function send(frame: Frame, query: Query | undefined, how: How | undefined, isLast: boolean): Promise<unknown> {
  const held = query ? [...frame.held, { query, how, keep: undefined }] : frame.held;
  const { session } = frame;
  frame.held = [];
  frame.p = 0;
  const chain: Chain = { failed: undefined };
  const queries = held.map((each) => each.query);
  askTogether(session!, queries, chain, isLast);
  const ends = await Promise.allSettled(held.map((each) => (each.how ? each.query[each.how]() : each.query)));
  ends.forEach((each, index) => {
    const of = held[index]!;
    if (each.status === "fulfilled") return of.keep?.(each.value);
    frame.failed = { of, reason: each.reason };
    throw each.reason;
  });
  return query && (ends.at(-1) as PromiseFulfilledResult<unknown>).value;
}
