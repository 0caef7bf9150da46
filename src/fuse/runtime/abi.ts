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

/** A call of a fused function. */
export class Frame {
  /** How many statements are held. */
  p = 0;
  held: Query[] = [];
  session: Session | undefined;
  refused: { readonly query: unknown; readonly how: How | undefined } | undefined;
  /** What a loop is about to go over. */
  t: unknown;
  /** The scope whose work this call is: it is over when the call is. */
  readonly part: Part | undefined;
  /** What comes next may run code of the user's that no rule has seen: nothing is held any more. */
  isOff = false;

  constructor(part?: Part) {
    this.part = part;
  }
}

export function enter(): Frame {
  return new Frame();
}

/** For a function that `work()` has marked. */
export function enterWork(): Frame {
  return new Frame(takeEntered());
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

/** Holds a statement that was awaited for nothing but its end; false: it must be waited for, by `rest()`. */
export function later(frame: Frame, query: unknown, how?: How): boolean {
  // Its rows might be refused: what comes behind it must not have run then.
  const isHeld =
    !frame.isOff && frame.p < MOST && joins(frame, query) && !mayHaveEqualNames(query.toStatement("?").text);
  if (isHeld) frame.held.push(query);
  else frame.refused = { query, how };
  if (isHeld) frame.p++;
  return isHeld;
}

/** Waits for what `later()` has refused, behind what is held. */
export function rest(frame: Frame): unknown {
  const { query, how } = frame.refused!;
  frame.refused = undefined;
  return value(frame, query, how);
}

/** Sends what is held, and waits for it. @throws what the first of it that failed has failed with. */
export async function settle(frame: Frame): Promise<void> {
  await send(frame, undefined, undefined, false);
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

/** What a call returns: what is held has been waited for by then, with COMMIT where its scope ends. */
export function end(frame: Frame, result?: unknown): unknown {
  if (frame.p === 0) return result;
  return send(frame, undefined, undefined, !mayAsk(result) && isEnd(frame, frame.held[0])).then(() => result);
}

/** Something was thrown: a statement that had failed before wins. */
export async function thrown(frame: Frame): Promise<void> {
  await settle(frame);
}

/** What is held goes on with an array's own steps; whatever else is iterated over may run anything. */
export function plain(frame: Frame, items: unknown): boolean {
  if (!Array.isArray(items)) frame.isOff = true;
  return frame.p === 0 || !frame.isOff;
}

/** A lazy query of a transaction that is open, and of the session of those that are held. */
function joins(frame: Frame, query: unknown): query is Query {
  if (!(query instanceof SqlQuery)) return false;
  const { session } = query as { readonly session?: unknown };
  if (!(session instanceof Session) || (frame.p > 0 && session !== frame.session)) return false;
  if (!SqlQuery.isLazy(query, session)) return false;
  const { scope } = session;
  // A transaction that is under way inside may be what waits here: asked one by one, it is refused.
  if (scope.path.length === 0 || scope.over || scope.bound.parts?.size) return false;
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
  const queries = query ? [...frame.held, query] : frame.held;
  const { session } = frame;
  frame.held = [];
  frame.p = 0;
  const chain: Chain = { failed: undefined };
  askTogether(session!, queries, chain, isLast);
  const ends = await Promise.allSettled(queries.map((each) => (each === query && how ? each[how]() : each)));
  for (const each of ends) if (each.status === "rejected") throw each.reason;
  return query && (ends.at(-1) as PromiseFulfilledResult<unknown>).value;
}
