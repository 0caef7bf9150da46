// One side of the comparison, in a worker of its own: a server, the code that talks to it, and those who count.

import { loadEngine } from "../engine/load.ts";
import type { Fault, FromSide, Side, ToSide } from "./messages.ts";
import { type Checkout, createBooks, Round } from "./play.ts";
import { ShopServer } from "./server.ts";
import { createOrders as onOwnPool } from "./usual/own-pool.ts";
import { createOrders as onSharedClient } from "./usual/shared-client.ts";
import { createOrders as onIsopool } from "./with-isopool.ts";

/** An order that has not been answered for so long never will be. */
const PATIENCE_MS = 6_000;
const DOWN_MS = 150;
const TOLD_EVERY_MS = 60;

function tell(news: FromSide): void {
  postMessage(news);
}

interface Made {
  readonly order: Checkout;
  end(): Promise<void>;
}

function make(side: Side, on: ShopServer, max: number): Made {
  if (side === "client") return { order: onSharedClient(on), end: () => on.closeAll() };
  if (side === "pool") return { order: onOwnPool(on, { max }), end: () => on.closeAll() };
  const { db, order } = onIsopool(on, { max });
  return { order, end: () => db.dispose({ timeoutMs: 0 }).catch(() => undefined) };
}

async function play({ side, setting: { sessions, max, latencyMs }, faults }: ToSide): Promise<void> {
  await alone(side, latencyMs);
  const server = await ShopServer.start(await loadEngine());
  await createBooks(server);
  server.latencyMs = latencyMs;
  const { order, end } = make(side, server, max);
  const round = new Round(server, order, sessions);
  for (const fault of faults) strike(fault, server, round);
  const timer = setInterval(() => tell({ type: "counts", counts: round.counts(), isOver: false }), TOLD_EVERY_MS);
  await round.play(PATIENCE_MS + sessions * 4 * latencyMs);
  clearInterval(timer);
  const counts = await round.audit();
  await end();
  tell({ type: "counts", counts, isOver: true });
}

/** One order on a server of its own: for the picture of its round trips. */
async function alone(side: Side, latencyMs: number): Promise<void> {
  const own = await ShopServer.start(await loadEngine());
  await createBooks(own);
  own.latencyMs = Math.max(latencyMs, 20);
  const { order, end } = make(side, own, 1);
  // The connection is there before, on both sides: it is the order that is compared.
  const { signal } = new AbortController();
  const charge = (): Promise<void> => Promise.resolve();
  await order({ customer: 1, cents: 1, signal }, charge);
  const first = own.roundTrips.length;
  const from = performance.now();
  await order({ customer: 2, cents: 1, signal }, charge);
  tell({ type: "alone", roundTrips: own.roundTrips.slice(first), from });
  await end();
}

function strike(fault: Fault, server: ShopServer, round: Round): void {
  if (fault === "kill") server.faults.kill++;
  else if (fault === "lose-commit") server.faults.loseCommit++;
  else if (fault === "restart") void server.restart(DOWN_MS);
  else round.leaving++;
}

self.addEventListener("message", ({ data }: MessageEvent<ToSide>) => {
  play(data).catch((error: unknown) =>
    tell({ type: "problem", message: error instanceof Error ? error.message : String(error) }),
  );
});
