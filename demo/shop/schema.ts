// The sample shop: a stationer's. Plain SQLite, so that any SQLite-like database takes it.

/** One statement each, in the order in which they run. */
export const shopSchema: readonly string[] = [
  `create table categories (
  id integer primary key,
  name text not null unique
)`,
  `create table products (
  id integer primary key,
  category_id integer not null references categories (id),
  name text not null unique,
  price_cents integer not null check (price_cents > 0),
  stock integer not null default 0 check (stock >= 0),
  added_on text not null
)`,
  `create table customers (
  id integer primary key,
  name text not null,
  email text not null unique,
  city text not null,
  country text not null,
  joined_on text not null
)`,
  `create table orders (
  id integer primary key,
  customer_id integer not null references customers (id) on delete cascade,
  ordered_at text not null,
  status text not null check (status in ('paid', 'shipped', 'delivered', 'returned'))
)`,
  `create table order_lines (
  order_id integer not null references orders (id) on delete cascade,
  line integer not null,
  product_id integer not null references products (id),
  quantity integer not null check (quantity > 0),
  price_cents integer not null,
  primary key (order_id, line)
)`,
  `create table reviews (
  id integer primary key,
  product_id integer not null references products (id) on delete cascade,
  customer_id integer not null references customers (id) on delete cascade,
  stars integer not null check (stars between 1 and 5),
  body text,
  written_on text not null,
  unique (product_id, customer_id)
)`,
  "create index products_by_category on products (category_id)",
  "create index orders_by_customer on orders (customer_id, ordered_at)",
  "create index order_lines_by_product on order_lines (product_id)",
  `create view order_totals as
select o.id as order_id, o.customer_id, o.ordered_at, o.status,
  count(*) as lines, sum(l.quantity * l.price_cents) as total_cents
from orders o join order_lines l on l.order_id = o.id
group by o.id`,
];
