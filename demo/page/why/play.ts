// One round of the workload, on one side: many orders at once, some of them with a card that is declined; and the books afterwards.

import { isDbError } from "../../../src/index.ts";
import type { ShopServer } from "./server.ts";

export type { ShopServer } from "./server.ts";

export interface Order {
  readonly customer: number;
  readonly cents: number;
  /** Aborts when its client leaves. */
  readonly signal: AbortSignal;
}

/** Places an order: its number, or the reason why not. `charge` takes the money from the card, which may be declined. */
export type Checkout = (order: Order, charge: () => Promise<void>) => Promise<number>;

export interface Counts {
  /** Orders that were tried. */
  readonly tried: number;
  /** Whose customer was told that it was placed. */
  readonly confirmed: number;
  /** Cards that were declined, as they should be. */
  readonly declined: number;
  /** Good orders whose customer was told of an error. */
  readonly failed: number;
  /** Whose customer was told nothing: it hangs. */
  readonly silent: number;
  readonly left: number;
  /** Reported as such: the answer to their COMMIT was lost. */
  readonly unknown: number;
  /** Confirmed, and not in the books. */
  readonly lost: number;
  /** In the books, and nobody was told so; or there twice. */
  readonly dirty: number;
  /** Money there is now beyond what there was; less, where it is below zero. */
  readonly madeUpCents: number;
  /** Connections in the middle of a transaction, with nobody there to end it. */
  readonly leaked: number;
  readonly roundTrips: number;
}

export const NO_COUNTS: Counts = {
  tried: 0,
  confirmed: 0,
  declined: 0,
  failed: 0,
  silent: 0,
  left: 0,
  unknown: 0,
  lost: 0,
  dirty: 0,
  madeUpCents: 0,
  leaked: 0,
  roundTrips: 0,
};

type Fate = "confirmed" | "declined" | "failed" | "silent" | "left" | "unknown";

const CENTS = 1_000;
const BALANCE = 100_000;
/** Every so many cards are declined. */
const DECLINED = 6;
const CARD_MS = 8;
/** Customers come one after another, as they do, */
const NEXT_MS = 9;
/**
 * and the last of them all at once, when whatever was broken is mended: what fails then fails by the code alone, whatever has become of
 * the orders before. The last card of all is declined.
 */
const RUSH = 6;
const MOST_ORDERS = 100;

export async function createBooks(server: ShopServer): Promise<void> {
  await server.ask("create table account (id integer primary key, cents integer not null)");
  await server.ask("create table orders (id integer primary key, customer integer not null, cents integer not null)");
  await server.ask(
    `with recursive c(i) as (select 0 union all select i + 1 from c where i < ${MOST_ORDERS}) insert into account select i, ${BALANCE} from c`,
  );
}

/** Orders at once, from the customers 1 to `sessions`. */
export class Round {
  readonly #server: ShopServer;
  readonly #order: Checkout;
  readonly #fates: (Fate | undefined)[];
  /** So many clients leave, each as soon as one is in the middle of a good order: where a Worker is, all that it runs ends with it. */
  leaving = 0;
  #firstTrip = 0;

  constructor(server: ShopServer, order: Checkout, sessions: number) {
    this.#server = server;
    this.#order = order;
    this.#fates = Array.from({ length: sessions }, () => undefined);
  }

  /** Ends when all orders have, or when those that are left have been silent for too long. @param patienceMs - how long that is. */
  async play(patienceMs: number): Promise<void> {
    this.#firstTrip = this.#server.roundTrips.length;
    const all = this.#all();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const patience = new Promise<void>((resolve) => (timer = setTimeout(resolve, patienceMs)));
    await Promise.race([all, patience]);
    clearTimeout(timer);
    this.#fates.forEach((fate, at) => (this.#fates[at] = fate ?? "silent"));
  }

  async #all(): Promise<void> {
    const first = Math.max(this.#fates.length - RUSH, 0);
    const orders = this.#fates.map(async (_, at) => {
      // Not in step, and the same in each round.
      const last = Math.min(at, first);
      await pause(last * NEXT_MS + ((last * 37) % 11));
      if (at >= first) await this.#server.up;
      await this.#one(at);
    });
    await Promise.all(orders);
  }

  /** As far as it is known while it goes on. */
  counts(): Counts {
    const count = (fate: Fate): number => this.#fates.filter((each) => each === fate).length;
    return {
      ...NO_COUNTS,
      tried: this.#fates.length,
      confirmed: count("confirmed"),
      declined: count("declined"),
      failed: count("failed"),
      silent: count("silent"),
      left: count("left"),
      unknown: count("unknown"),
      roundTrips: this.#server.roundTrips.length - this.#firstTrip,
    };
  }

  /** Looks into the books: at what is left when everybody has hung up. */
  async audit(): Promise<Counts> {
    const leaked = this.#server.inTransaction;
    await this.#server.closeAll();
    const [[sum] = [0]] = await this.#server.ask("select sum(cents) from account");
    const rows = await this.#server.ask("select customer, count(*) from orders group by customer");
    const placed = new Map(rows.map(([customer, orders]) => [Number(customer), Number(orders)]));
    let [lost, dirty] = [0, 0];
    for (const [at, fate] of this.#fates.entries()) {
      const orders = placed.get(at + 1) ?? 0;
      if (fate === "confirmed" && orders === 0) lost++;
      const most = fate === "confirmed" || fate === "unknown" ? 1 : 0;
      if (orders > most) dirty++;
    }
    return { ...this.counts(), lost, dirty, leaked, madeUpCents: Number(sum) - (MOST_ORDERS + 1) * BALANCE };
  }

  async #one(at: number): Promise<void> {
    const client = new AbortController();
    const gone = new Promise<"left">((resolve) => client.signal.addEventListener("abort", () => resolve("left")));
    const isDeclined = at % DECLINED === DECLINED - 1 || at === this.#fates.length - 1;
    const charge = async (): Promise<void> => {
      // Of those whose card is no good none leaves: what is sold is the same in each round.
      if (this.leaving > 0 && !isDeclined) {
        this.leaving--;
        client.abort(new Error("the client has left"));
      }
      await pause(CARD_MS + ((at * 29) % 17));
      // Where its client is gone the platform ends a request: no line of it runs any more, and no `finally`.
      if (client.signal.aborted) await new Promise(() => undefined);
      if (isDeclined) throw new Error("The card was declined.");
    };
    const placed = this.#order({ customer: at + 1, cents: CENTS, signal: client.signal }, charge);
    // Whose card is no good is to be refused, for whatever reason.
    const failed = (error: unknown): Fate => (isDeclined ? "declined" : fateOf(error));
    const fate = await Promise.race([placed.then(() => "confirmed" as const, failed), gone]);
    this.#fates[at] ??= fate;
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

function fateOf(error: unknown): Fate {
  return isDbError(error, "COMMIT_UNKNOWN") ? "unknown" : "failed";
}
