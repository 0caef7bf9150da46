// Posts with tags, revisions, marks, and what is counted of them.

async function appendChange(tx, { label, post }) {
  await tx.sql`insert into events (k, ref) values (${label}, ${post})`;
  const logged = await tx.sql`insert into links (k, ref) values (${label}, ${post}) returning id`;
  return { logged };
}

async function saveMarks(tx, post, items) {
  for (const { product, count } of items) {
    await tx.sql`insert into marks (k, ref, n) values (${String(product)}, ${post}, ${count}) on conflict (k) do update set n = excluded.n`;
  }
}

async function sumMarks(tx, post) {
  const rows = await tx.sql`select n from marks where ref = ${post}`;
  const total = rows.reduce((sum, { n }) => sum + n, 0);
  await tx.sql`update posts set n = ${total} where id = ${post}`;
  return { total };
}

export const createPost = (db, { name, tags }) =>
  db.transaction(async (tx) => {
    const inserted = await tx.sql`insert into posts (k) values (${name}) returning id`;
    const post = inserted[0];
    if (tags.length > 0) await tx.sql`insert into links (k, ref) values (${tags.join()}, ${post.id})`;
    return post;
  });

export const postInCategories = (db, { name, items }) =>
  db.transaction(async (tx) => {
    const [post] = await tx.sql`insert into posts (k) values (${name}) returning id`;
    await Promise.all(
      items.map(({ product }) => tx.sql`insert into links (k, ref) values (${String(product)}, ${post.id})`),
    );
    return post;
  });

export const publish = (db, { post, tags }) =>
  db.transaction(async (tx) => {
    await tx.sql`update posts set k = 'published' where id = ${post}`;
    await tx.sql`update posts set k = 'archived' where ref = ${post} and id <> ${post}`;
    await tx.sql`delete from links where ref = ${post}`;
    for (const name of tags) {
      const [found] = await tx.sql`select id from tags where k = ${name}`;
      let tag = found?.id;
      if (!tag) {
        const [made] = await tx.sql`insert into tags (k) values (${name}) returning id`;
        tag = made.id;
      }
      await tx.sql`insert into links (k, ref) values (${String(tag)}, ${post})`;
    }
    await tx.sql`update posts set s = 'public' where id = ${post}`;
  });

export const relate = (db, { post, tags, items, onCredit }) =>
  db.transaction(async (tx) => {
    await tx.sql`delete from links where ref = ${post}`;
    await tx.sql`delete from marks where ref = ${post}`;
    if (tags.length > 0) {
      await tx.sql`insert into links (k, ref) values (${tags.join()}, ${post})`;
    }
    if (items.length > 0) {
      await tx.sql`insert into links (n, ref) values (1, ${post})`;
    }
    if (onCredit) {
      await tx.sql`insert into events (k, ref) values ('related', ${post})`;
    }
  });

export const linkAlias = async (db, { name }) => {
  try {
    await db.transaction(async (tx) => {
      let post;
      const [existing] = await tx.sql`select id from posts where k = ${name}`;
      if (existing) {
        post = existing.id;
      } else {
        const [made] = await tx.sql`insert into posts (k) values (${name}) returning id`;
        post = made.id;
      }
      await tx.sql`insert into tags (k, ref) values (${name}, ${post}) on conflict do nothing`;
    });
  } catch (error) {
    return `failed: ${error.message}`;
  }
  return "linked";
};

export const openTrip = (db, { name, room }) =>
  db.transaction(async (tx) => {
    await tx.sql`insert into rooms (k, ref) values (${name}, ${room})`;
    await tx.sql`insert into sessions (ref, k) values (${room}, 'owner')`;
    const { logged } = await appendChange(tx, { label: "created", post: room });
    const [row] = await tx.sql`select id, k from rooms where ref = ${room} order by id desc limit 1`;
    return { created: row, logged };
  });

export const review = (db, { post, price, items }) =>
  db.transaction(async (tx) => {
    await tx.sql`update tasks set n = ${price} where ref = ${post}`;
    await saveMarks(tx, post, items);
    await tx.sql`update posts set k = 'accepted' where id = ${post}`;
    const { total } = await sumMarks(tx, post);
    await tx.sql`update posts set k = 'completed', s = ${String(total)} where id = ${post}`;
    await tx.sql`update tasks set k = 'final' where ref = ${post}`;
  });
