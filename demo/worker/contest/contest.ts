// The same orders, in the same isolate, on the code that people write and on isopool; and the books of both.

import { db } from "../database.ts";
import { HttpError, json } from "../http.ts";
import type { ContestBooks } from "../report.ts";
import { order as usual } from "./usual.ts";
import { order as ours } from "./with-isopool.ts";

/** Takes the money from the card, which may be declined. */
export type Charge = () => Promise<void>;

const SIDES = { usual, ours } as const;
const CUSTOMERS = 100;
const BALANCE = 100_000;
const CENTS = 1_000;
const CARD_MS = 10;

type Side = keyof typeof SIDES;

/** Places an order of the side that the path names: 201, or 402 where the card is declined. */
export async function place(path: string, params: URLSearchParams): Promise<Response> {
  const customer = Number(params.get("customer"));
  const isDeclined = params.has("declined") && customer % Number(params.get("declined")) === 0;
  if (!(Number.isInteger(customer) && customer >= 1 && customer <= CUSTOMERS))
    throw new HttpError(400, `Say \`customer\`, from 1 to ${CUSTOMERS}.`);
  await SIDES[sideOf(path)](customer, CENTS, async () => {
    await new Promise((resolve) => setTimeout(resolve, CARD_MS));
    if (isDeclined) throw new HttpError(402, "The card was declined.");
  });
  return json({ customer }, { status: 201 });
}

/** New books for both: in one session. */
export async function begin(): Promise<Response> {
  for (const side of Object.keys(SIDES))
    await db.batch([
      `drop table if exists ${side}_account, ${side}_orders`,
      `create table ${side}_account (id integer primary key, cents integer not null)`,
      `create table ${side}_orders (customer integer not null, cents integer not null)`,
      `insert into ${side}_account select i, ${BALANCE} from generate_series(0, ${CUSTOMERS}) as i`,
    ]);
  return json({}, { status: 201 });
}

export async function books(path: string): Promise<Response> {
  const side = sideOf(path);
  // The name is one of two.
  const [sums, orders, open] = await db.batch([
    `select cast(sum(cents) as bigint) as sum from ${side}_account`,
    `select customer, cast(count(*) as bigint) as orders from ${side}_orders group by customer`,
    `select cast(count(*) as bigint) as open from pg_stat_activity
     where state like 'idle in transaction%' and query like '%${side}\\_%'`,
  ]);
  return json({
    madeUpCents: Number(sums?.rows[0]?.["sum"]) - (CUSTOMERS + 1) * BALANCE,
    placed: (orders?.rows ?? []).map((row) => [Number(row["customer"]), Number(row["orders"])] as const),
    leaked: Number(open?.rows[0]?.["open"]),
  } satisfies ContestBooks);
}

function sideOf(path: string): Side {
  return path.endsWith("/usual") ? "usual" : "ours";
}
