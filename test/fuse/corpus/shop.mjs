// Orders, stock and prices. A handler is given a database and its request: see `request.ts`.

export const buy = (db, { product }) =>
  db.transaction(async (tx) => {
    const [left] = await tx.sql`select id, n from stock where ref = ${product} and n > 0`;
    if (!left) throw new Error("sold out");
    await tx.sql`insert into orders (ref, n) values (${product}, 1)`;
    return tx.sql`update stock set n = n - 1 where id = ${left.id}`;
  });

export const checkOut = (db, { user, items, onCredit }) =>
  db.transaction(async (tx) => {
    let total = 0;
    const lines = [];
    for (const { product, count } of items) {
      const [found] = await tx.sql`select id, n from stock where id = ${product}`;
      if (!found) throw new Error(`no product ${product}`);
      total += found.n * count;
      lines.push({ product, count });
      await tx.sql`update stock set n = ${found.n - count} where id = ${product}`;
    }
    const [order] = await tx.sql`insert into orders (ref, n) values (${user}, ${total}) returning id, n`;
    for (const { product, count } of lines) {
      await tx.sql`insert into lines (ref, k, n) values (${order.id}, ${String(product)}, ${count})`;
    }
    await tx.sql`insert into ledger (k, ref, n) values ('purchase', ${user}, ${total})`;
    if (onCredit) {
      await tx.sql`insert into ledger (k, ref, n) values ('credit', ${user}, ${total})`;
    } else {
      await tx.sql`update accounts set n = n - ${total} where id = ${user}`;
    }
    return order;
  });

export const importPrices = (db, { items }) =>
  db.transaction(async (tx) => {
    for (const { product, count } of items) {
      await tx.sql`insert into prices (k, n) values (${`p${product}`}, ${count}) on conflict (k) do update set n = excluded.n`;
    }
  });

export const payOut = (db, { items }) =>
  db.transaction(async (tx) => {
    const transfers = [];
    for (const { product, count } of items) {
      const [transfer] =
        await tx.sql`insert into ledger (k, ref, n) values ('payout', ${product}, ${count}) returning id`;
      transfers.push(transfer);
    }
    return transfers;
  });

export const changeTariff = (db, { name, price, fee }) =>
  db.transaction(async (tx) => {
    let id;
    const [current] = await tx.sql`select id from prices where k = ${name}`;
    if (current) {
      await tx.sql`update prices set n = ${price} where id = ${current.id}`;
      id = current.id;
      await tx.sql`delete from links where ref = ${current.id}`;
    } else {
      const [added] = await tx.sql`insert into prices (k, n) values (${name}, ${price}) returning id`;
      id = added.id;
    }
    await tx.sql`insert into links (ref, n) values (${id}, ${fee})`;
  });

export const restock = (db, { items }) =>
  db.transaction(async (tx) => {
    for (const { product, count } of items) {
      const changed = await tx.sql`update stock set n = n + ${count} where id = ${product}`.run();
      if (changed.rowsAffected !== 1) throw new Error(`no product ${product}`);
    }
  });
