// The handlers of `../ledger.mjs`, by hand.

const digest = (...parts) => parts.join("/");

export const transfer = async (db, { user, peer }) => {
  await db.transaction((tx) => [
    tx.sql`update accounts set n = n - 10 where id = ${user}`,
    tx.sql`update accounts set n = n + 10 where id = ${peer}`,
    tx.sql`insert into ledger (k, ref, n) values ('transfer', ${user}, 10)`,
  ]);
};

export const doubleEntry = (db, { user, price }) =>
  db.transaction(async (tx) => {
    const [last] = await tx.sql`select k from ledger where ref = ${user} order by id desc limit 1`;
    const key = digest(user, last?.k ?? null, price);
    const [entry] = await tx.sql`insert into ledger (k, ref, n) values (${key}, ${user}, ${price}) returning id`;
    await tx.commit(
      tx.sql`insert into lines (k, ref, n) values ('main', ${entry.id}, ${price})`,
      tx.sql`insert into lines (k, ref, n) values ('settlement', ${entry.id}, ${-price})`,
    );
    return { ok: true, entry };
  });

export const grant = async (db, { user }) => {
  const [plan] = await db.sql`select id, n from accounts where id = ${user}`;
  if (!plan) return null;
  const [, rows] = await db.transaction((tx) => [
    tx.sql`update users set n = ${plan.n} where id = ${user}`,
    tx.sql`update accounts set n = 0 where id = ${plan.id} returning id`,
  ]);
  return rows;
};

export const move = async (db, { user, room, onCredit }) => {
  const [player] = await db.sql`select id, ref from users where id = ${user}`;
  const [game] = await db.sql`select k from rooms where id = ${player?.ref ?? room}`;
  const title = game?.k ?? null;
  await db.transaction(async (tx) => {
    const [, [made]] = await Promise.all([
      tx.sql`update rooms set k = 'moved' where id = ${room}`,
      tx.sql`insert into events (k, ref, n) values ('move', ${user}, 4) returning id`,
    ]);
    await tx.commit(
      ...(onCredit ? [tx.sql`insert into ledger (k, ref, n) values ('bonus', ${made.id}, 3)`] : []),
      tx.sql`update users set n = n + 3 where id = ${user}`,
      tx.sql`insert into events (k, ref, s) values ('passed', ${user}, ${title}), ('done', ${user}, ${title})`,
    );
  });
};

export const statement = async (db, { user, name }) => {
  const [, , rows] = await db.transaction((tx) => [
    tx.sql`select id from users where k = ${name}`,
    tx.sql`select id from accounts where ref = ${user}`,
    tx.sql`select id, n from ledger where ref = ${user} order by id`,
  ]);
  return rows;
};

export const approve = (db, { order, onCredit }) =>
  db.transaction(async (tx) => {
    const found = await tx.sql`select id, n from orders where id = ${order}`;
    if (found.length === 0) return { status: 404 };
    await tx.commit(
      tx.sql`update orders set k = ${onCredit ? "approved" : "rejected"} where id = ${order}`,
      tx.sql`insert into events (k, ref, n) values ('approval', ${order}, ${found[0].n})`,
    );
    return { status: 200 };
  });

export const openAccount = (db, { name, user }) =>
  db.transaction(async (tx) => {
    const [, [account]] = await Promise.all([
      tx.sql`update users set k = ${name} where id = ${user}`,
      tx.sql`insert into accounts (k, ref) values (${name}, ${user}) returning id`,
    ]);
    await tx.commit(tx.sql`insert into events (k, ref, s) values ('open', ${user}, ${`account ${account.id}`})`);
    return account;
  });
