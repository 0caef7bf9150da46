// What a visitor can send to the Worker, and what came of it in words.

import type { IsolateReport } from "../../worker/report.ts";
import { plural } from "../format.ts";
import { api, ApiError, type BurstAnswer, databases } from "./api.ts";
import { isolate } from "./isolate.ts";

export interface Action {
  readonly id: string;
  readonly title: string;
  readonly teaser: string;
  /** In its place on PostgreSQL, where a connection belongs to the request that opened it. */
  readonly onNeon?: string;
  /** Sends it; gives what came of it. */
  run(): Promise<string>;
}

const LIST = "/api/products?limit=5";
const CUSTOMER = 1;
/** An order dawdles for so long inside its transaction, and its client leaves after so long. */
const PAUSE_MS = 1_500;
const LEAVE_MS = 400;

export const actions: readonly Action[] = [
  {
    id: "one",
    title: "Send 1 request",
    teaser: "A list of products: one query, so one round trip.",
    run: () => send(1),
  },
  {
    id: "twenty",
    title: "Send 20 at once",
    teaser: "More requests than connections. Late ones wait, and none opens another connection.",
    onNeon: "Each has its own connection, as the platform requires: one HTTP request, and no socket.",
    run: () => send(20),
  },
  {
    id: "hundred",
    title: "Send 100 at once",
    teaser: "The queue is longer. The streams are the same.",
    onNeon: "Still one HTTP request each, and no socket.",
    run: () => send(100),
  },
  {
    id: "fail",
    title: "Send one that fails",
    teaser: "An order for two products, with more of the second than in stock. The first must be back in stock.",
    run: fail,
  },
  {
    id: "leave",
    title: "Send one and leave",
    teaser: "An order whose client disconnects during its transaction.",
    run: leave,
  },
];

async function send(count: number): Promise<string> {
  const before = isolate.report;
  const { answers } = await isolate.watch(() => api.burst(count, LIST));
  const after = isolate.report;
  if (!before || !after) return isolate.absence;
  const waits = (after.host ?? after.pool).waits - (before.host ?? before.pool).waits;
  const flights = after.pool.flights - before.pool.flights;
  return [
    `${plural(count, "request")} in ${plural(flights, "flight")}: ${told(answers)}.`,
    // On PostgreSQL each has its own.
    ...(api.database === databases.neon ? [] : [`${waits === 0 ? "None" : waits} waited for a connection.`]),
    openings(before, after),
  ].join(" ");
}

function openings(before: IsolateReport, after: IsolateReport): string {
  const [noun, was, is] =
    api.database === databases.neon
      ? ["socket", before.sockets, after.sockets]
      : after.host && before.host
        ? ["connection", before.host.opened, after.host.opened]
        : ["stream", before.pool.opened, after.pool.opened];
  return `${plural(is - was, noun)} opened, ${is} since the isolate began.`;
}

function told(answers: readonly BurstAnswer[]): string {
  const failed = answers.filter(({ status }) => status !== 200).length;
  const slowest = Math.max(...answers.map(({ ms }) => ms));
  return `${failed === 0 ? "all were answered" : `${failed} failed`}, the last after ${Math.round(slowest)} ms`;
}

/** Something that is on the shelf, and something that is not in that number. */
async function twoProducts(): Promise<{ id: number; name: string; stock: number }[]> {
  const { products } = await api.products({ limit: "100" });
  const [full] = products.filter(({ stock }) => stock > 1).toSorted((a, b) => b.stock - a.stock);
  const short = products.find(({ id, stock }) => stock < 99 && id !== full?.id);
  return [full, short].filter((product) => product !== undefined);
}

async function stockOf(name: string): Promise<number | undefined> {
  return (await api.products({ search: name, limit: "1" })).products[0]?.stock;
}

async function fail(): Promise<string> {
  return isolate.watch(async () => {
    const [first, second] = await twoProducts();
    if (!first || !second) return "The shop is sold out: restart it.";
    const lines = [
      { productId: first.id, quantity: 1 },
      { productId: second.id, quantity: 99 },
    ];
    const refusal = await api.order({ customerId: CUSTOMER, lines }).then(
      () => "It succeeded, though it should have failed.",
      (error: unknown) => (error instanceof ApiError ? `${error.status}: ${error.message}` : String(error)),
    );
    return `${refusal} ${shelf(first.name, first.stock, await stockOf(first.name))}`;
  });
}

async function leave(): Promise<string> {
  return isolate.watch(async () => {
    const [first] = await twoProducts();
    if (!first) return "The shop is sold out: restart it.";
    const before = isolate.report?.sessions.aborted ?? 0;
    const lines = [{ productId: first.id, quantity: 1 }];
    const client = new AbortController();
    const order = api.order({ customerId: CUSTOMER, lines, pauseMs: PAUSE_MS }, client.signal);
    const timer = setTimeout(() => client.abort(), LEAVE_MS);
    const isAnswered = await order.then(
      () => true,
      () => false,
    );
    clearTimeout(timer);
    if (isAnswered) return "It was answered before its client could disconnect.";
    await until(async () => {
      await isolate.refresh();
      return (isolate.report?.sessions.aborted ?? 0) > before;
    });
    const isSeen = (isolate.report?.sessions.aborted ?? 0) > before;
    const how = isSeen ? "The isolate noticed, and rolled back." : "The isolate has not noticed.";
    return `The client disconnected after ${LEAVE_MS} ms. ${how} ${shelf(first.name, first.stock, await stockOf(first.name))}`;
  });
}

function shelf(name: string, before: number, after: number | undefined): string {
  return `“${name}”: ${before} in stock before, ${after ?? "?"} after.`;
}

/** Waits for what comes soon or not at all. */
async function until(isSo: () => Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 30 && !(await isSo()); tries++) await new Promise((resolve) => setTimeout(resolve, 100));
}
