// The shop: what is asked of the database, in the session that is current. In the SQL that SQLite and PostgreSQL share.

import { db } from "./database.ts";
import { HttpError } from "./http.ts";
import type { OrderInput, ProductQuery } from "./input.ts";
import type { Order, OrderLine, Product, ProductList, SalesReport } from "./report.ts";

/** Products by id, a page at a time: one query, one flight. */
export async function listProducts({ search, category, limit, after }: ProductQuery): Promise<ProductList> {
  const pattern = `%${search.toLowerCase().replace(/[\\%_]/g, String.raw`\$&`)}%`;
  const products = await db.sql<Product>`
    select p.id, p.name, c.name as category, p.price_cents as "priceCents", p.stock
    from products p join categories c on c.id = p.category_id
    where p.id > ${after} and lower(p.name) like ${pattern} escape '\\' and (${category} = '' or c.name = ${category})
    order by p.id limit ${limit + 1}`;
  const page = products.slice(0, limit);
  return { products: page, next: products.length > limit ? (page.at(-1)?.id ?? null) : null };
}

export async function listCategories(): Promise<{ categories: string[] }> {
  const rows = await db.sql<{ name: string }>`select name from categories order by id`;
  return { categories: rows.map(({ name }) => name) };
}

export async function findOrder(id: number): Promise<Order> {
  // Asked in the same tick: they travel in one flight.
  const [orders, lines] = await Promise.all([
    db.sql<Omit<Order, "lines" | "totalCents">>`
      select o.id, c.name as customer, o.ordered_at as "orderedAt", o.status
      from orders o join customers c on c.id = o.customer_id where o.id = ${id}`,
    db.sql<OrderLine>`
      select p.name as product, l.quantity, l.price_cents as "priceCents"
      from order_lines l join products p on p.id = l.product_id where l.order_id = ${id} order by l.line`,
  ]);
  const [order] = orders;
  if (!order) throw new HttpError(404, `There is no order ${id}.`);
  return { ...order, lines, totalCents: lines.reduce((sum, line) => sum + line.quantity * line.priceCents, 0) };
}

/**
 * Places an order, in two flights: stock and order together with BEGIN, then the lines together with COMMIT. What throws in
 * between is rolled back by the session that the request is in.
 */
export async function placeOrder({
  customerId,
  lines,
  pauseMs,
}: OrderInput): Promise<{ id: number; totalCents: number }> {
  const orderedAt = new Date().toISOString().slice(0, 19).replace("T", " ");
  if (db.capabilities?.writesAtCommit) return placeOrderAtCommit({ customerId, lines, pauseMs }, orderedAt);
  // Each order takes from the shelves in the same order: no two wait for each other.
  const picked = lines.toSorted((a, b) => a.productId - b.productId);
  const [orders, ...taken] = await Promise.all([
    db.sql<{ id: number }>`
      insert into orders (customer_id, ordered_at, status)
      select id, ${orderedAt}, 'paid' from customers where id = ${customerId} returning id`,
    ...picked.map(
      ({ productId, quantity }) => db.sql<{ priceCents: number }>`
        update products set stock = stock - ${quantity}
        where id = ${productId} and stock >= ${quantity} returning price_cents as "priceCents"`,
    ),
  ]);
  const [order] = orders;
  if (!order) throw new HttpError(404, `There is no customer ${customerId}.`);
  const short = taken.findIndex((rows) => rows.length === 0);
  if (short >= 0) throw await shortage(picked[short]!);
  if (pauseMs > 0) await new Promise((resolve) => setTimeout(resolve, pauseMs));
  const sold = lines.map((line) => ({ ...line, priceCents: taken[picked.indexOf(line)]![0]!.priceCents }));
  const insertions = sold.map(
    ({ productId, quantity, priceCents }, at) => db.sql`
      insert into order_lines (order_id, line, product_id, quantity, price_cents)
      values (${order.id}, ${at + 1}, ${productId}, ${quantity}, ${priceCents})`,
  );
  await db.commit(...insertions);
  return { id: order.id, totalCents: sold.reduce((sum, { quantity, priceCents }) => sum + quantity * priceCents, 0) };
}

/** The same where writes leave at COMMIT, as on D1: it reads first, decides by that, and sends all of them with the commit. */
async function placeOrderAtCommit(
  { customerId, lines, pauseMs }: OrderInput,
  orderedAt: string,
): Promise<{ id: number; totalCents: number }> {
  const [customers, ...found] = await Promise.all([
    db.sql`select id from customers where id = ${customerId}`,
    ...lines.map(
      ({ productId }) => db.sql<{ stock: number; priceCents: number }>`
        select stock, price_cents as "priceCents" from products where id = ${productId}`,
    ),
  ]);
  if (customers.length === 0) throw new HttpError(404, `There is no customer ${customerId}.`);
  const short = lines.findIndex(({ quantity }, at) => (found[at]![0]?.stock ?? -1) < quantity);
  if (short >= 0) throw await shortage(lines[short]!);
  if (pauseMs > 0) await new Promise((resolve) => setTimeout(resolve, pauseMs));
  const sold = lines.map((line, at) => ({ ...line, priceCents: found[at]![0]!.priceCents }));
  const [order] = await db.commit(
    db.sql`insert into orders (customer_id, ordered_at, status) values (${customerId}, ${orderedAt}, 'paid') returning id`,
    ...sold.map(
      ({ productId, quantity }) => db.sql`update products set stock = stock - ${quantity} where id = ${productId}`,
    ),
    ...sold.map(
      ({ productId, quantity, priceCents }, at) => db.sql`
        insert into order_lines (order_id, line, product_id, quantity, price_cents)
        select max(id), ${at + 1}, ${productId}, ${quantity}, ${priceCents} from orders`,
    ),
  );
  return {
    id: Number(order.rows[0]!["id"]),
    totalCents: sold.reduce((sum, { quantity, priceCents }) => sum + quantity * priceCents, 0),
  };
}

async function shortage({ productId, quantity }: OrderInput["lines"][number]): Promise<HttpError> {
  const product = await db.sql<Pick<Product, "name" | "stock">>`
    select name, stock from products where id = ${productId}`.first();
  if (!product) return new HttpError(404, `There is no product ${productId}.`);
  return new HttpError(409, `${quantity} of “${product.name}” were ordered, but only ${product.stock} are left.`);
}

// PostgreSQL's sums of bigint are numeric, which comes as text: they are cast.
/** What was sold, by category: a list, so that both answers come in one flight. */
export async function salesReport(): Promise<SalesReport> {
  const [categories, orders] = await db.batch([
    db.sql`
      select c.name as category, cast(sum(l.quantity) as bigint) as sold,
        cast(sum(l.quantity * l.price_cents) as bigint) as "revenueCents"
      from order_lines l join products p on p.id = l.product_id join categories c on c.id = p.category_id
      group by c.id, c.name order by 3 desc`,
    db.sql`select count(*) as orders from orders`,
  ]);
  const rows = (categories?.rows ?? []) as unknown as SalesReport["categories"];
  return {
    categories: rows,
    orders: Number(orders?.rows[0]?.["orders"] ?? 0),
    revenueCents: rows.reduce((sum, { revenueCents }) => sum + revenueCents, 0),
  };
}
