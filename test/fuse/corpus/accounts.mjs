// People: how they come, prove who they are, and go.

export const resetByMail = async (db, { user, name }) => {
  const [found] = await db.sql`select id, k from users where id = ${user}`;
  if (!found) return null;
  const token = `reset-${name}`;
  await db.transaction(async (tx) => {
    await tx.sql`delete from tokens where ref = ${user}`;
    await tx.sql`insert into tokens (k, ref) values (${token}, ${user})`;
  });
  return { token };
};

export const deleteUser = (db, { user, name, onCredit }) =>
  db.transaction(async (tx) => {
    await tx.sql`delete from sessions where ref = ${user}`;
    await tx.sql`delete from tokens where ref = ${user}`;
    await tx.sql`delete from messages where ref = ${user}`;
    await tx.sql`delete from bookings where ref = ${user}`;
    await tx.sql`delete from links where ref = ${user} or k = ${name}`;
    if (onCredit) {
      await tx.sql`update users set s = 'gone' where id = ${user}`;
    } else {
      await tx.sql`delete from users where id = ${user}`;
    }
  });

export const setPassword = async (db, { token }) => {
  const [found] = await db.sql`select id, ref from tokens where id = ${token} limit 1`;
  if (!found) return { status: 400 };
  await db.transaction(async (tx) => {
    await tx.sql`update users set s = 'secret' where id = ${found.ref}`;
    await tx.sql`update tokens set n = 1 where id = ${found.id}`;
    await tx.sql`delete from sessions where ref = ${found.ref}`;
  });
  return { status: 200 };
};

export const signOutEverywhere = (db, { user }) =>
  db.transaction(async (tx) => {
    await tx.sql`update accounts set s = 'hash' where ref = ${user}`;
    await tx.sql`update users set n = 1 where id = ${user}`;
    await tx.sql`delete from tokens where ref = ${user}`;
    await tx.sql`delete from sessions where ref = ${user}`;
  });

export const register = async (db, { name }) => {
  const taken = await db.sql`select id from users where k = ${`new ${name}`}`.first();
  if (taken) throw new Error("that name is taken");
  return db.transaction(async (tx) => {
    const [user] = await tx.sql`insert into users (k) values (${`new ${name}`}) returning id`;
    const [account] = await tx.sql`insert into accounts (k, ref) values (${name}, ${user.id}) returning id`;
    await tx.sql`insert into links (k, ref) values ('member', ${user.id})`;
    await tx.sql`insert into ledger (k, ref, n) values ('grant', ${user.id}, 100)`;
    await tx.sql`insert into events (k, ref) values ('joined', ${user.id})`;
    return { user, account };
  });
};

export const addUser = async (db, { name }) => {
  let id;
  await db.transaction(async (tx) => {
    const [user] = await tx.sql`insert into users (k) values (${`added ${name}`}) returning id`;
    id = user.id;
  });
  return db.sql`select id, k from users where id = ${id}`.first();
};

export const renameTask = (db, { user, task, name }) =>
  db.transaction(async (tx) => {
    const [found] = await tx.sql`select id, ref from tasks where id = ${task}`;
    if (!found) throw new Error("no task");
    if (found.ref !== user) throw new Error("not yours");
    return await tx.sql`update tasks set s = ${name} where id = ${task} returning id`;
  });

export const invite = (db, { user, room, name }) =>
  db.transaction(async (tx) => {
    const owner = (await tx.sql`select ref from rooms where id = ${room}`)[0]?.ref;
    if (owner !== user) throw new Error("not yours");
    await tx.sql`delete from tokens where k = ${name}`;
    const [made] = await tx.sql`insert into tokens (k, ref) values (${name}, ${room}) returning id, k`;
    await tx.sql`insert into events (k, ref) values ('invited', ${room})`;
    return { id: made.id, link: `/join/${made.k}` };
  });
