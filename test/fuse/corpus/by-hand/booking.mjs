// The handlers of `../booking.mjs`, by hand.

export const bookSeats = async (db, { slot, name, items }) => {
  const outcome = await db.transaction(async (tx) => {
    const [, [{ booked }]] = await Promise.all([
      tx.sql`select id from slots where id = ${slot}`,
      tx.sql`select coalesce(sum(n), 0) as booked from bookings where ref = ${slot}`,
    ]);
    if (100 - Number(booked) < items.length) return "full";
    await tx.commit(tx.sql`insert into bookings (k, ref, n) values (${name}, ${slot}, ${items.length})`);
    return "ok";
  });
  return { booked: outcome === "ok" };
};

export const bookSlot = (db, { slot, name }) =>
  db.transaction(async (tx) => {
    const [found] = await tx.sql`select id, k from slots where id = ${slot}`;
    if (!found || found.k !== "free") throw new Error("not free");
    const [active] = await tx.sql`select id from bookings where ref = ${found.id} and k = 'active'`;
    if (active) throw new Error("taken");
    const [, claimed] = await Promise.all([
      tx.sql`insert into bookings (k, ref) values (${name}, ${found.id})`,
      tx.sql`update slots set k = 'booked' where id = ${found.id} and k = 'free' returning id`,
    ]);
    if (claimed.length === 0) throw new Error("not free");
    return { name, slot: found.id };
  });

export const cancelBooking = (db, { slot, onCredit }) =>
  db.transaction(async (tx) => {
    const booking = await tx.sql`select id, n from bookings where ref = ${slot}`.first();
    if (!booking) throw new Error("no booking");
    const { id } = booking;
    await tx.commit(
      tx.sql`delete from bookings where id = ${id}`,
      tx.sql`update slots set k = 'free' where id = ${slot}`,
      ...(onCredit ? [tx.sql`insert into events (k, ref) values (${"credit"}, ${id})`] : []),
      tx.sql`insert into events (k, ref) values (${"cancelled"}, ${id})`,
    );
  });

export const probe = async (db, { name, room }) => {
  await db.transaction((tx) => [
    tx.sql`insert into rooms (k) values (${name})`,
    tx.sql`insert into messages (ref, s) values (${room}, 'probe')`,
    tx.sql`insert into tasks (k, ref) values ('completed', ${room})`,
    tx.sql`insert into events (k, ref) values ('passed', ${room})`,
  ]);
};

export const completeRun = async (db, { room, task }) => {
  const [[message], [done]] = await db.transaction((tx) => [
    tx.sql`insert into messages (ref, s) values (${room}, 'text') returning id`,
    tx.sql`update tasks set k = 'done' where id = ${task} returning id, k`,
    tx.sql`insert into events (k, ref) values ('completed', ${task}), ('told', ${room})`,
  ]);
  return { message, done };
};

export const nextTask = (db, { onCredit }) =>
  db.transaction(async (tx) => {
    const [task] = await tx.sql`select id, s from tasks where k = 'pending' order by n limit 1`;
    if (!task) return null;
    await tx.commit(
      tx.sql`update tasks set k = 'started' where id = ${task.id}`,
      ...(onCredit ? [tx.sql`insert into messages (ref, s) values (${task.id}, ${task.s})`] : []),
    );
    return { task };
  });

export const joinAsGuest = (db, { room, onCredit }) =>
  db.transaction(async (tx) => {
    let place;
    let update;
    if (onCredit) {
      [place] = await tx.sql`select id, k from rooms where id = ${room}`;
      if (!place) throw new Error("no such room");
      update = tx.sql`update rooms set n = n + 1 where id = ${place.id}`;
    } else {
      [place] = await tx.sql`insert into rooms (k) values ('guest') returning id, k`;
    }
    const [, [session], [greeting]] = await Promise.all([
      update,
      tx.sql`insert into sessions (ref) values (${place.id}) returning id`,
      tx.sql`select id from messages where ref = ${place.id} limit 1`,
    ]);
    if (!greeting) await tx.commit(tx.sql`insert into messages (ref, s) values (${place.id}, 'welcome')`);
    return { session: session.id, room: place.id };
  });
