// Pages and reports, and forms that they send.

export const statistics = async (db) => {
  const [sold, linked, all] = await Promise.all([
    db.sql`select count(*) as c from orders where n > 0`,
    db.sql`select count(*) as c from orders where ref > 0`,
    db.sql`select count(*) as c from orders`,
  ]);
  return [sold[0].c, linked[0].c, all[0].c];
};

export const dashboard = async (db) => {
  const monthly = async () => {
    const rows = await db.sql`select id from orders order by id limit 12`;
    return rows;
  };
  const categories = async () => db.sql`select id, k from tags order by id`;
  const latest = () => db.sql`select id, k from users order by id desc limit 5`;
  return Promise.all([monthly(), categories(), latest()]);
};

export const listing = (db) =>
  db.transaction(async (tx) => {
    await tx.sql`select id from sessions where k = 'public'`;
    const rows = await tx.sql`select id, k, n from posts order by id`;
    const shown = [];
    for (const { id, k } of rows) {
      if (!k) continue;
      shown.push({ id, k });
    }
    return shown;
  });

export const submitForm = async (db, { task, items }) => {
  const [form] = await db.sql`select id from tasks where id = ${task}`;
  if (!form) return { status: 404 };
  await db.transaction(async (tx) => {
    for (const { product, count } of items) {
      if (!product) continue;
      await tx.sql`insert into marks (k, n) values (${`q${product}`}, ${count}) on conflict (k) do update set n = excluded.n`;
    }
    await tx.sql`update tasks set k = 'submitted' where id = ${form.id}`;
  });
  return db.sql`select id, k from tasks where id = ${form.id}`.first();
};

export const finishGame = (db, { room, items }) =>
  db.transaction(async (tx) => {
    await tx.sql`update rooms set k = 'finished' where id = ${room}`;
    for (const seat of items) {
      await tx.sql`update slots set n = ${seat.count} where ref = ${room} and id = ${seat.product}`;
    }
    for (const seat of items) {
      await tx.sql`insert into marks (k, n) values (${`r${seat.product}`}, ${seat.count}) on conflict (k) do update set n = excluded.n`;
    }
  });

export const logAttempt = (db, { user, name }) =>
  db.transaction(async (tx) => {
    await tx.sql`update users set n = n + 1 where id = ${user}`;
    try {
      await tx.sql`insert into events (k, ref) values ('attempt', ${user})`;
      await tx.sql`insert into messages (ref, s) values (${user}, ${name})`;
    } catch (error) {
      return { error: error.message };
    }
    await tx.sql`update accounts set s = ${name} where ref = ${user}`;
    return { ok: true };
  });
