// The handlers of `../pages.mjs`, by hand.

// `dashboard` and `statistics` are as they are: nothing is to be won.

export const listing = async (db) => {
  const [, rows] = await db.transaction((tx) => [
    tx.sql`select id from sessions where k = 'public'`,
    tx.sql`select id, k, n from posts order by id`,
  ]);
  return rows.filter(({ k }) => k).map(({ id, k }) => ({ id, k }));
};

export const submitForm = async (db, { task, items }) => {
  const [form] = await db.sql`select id from tasks where id = ${task}`;
  if (!form) return { status: 404 };
  await db.transaction((tx) => [
    ...items
      .filter(({ product }) => product)
      .map(
        ({ product, count }) =>
          tx.sql`insert into marks (k, n) values (${`q${product}`}, ${count}) on conflict (k) do update set n = excluded.n`,
      ),
    tx.sql`update tasks set k = 'submitted' where id = ${form.id}`,
  ]);
  return db.sql`select id, k from tasks where id = ${form.id}`.first();
};

export const finishGame = async (db, { room, items }) => {
  await db.transaction((tx) => [
    tx.sql`update rooms set k = 'finished' where id = ${room}`,
    ...items.map((seat) => tx.sql`update slots set n = ${seat.count} where ref = ${room} and id = ${seat.product}`),
    ...items.map(
      (seat) =>
        tx.sql`insert into marks (k, n) values (${`r${seat.product}`}, ${seat.count}) on conflict (k) do update set n = excluded.n`,
    ),
  ]);
};

export const logAttempt = (db, { user, name }) =>
  db.transaction(async (tx) => {
    try {
      await Promise.all([
        tx.sql`update users set n = n + 1 where id = ${user}`,
        tx.sql`insert into events (k, ref) values ('attempt', ${user})`,
        tx.sql`insert into messages (ref, s) values (${user}, ${name})`,
      ]);
    } catch (error) {
      return { error: error.message };
    }
    await tx.commit(tx.sql`update accounts set s = ${name} where ref = ${user}`);
    return { ok: true };
  });
