// Places, rooms and what is said in them.

async function refuseTaken(tx, slot) {
  const [active] = await tx.sql`select id from bookings where ref = ${slot} and k = 'active'`;
  if (active) throw new Error("taken");
}

async function notify(tx, type, subject) {
  await tx.sql`insert into events (k, ref) values (${type}, ${subject})`;
}

export const bookSeats = async (db, { slot, name, items }) => {
  const outcome = await db.transaction(async (tx) => {
    await tx.sql`select id from slots where id = ${slot}`;
    const [{ booked }] = await tx.sql`select coalesce(sum(n), 0) as booked from bookings where ref = ${slot}`;
    if (100 - Number(booked) < items.length) return "full";
    await tx.sql`insert into bookings (k, ref, n) values (${name}, ${slot}, ${items.length})`;
    return "ok";
  });
  return { booked: outcome === "ok" };
};

export const bookSlot = (db, { slot, name }) =>
  db.transaction(async (tx) => {
    const [found] = await tx.sql`select id, k from slots where id = ${slot}`;
    if (!found || found.k !== "free") throw new Error("not free");
    await refuseTaken(tx, found.id);
    await tx.sql`insert into bookings (k, ref) values (${name}, ${found.id})`;
    const claimed = await tx.sql`update slots set k = 'booked' where id = ${found.id} and k = 'free' returning id`;
    if (claimed.length === 0) throw new Error("not free");
    return { name, slot: found.id };
  });

export const cancelBooking = (db, { slot, onCredit }) =>
  db.transaction(async (tx) => {
    const booking = (await tx.sql`select id, n from bookings where ref = ${slot}`)[0];
    if (!booking) throw new Error("no booking");
    await tx.sql`delete from bookings where id = ${booking.id}`;
    await tx.sql`update slots set k = 'free' where id = ${slot}`;
    if (onCredit) await notify(tx, "credit", booking.id);
    await notify(tx, "cancelled", booking.id);
  });

export const probe = (db, { name, room }) =>
  db.transaction(async (tx) => {
    await tx.sql`insert into rooms (k) values (${name})`;
    await tx.sql`insert into messages (ref, s) values (${room}, 'probe')`;
    await tx.sql`insert into tasks (k, ref) values ('completed', ${room})`;
    await tx.sql`insert into events (k, ref) values ('passed', ${room})`;
  });

export const completeRun = (db, { room, task }) =>
  db.transaction(async (tx) => {
    const [message] = await tx.sql`insert into messages (ref, s) values (${room}, 'text') returning id`;
    const [done] = await tx.sql`update tasks set k = 'done' where id = ${task} returning id, k`;
    await tx.sql`insert into events (k, ref) values ('completed', ${task}), ('told', ${room})`;
    return { message, done };
  });

export const nextTask = (db, { onCredit }) =>
  db.transaction(async (tx) => {
    const [task] = await tx.sql`select id, s from tasks where k = 'pending' order by n limit 1`;
    if (!task) return null;
    await tx.sql`update tasks set k = 'started' where id = ${task.id}`;
    if (onCredit) {
      await tx.sql`insert into messages (ref, s) values (${task.id}, ${task.s})`;
    }
    return { task };
  });

export const joinAsGuest = (db, { room, onCredit }) =>
  db.transaction(async (tx) => {
    let place;
    if (onCredit) {
      const [invited] = await tx.sql`select id, k from rooms where id = ${room}`;
      if (!invited) throw new Error("no such room");
      place = invited;
      await tx.sql`update rooms set n = n + 1 where id = ${place.id}`;
    } else {
      [place] = await tx.sql`insert into rooms (k) values ('guest') returning id, k`;
    }
    const [session] = await tx.sql`insert into sessions (ref) values (${place.id}) returning id`;
    const [greeting] = await tx.sql`select id from messages where ref = ${place.id} limit 1`;
    if (!greeting) {
      await tx.sql`insert into messages (ref, s) values (${place.id}, 'welcome')`;
    }
    return { session: session.id, room: place.id };
  });
