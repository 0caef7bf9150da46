// Things to try on the sample shop.

export interface Example {
  readonly title: string;
  readonly sql: string;
}

export const examples: readonly Example[] = [
  {
    title: "Revenue by month",
    sql: `select substr(ordered_at, 1, 7) as month,
  count(*) as orders,
  sum(total_cents) / 100 as revenue
from order_totals
where status <> 'returned'
group by month
order by month;`,
  },
  {
    title: "Best customers",
    sql: `select c.name, c.city, count(*) as orders, sum(t.total_cents) / 100.0 as spent
from customers c join order_totals t on t.customer_id = c.id
group by c.id
order by spent desc
limit 20;`,
  },
  {
    title: "Best-rated products",
    sql: `select p.name, round(avg(r.stars), 2) as rating, count(*) as reviews
from reviews r join products p on p.id = r.product_id
group by p.id having count(*) >= 8
order by rating desc, reviews desc
limit 15;`,
  },
  {
    title: "Several statements, one session",
    sql: `-- Both happen, or neither does.
update products set stock = stock - 1 where id = 7;

insert into orders (customer_id, ordered_at, status)
select 42, datetime(max(ordered_at), '+1 day'), 'paid' from orders
returning id, customer_id, ordered_at;`,
  },
  {
    title: "An error undoes everything",
    sql: `delete from reviews where stars < 3;

-- No such table: the reviews above come back.
delete from complaints;

select count(*) from reviews;`,
  },
  {
    title: "A misspelt word, and where it is",
    sql: `select name, price_cents
from products
where price_cents > 1000
ordr by price_cents desc;`,
  },
  {
    title: "Running total with a window function",
    sql: `with months as (
  select substr(ordered_at, 1, 7) as month, sum(total_cents) / 100 as revenue
  from order_totals group by 1
)
select month, revenue, sum(revenue) over (order by month) as so_far
from months;`,
  },
];
