// The sample shop's rows: made from a seed, the same on every machine, and whole in their references.

import { createRandom, type Random } from "./random.ts";
import { cities, firstNames, lastNames, opinions, ranges } from "./words.ts";

export type Cell = string | number | null;

/** Rows of one table; tables come in an order in which every reference finds its target. */
export interface TableRows {
  readonly table: string;
  readonly columns: readonly string[];
  readonly rows: readonly (readonly Cell[])[];
}

const CUSTOMERS = 420;
const ORDERS = 1_650;
const REVIEWS = 780;
const OPENED = Date.UTC(2025, 0, 2);
const DAYS = 540;
const DAY_MS = 86_400_000;
/** How likely an order is, by month from 0; 0.5 where none is given. */
const SEASON: Readonly<Record<number, number>> = { 6: 0.35, 7: 0.35, 10: 0.8, 11: 1 };
const STATUS = ["delivered", "delivered", "delivered", "delivered", "shipped", "returned"];

/** About 7,000 rows in six tables. */
export function shopRows(seed = 1867): TableRows[] {
  const random = createRandom(seed);
  const products = makeProducts(random);
  const customers = makeCustomers(random);
  const orders = makeOrders(random, customers);
  const lines = makeLines(random, orders, products);
  return [
    { table: "categories", columns: ["id", "name"], rows: ranges.map(({ category }, at) => [at + 1, category]) },
    { table: "products", columns: ["id", "category_id", "name", "price_cents", "stock", "added_on"], rows: products },
    { table: "customers", columns: ["id", "name", "email", "city", "country", "joined_on"], rows: customers },
    { table: "orders", columns: ["id", "customer_id", "ordered_at", "status"], rows: orders },
    { table: "order_lines", columns: ["order_id", "line", "product_id", "quantity", "price_cents"], rows: lines },
    {
      table: "reviews",
      columns: ["id", "product_id", "customer_id", "stars", "body", "written_on"],
      rows: makeReviews(random, orders, lines),
    },
  ];
}

/** The `insert` that one row of `rows` fits; placeholders are `?`, or with `$` numbered. */
export function insertText({ table, columns }: TableRows, placeholder: "?" | "$" = "?"): string {
  const places = columns.map((_, at) => (placeholder === "?" ? "?" : `$${at + 1}`));
  return `insert into ${table} (${columns.join(", ")}) values (${places.join(", ")})`;
}

function makeProducts(random: Random): Cell[][] {
  const rows: Cell[][] = [];
  for (const [at, { goods, variants }] of ranges.entries()) {
    for (const [name, from, to] of goods) {
      for (const variant of variants) {
        const price = Math.round(random.between(from, to) / 10) * 10;
        rows.push([
          rows.length + 1,
          at + 1,
          `${name}, ${variant}`,
          price,
          random.between(0, 240),
          date(random.between(0, 90)),
        ]);
      }
    }
  }
  return rows;
}

function makeCustomers(random: Random): Cell[][] {
  const taken = new Map<string, number>();
  const days = Array.from({ length: CUSTOMERS }, () => Math.floor(random.next() ** 1.5 * (DAYS - 30)));
  days.sort((a, b) => a - b);
  return days.map((day, at) => {
    const [first, last] = [random.pick(firstNames), random.pick(lastNames)];
    const box = `${first}.${last}`.toLowerCase();
    const count = (taken.get(box) ?? 0) + 1;
    taken.set(box, count);
    const [city, country] = random.pick(cities, 1.3);
    return [at + 1, `${first} ${last}`, `${box}${count > 1 ? count : ""}@example.com`, city, country, date(day)];
  });
}

function makeOrders(random: Random, customers: readonly Cell[][]): Cell[][] {
  const times = Array.from({ length: ORDERS }, () => orderTime(random)).sort((a, b) => a - b);
  return times.map((time, at) => {
    const orderedAt = new Date(time).toISOString().slice(0, 19).replace("T", " ");
    const known = customers.filter((customer) => (customer[5] as string) <= orderedAt);
    const isRecent = time > OPENED + (DAYS - 12) * DAY_MS;
    const status = isRecent ? random.pick(["paid", "shipped"]) : random.pick(STATUS, 1.6);
    // Skewed: some customers order often, and many once or never.
    return [at + 1, random.pick(known, 1.4)[0] as number, orderedAt, status];
  });
}

/** The shop grows, and sells most before the holidays. */
function orderTime(random: Random): number {
  for (;;) {
    const day = random.between(3, DAYS - 1);
    const month = new Date(OPENED + day * DAY_MS).getUTCMonth();
    const season = SEASON[month] ?? 0.5;
    if (random.next() < season * (0.5 + (0.5 * day) / DAYS)) {
      return OPENED + day * DAY_MS + random.between(7 * 3600, 22 * 3600) * 1000;
    }
  }
}

function makeLines(random: Random, orders: readonly Cell[][], products: readonly Cell[][]): Cell[][] {
  const shelf = random.shuffle(products);
  return orders.flatMap(([order]) => {
    const count = random.pick([1, 2, 3, 4, 5], 1.5);
    const chosen = new Set(Array.from({ length: count }, () => random.pick(shelf, 1.8)));
    return [...chosen].map(([product, , , price], at): Cell[] => {
      return [order as number, at + 1, product as number, random.pick([1, 2, 3, 5], 2.2), price as number];
    });
  });
}

/** Customers review what they bought, some days later. */
function makeReviews(random: Random, orders: readonly Cell[][], lines: readonly Cell[][]): Cell[][] {
  const rows = new Map<string, Cell[]>();
  while (rows.size < REVIEWS) {
    const [order, , product] = random.pick(lines) as number[];
    const [, customer, orderedAt] = orders[(order as number) - 1] as Cell[];
    const stars = random.pick([5, 4, 3, 2, 1], 1.9);
    const body = random.next() < 0.7 ? random.pick(opinions[stars - 1] as readonly string[]) : null;
    const writtenOn = date((Date.parse((orderedAt as string).slice(0, 10)) - OPENED) / DAY_MS + random.between(3, 25));
    const key = `${product}/${customer}`;
    if (!rows.has(key)) rows.set(key, [rows.size + 1, product as number, customer as number, stars, body, writtenOn]);
  }
  return [...rows.values()];
}

function date(day: number): string {
  return new Date(OPENED + day * DAY_MS).toISOString().slice(0, 10);
}
