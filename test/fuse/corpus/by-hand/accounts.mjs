// The handlers of `../accounts.mjs`, by hand.

export const resetByMail = async (db, { user, name }) => {
  const [found] = await db.sql`select id, k from users where id = ${user}`;
  if (!found) return null;
  const token = `reset-${name}`;
  await db.transaction((tx) => [
    tx.sql`delete from tokens where ref = ${user}`,
    tx.sql`insert into tokens (k, ref) values (${token}, ${user})`,
  ]);
  return { token };
};

export const deleteUser = async (db, { user, name, onCredit }) => {
  await db.transaction((tx) => [
    tx.sql`delete from sessions where ref = ${user}`,
    tx.sql`delete from tokens where ref = ${user}`,
    tx.sql`delete from messages where ref = ${user}`,
    tx.sql`delete from bookings where ref = ${user}`,
    tx.sql`delete from links where ref = ${user} or k = ${name}`,
    onCredit ? tx.sql`update users set s = 'gone' where id = ${user}` : tx.sql`delete from users where id = ${user}`,
  ]);
};

export const setPassword = async (db, { token }) => {
  const [found] = await db.sql`select id, ref from tokens where id = ${token} limit 1`;
  if (!found) return { status: 400 };
  await db.transaction((tx) => [
    tx.sql`update users set s = 'secret' where id = ${found.ref}`,
    tx.sql`update tokens set n = 1 where id = ${found.id}`,
    tx.sql`delete from sessions where ref = ${found.ref}`,
  ]);
  return { status: 200 };
};

export const signOutEverywhere = async (db, { user }) => {
  await db.transaction((tx) => [
    tx.sql`update accounts set s = 'hash' where ref = ${user}`,
    tx.sql`update users set n = 1 where id = ${user}`,
    tx.sql`delete from tokens where ref = ${user}`,
    tx.sql`delete from sessions where ref = ${user}`,
  ]);
};

export const register = async (db, { name }) => {
  const taken = await db.sql`select id from users where k = ${`new ${name}`}`.first();
  if (taken) throw new Error("that name is taken");
  return db.transaction(async (tx) => {
    const [user] = await tx.sql`insert into users (k) values (${`new ${name}`}) returning id`;
    const [
      {
        rows: [account],
      },
    ] = await tx.commit(
      tx.sql`insert into accounts (k, ref) values (${name}, ${user.id}) returning id`,
      tx.sql`insert into links (k, ref) values ('member', ${user.id})`,
      tx.sql`insert into ledger (k, ref, n) values ('grant', ${user.id}, 100)`,
      tx.sql`insert into events (k, ref) values ('joined', ${user.id})`,
    );
    return { user, account };
  });
};

export const addUser = async (db, { name }) => {
  const [{ id }] = await db.transaction((tx) => tx.sql`insert into users (k) values (${`added ${name}`}) returning id`);
  return db.sql`select id, k from users where id = ${id}`.first();
};

export const renameTask = (db, { user, task, name }) =>
  db.transaction(async (tx) => {
    const [found] = await tx.sql`select id, ref from tasks where id = ${task}`;
    if (!found) throw new Error("no task");
    if (found.ref !== user) throw new Error("not yours");
    return (await tx.commit(tx.sql`update tasks set s = ${name} where id = ${task} returning id`))[0].rows;
  });

export const invite = (db, { user, room, name }) =>
  db.transaction(async (tx) => {
    const owner = (await tx.sql`select ref from rooms where id = ${room}`)[0]?.ref;
    if (owner !== user) throw new Error("not yours");
    const [
      ,
      {
        rows: [made],
      },
    ] = await tx.commit(
      tx.sql`delete from tokens where k = ${name}`,
      tx.sql`insert into tokens (k, ref) values (${name}, ${room}) returning id, k`,
      tx.sql`insert into events (k, ref) values ('invited', ${room})`,
    );
    return { id: made.id, link: `/join/${made.k}` };
  });
