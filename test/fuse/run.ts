// Runs a program as it was written and as it was fused, and compares what could be observed.

import * as abi from "../../src/fuse/runtime/abi.ts";
import { fuse as compile } from "../../src/fuse/transform/fuse.ts";
import { type Database, isDbError, type Session } from "../../src/index.ts";
import { parse } from "../carrier/kit.ts";
import { type Faults, Model } from "./model.ts";

export interface Fuse {
  readonly compile: typeof compile;
  readonly abi: object;
}

export const ours: Fuse = { compile, abi };

export interface Seen {
  readonly outcome: string;
  readonly journal: string;
  readonly log: string;
  readonly rows: string;
  readonly requests: number;
  readonly statements: number;
  readonly code: string | undefined;
}

type Main = (db: unknown, log: (value: unknown) => void, tick: () => Promise<void>) => Promise<unknown>;

const MOST_STEPS = 5_000;

export function load(text: string, given: object | undefined, tools: object): Main {
  const body = text
    .replace(/import\*as (\S+) from"isopool\/fuse-runtime";/, "const $1=$given;")
    .replace("export const main", "const main");
  // oxlint-disable-next-line typescript/no-implied-eval
  return new Function("$given", ...Object.keys(tools), `"use strict";${body}\nreturn main;`)(
    given,
    ...Object.values(tools),
  ) as Main;
}

export function fused(text: string, { compile: transform }: Fuse = ours): string {
  return transform(text, "program.js", { parse })?.code ?? text;
}

export async function run(main: (tools: object) => Main, faults: Faults): Promise<Seen> {
  const model = new Model(faults);
  const db = model.open();
  const lines: string[] = [];
  let steps = 0;
  const log = (value: unknown): void => {
    if (++steps > MOST_STEPS) throw new Error("a program does not end");
    lines.push(`${model.statements}: ${JSON.stringify(value)}`);
  };
  const each = function* (): Generator<number> {
    log("iterated");
    yield 1;
    log("iterated again");
    yield 2;
  };
  const tick = (): Promise<void> => Promise.resolve();
  let outcome: string;
  let code: string | undefined;
  try {
    outcome = `gives ${JSON.stringify(await main({ each })(aborted(db, model), log, tick))}`;
  } catch (error) {
    code = isDbError(error) ? error.code : "own";
    outcome = `throws ${(error as Error).message}`;
  }
  await db.dispose();
  return {
    outcome,
    journal: model.journal.join("\n"),
    log: lines.join("\n"),
    rows: JSON.stringify([...model.rows]),
    requests: model.requests,
    statements: model.statements,
    code,
  };
}

/** The same, whose sessions end with what hangs. */
function aborted(db: Database, { faults, aborting }: Model): object {
  if (!faults.lost?.when.startsWith("hung")) return db;
  const { signal } = aborting;
  type Run = (work: (tx: Session) => unknown, options?: object) => unknown;
  const run =
    (method: "session" | "transaction"): Run =>
    (work, options) =>
      (db[method] as Run).call(db, work, { ...options, signal });
  return { session: run("session"), transaction: run("transaction"), sql: db.sql, autocommit: db.autocommit };
}

const NAMES = ["outcome", "journal", "log", "rows"] as const;

/** @returns how a fused program differs from the one that it was made of; `undefined`: not at all. */
export async function differs(text: string, fuse: Fuse = ours): Promise<string | undefined> {
  // Two branches of one session ask in another order, and of a list that leaves with COMMIT, those behind one that failed do not
  // run: docs/fuse.md says so.
  const hasBranches = text.includes("allSettled");
  const isInOrder = !hasBranches && !text.includes("Promise.all(");
  const names = isInOrder ? NAMES : NAMES.filter((name) => name !== "journal");
  const shown = (seen: Seen, name: (typeof NAMES)[number]): string =>
    isInOrder ? seen[name] : seen[name].replaceAll(/^\d+: /gm, "");
  const made = fused(text, fuse);
  const plain = (tools: object): Main => load(text, undefined, tools);
  const other = (tools: object): Main => load(made, fuse.abi, tools);
  const whole = await run(plain, {});
  const first = await run(other, {});
  if (first.requests > whole.requests) return `${first.requests} requests, ${whole.requests} unfused`;
  const compared = async (faults: Faults): Promise<string | undefined> => {
    const [a, b] = [await run(plain, faults), await run(other, faults)];
    for (const name of names)
      if (shown(a, name) !== shown(b, name))
        return `${JSON.stringify(faults)}: ${name}:\n${a[name]}\n--- fused:\n${b[name]}`;
    return undefined;
  };
  const limit = hasBranches ? 0 : Math.min(whole.statements, 8);
  const all: Faults[] = [{}, { isSlow: true }, ...Array.from({ length: limit }, (_, at) => ({ failing: at + 1 }))];
  for (const faults of all) {
    const found = await compared(faults);
    if (found) return found;
  }
  return hasBranches ? undefined : lostOnes(plain, other, whole, first.requests);
}

const LOST = ["before", "after", "hung before", "hung after"] as const;

/** Most requests of a program that are lost, each in all ways. */
const MOST_LOST = 6;

/** With a request lost, it ends and stores what the program as written does with some request lost, or reports that it does not know. */
async function lostOnes(
  plain: (tools: object) => Main,
  other: (tools: object) => Main,
  whole: Seen,
  requests: number,
): Promise<string | undefined> {
  // A program that catches what was lost may go on as it likes.
  if (/caught|error|helper/.test(whole.outcome) || whole.code !== undefined || whole.log.includes("failed"))
    return undefined;
  const before = JSON.stringify([...new Model().rows]);
  const told = ({ code, rows }: Pick<Seen, "code" | "rows">): string => `${code ?? "done"}, stored: ${rows}`;
  const allowed = new Set([before, whole.rows].map((rows) => told({ code: "COMMIT_UNKNOWN", rows })));
  const lost = (main: (tools: object) => Main, request: number, when: (typeof LOST)[number]): Promise<Seen> =>
    run(main, { lost: { request, when } });
  for (let request = 1; request <= whole.requests; request++)
    for (const when of LOST) allowed.add(told(await lost(plain, request, when)));
  for (let request = 1; request <= Math.min(requests, MOST_LOST); request++)
    for (const when of LOST) {
      const seen = await lost(other, request, when);
      if (!allowed.has(told(seen))) return `request ${request} lost ${when}: ${told(seen)}; ${[...allowed].join("; ")}`;
    }
  return undefined;
}
