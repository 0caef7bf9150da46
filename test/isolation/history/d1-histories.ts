import { d1 } from "../../../src/adapters/d1/index.ts";
import { createDatabase } from "../../../src/index.ts";
import { seeded } from "../../kit/seeded.ts";
import { type Exchange, openOwnD1 } from "../../servers/d1/own-d1.ts";
import { Wire } from "../../servers/d1/wire.ts";
import type { Anomaly } from "./anomaly.ts";
import { check } from "./checker.ts";
import { committed, modesOf, run } from "./workload.ts";

export interface Played {
  readonly anomalies: readonly Anomaly[];
  readonly committed: number;
  /** Lent, or asked for, when all was over. */
  readonly held: number;
}

/** A small history of four sessions that meet, on a D1 of our own: which requests come when is drawn by lot, and so is what some of them lose. */
export async function playOnD1(seed: number, onExchange?: (exchange: Exchange) => void): Promise<Played> {
  const is = (prime: number, under: number): boolean => seed % prime < under;
  const wire = new Wire(seeded(-1 - seed));
  const own = openOwnD1({ wire, ...(onExchange && { onExchange }) });
  const db = createDatabase("d1:DB", { adapters: [d1(() => own.binding, { tryWrites: is(11, 2) })] });
  const history = await run(db, {
    seed,
    isolationLevel: "serializable",
    transactions: 12,
    clients: 4,
    ...modesOf(seed),
    setLosing: (isLosing) => (wire.losses = isLosing && is(5, 1) ? 6 : 0),
  });
  const { busy, waiting } = db.stats();
  await db.dispose();
  own.close();
  return { anomalies: check(history), committed: committed(history), held: busy + waiting };
}
