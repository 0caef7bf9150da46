// The handlers of `../shop.mjs` as somebody writes them who counts round trips: the same statements, in the same order.

export const buy = (db, { product }) =>
  db.transaction(async (tx) => {
    const [left] = await tx.sql`select id, n from stock where ref = ${product} and n > 0`;
    if (!left) throw new Error("sold out");
    const [, { rows }] = await tx.commit(
      tx.sql`insert into orders (ref, n) values (${product}, 1)`,
      tx.sql`update stock set n = n - 1 where id = ${left.id}`,
    );
    return rows;
  });

export const checkOut = (db, { user, items, onCredit }) =>
  db.transaction(async (tx) => {
    let total = 0;
    let update;
    const lines = [];
    for (const { product, count } of items) {
      const [, [found]] = await Promise.all([update, tx.sql`select id, n from stock where id = ${product}`]);
      if (!found) throw new Error(`no product ${product}`);
      total += found.n * count;
      lines.push({ product, count });
      update = tx.sql`update stock set n = ${found.n - count} where id = ${product}`;
    }
    const [, [order]] = await Promise.all([
      update,
      tx.sql`insert into orders (ref, n) values (${user}, ${total}) returning id, n`,
    ]);
    await tx.commit(
      ...lines.map(
        ({ product, count }) =>
          tx.sql`insert into lines (ref, k, n) values (${order.id}, ${String(product)}, ${count})`,
      ),
      tx.sql`insert into ledger (k, ref, n) values ('purchase', ${user}, ${total})`,
      onCredit
        ? tx.sql`insert into ledger (k, ref, n) values ('credit', ${user}, ${total})`
        : tx.sql`update accounts set n = n - ${total} where id = ${user}`,
    );
    return order;
  });

export const importPrices = async (db, { items }) => {
  await db.transaction((tx) =>
    items.map(
      ({ product, count }) =>
        tx.sql`insert into prices (k, n) values (${`p${product}`}, ${count}) on conflict (k) do update set n = excluded.n`,
    ),
  );
};

export const payOut = async (db, { items }) => {
  const rows = await db.transaction((tx) =>
    items.map(
      ({ product, count }) =>
        tx.sql`insert into ledger (k, ref, n) values ('payout', ${product}, ${count}) returning id`,
    ),
  );
  return rows.map(([row]) => row);
};

export const changeTariff = (db, { name, price, fee }) =>
  db.transaction(async (tx) => {
    const [current] = await tx.sql`select id from prices where k = ${name}`;
    const link = (id) => tx.sql`insert into links (ref, n) values (${id}, ${fee})`;
    if (current) {
      const { id } = current;
      await tx.commit(
        tx.sql`update prices set n = ${price} where id = ${id}`,
        tx.sql`delete from links where ref = ${id}`,
        link(id),
      );
    } else {
      const [added] = await tx.sql`insert into prices (k, n) values (${name}, ${price}) returning id`;
      await tx.commit(link(added.id));
    }
  });

export const restock = (db, { items }) =>
  db.transaction(async (tx) => {
    const all = await Promise.all(
      items.map(({ product, count }) => tx.sql`update stock set n = n + ${count} where id = ${product}`.run()),
    );
    all.forEach(({ rowsAffected }, at) => {
      if (rowsAffected !== 1) throw new Error(`no product ${items[at].product}`);
    });
  });
