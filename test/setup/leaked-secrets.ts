// Runs in every test file: what isopool lets out while a test runs, no secret and no parameter's value may be in. That is each of
// its errors, with all causes, each event, each pool's key, each line that is logged, here, in a workerd, by Miniflare and in a page's
// console, and what a database or a session shows of itself to whoever prints it. The page's own tests look at their consoles themselves.
//
// Nothing of isopool is replaced: errors are seen by the constructor that theirs calls, events and statements on their way.

import { inspect } from "node:util";
import { afterAll, afterEach, beforeEach, expect } from "vitest";
import { DbError } from "../../src/errors.ts";
import { Queryable } from "../../src/session/queryable.ts";
import { Listeners } from "../../src/session/listeners.ts";
import { Queue } from "../../src/session/queue.ts";
import { listenForPrinted, MARKED, SECRETS, showsSecret } from "./secrets.ts";

/** Of one test: some make thousands, which are alike. */
const MOST = { error: 200, event: 300, line: 300, handle: 6 };
const MOST_VALUES = 100;

/** As it is before a test takes it away. */
const Weak = WeakRef;

/** What was let out and is not looked at yet: few, so that a test of memory sees nothing of it. */
const pending: { readonly where: string; readonly what: unknown }[] = [];
const MOST_PENDING = 10;
let leaked: string[] = [];
const counts = { error: 0, event: 0, line: 0, handle: 0 };
const values = new Set<string>();
/** All texts of statements, in which a value may stand by the test's own hand. */
const texts = new Set<string>();

function see(where: keyof typeof counts, what: unknown): void {
  if (++counts[where] > MOST[where]) return;
  // Those before it are whole by now: an error is seen while it is made.
  if (pending.length >= MOST_PENDING) look();
  pending.push({ where, what });
}

function look(): void {
  // What a test has written into a statement itself may show: SQL texts do.
  const hidden = [...values].filter((value) => ![...texts].some((text) => text.includes(value)));
  for (const { where, what } of pending.splice(0)) {
    const seen = what instanceof Weak ? what.deref() : what;
    const text = typeof seen === "string" ? seen : printed(seen);
    for (const secret of [...SECRETS, ...hidden])
      if (text.includes(secret)) leaked.push(`${where}: ${secret}: ${text}`);
  }
}

class SeenError extends Error {
  constructor(message?: string, options?: ErrorOptions) {
    super(message, options);
    see("error", this);
  }
}
Object.setPrototypeOf(DbError, SeenError);

const { tell } = Listeners.prototype;
Listeners.prototype.tell = function (event, ...rest) {
  // A copy: the listener is handed this one, and a test may look whether it can be collected.
  see("event", { ...event });
  tell.call(this, event, ...rest);
};

const { push } = Queue.prototype;
Queue.prototype.push = function (command) {
  for (const input of command.inputs ?? []) note(input);
  push.call(this, command);
};

function note(input: unknown): void {
  const { text, params } = (typeof input === "string" ? { text: input } : (input ?? {})) as {
    text?: unknown;
    params?: Iterable<unknown> | Record<string, unknown>;
  };
  if (typeof text === "string" && texts.size < MOST_VALUES) texts.add(text);
  if (typeof params !== "object" || params === null) return;
  for (const value of Object.values(params)) {
    const isMarked = typeof value === "string" && value.length < 10_000 && MARKED.test(value);
    if (isMarked && values.size < MOST_VALUES) values.add(value);
  }
}

for (const name of ["log", "info", "warn", "error", "debug"] as const) {
  const write = console[name];
  console[name] = (...parts: unknown[]) => {
    see("line", parts.map(String).join(" "));
    write.apply(console, parts);
  };
}

/** Databases, sessions and transactions, when something is asked of them. */
const { query } = Queryable.prototype;
Queryable.prototype.query = function (...args: unknown[]) {
  // Not held: a test may look whether a database that was dropped is collected.
  see("handle", new Weak(this));
  return (query as (...all: unknown[]) => never).apply(this, args);
};

/** Of what processes print that tests start, whenever it comes. */
const printedLeaks: string[] = [];
listenForPrinted((text) => {
  if (showsSecret(text)) printedLeaks.push(text);
});
afterAll(() => expect(printedLeaks, "secrets or values in what a process has printed").toEqual([]));

/** Of what was printed since the file began, or since the last call. */
export function takePrintedLeaks(): string[] {
  return printedLeaks.splice(0);
}

beforeEach(clear);
afterEach(() => expect(takeLeaks(), "secrets or values that isopool lets out").toEqual([]));

/** What was let out since the test began, or since the last call. */
export function takeLeaks(): string[] {
  const keys = (globalThis as { [KEY]?: { members: Map<string, unknown> } })[KEY]?.members.keys() ?? [];
  for (const what of keys) pending.push({ where: "key", what });
  look();
  const found = leaked;
  clear();
  return found;
}

const KEY = Symbol.for("isopool.registry.3");

function printed(value: unknown): string {
  return `${String(value)} ${inspect(value, { depth: 8, maxArrayLength: 50, maxStringLength: 5_000 })}`;
}

function clear(): void {
  pending.length = 0;
  leaked = [];
  for (const where of ["error", "event", "line", "handle"] as const) counts[where] = 0;
  values.clear();
  texts.clear();
}
