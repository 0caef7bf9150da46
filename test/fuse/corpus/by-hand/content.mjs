// The handlers of `../content.mjs`, by hand.

export const createPost = (db, { name, tags }) =>
  db.transaction(async (tx) => {
    const [post] = await tx.sql`insert into posts (k) values (${name}) returning id`;
    if (tags.length > 0) await tx.commit(tx.sql`insert into links (k, ref) values (${tags.join()}, ${post.id})`);
    return post;
  });

export const postInCategories = (db, { name, items }) =>
  db.transaction(async (tx) => {
    const [post] = await tx.sql`insert into posts (k) values (${name}) returning id`;
    const links = items.map(
      ({ product }) => tx.sql`insert into links (k, ref) values (${String(product)}, ${post.id})`,
    );
    if (links.length > 0) await tx.commit(...links);
    return post;
  });

export const publish = (db, { post, tags }) =>
  db.transaction(async (tx) => {
    let ahead = [
      tx.sql`update posts set k = 'published' where id = ${post}`,
      tx.sql`update posts set k = 'archived' where ref = ${post} and id <> ${post}`,
      tx.sql`delete from links where ref = ${post}`,
    ];
    for (const name of tags) {
      const all = await Promise.all([...ahead, tx.sql`select id from tags where k = ${name}`]);
      let tag = all.at(-1)[0]?.id;
      if (!tag) {
        const [made] = await tx.sql`insert into tags (k) values (${name}) returning id`;
        tag = made.id;
      }
      ahead = [tx.sql`insert into links (k, ref) values (${String(tag)}, ${post})`];
    }
    await tx.commit(...ahead, tx.sql`update posts set s = 'public' where id = ${post}`);
  });

export const relate = async (db, { post, tags, items, onCredit }) => {
  await db.transaction((tx) => [
    tx.sql`delete from links where ref = ${post}`,
    tx.sql`delete from marks where ref = ${post}`,
    ...(tags.length > 0 ? [tx.sql`insert into links (k, ref) values (${tags.join()}, ${post})`] : []),
    ...(items.length > 0 ? [tx.sql`insert into links (n, ref) values (1, ${post})`] : []),
    ...(onCredit ? [tx.sql`insert into events (k, ref) values ('related', ${post})`] : []),
  ]);
};

export const linkAlias = async (db, { name }) => {
  try {
    await db.transaction(async (tx) => {
      const [existing] = await tx.sql`select id from posts where k = ${name}`;
      const [post] = existing ? [existing] : await tx.sql`insert into posts (k) values (${name}) returning id`;
      await tx.commit(tx.sql`insert into tags (k, ref) values (${name}, ${post.id}) on conflict do nothing`);
    });
  } catch (error) {
    return `failed: ${error.message}`;
  }
  return "linked";
};

export const openTrip = async (db, { name, room }) => {
  const [, , , logged, [created]] = await db.transaction((tx) => [
    tx.sql`insert into rooms (k, ref) values (${name}, ${room})`,
    tx.sql`insert into sessions (ref, k) values (${room}, 'owner')`,
    tx.sql`insert into events (k, ref) values (${"created"}, ${room})`,
    tx.sql`insert into links (k, ref) values (${"created"}, ${room}) returning id`,
    tx.sql`select id, k from rooms where ref = ${room} order by id desc limit 1`,
  ]);
  return { created, logged };
};

export const review = (db, { post, price, items }) =>
  db.transaction(async (tx) => {
    const all = await Promise.all([
      tx.sql`update tasks set n = ${price} where ref = ${post}`,
      ...items.map(
        ({ product, count }) =>
          tx.sql`insert into marks (k, ref, n) values (${String(product)}, ${post}, ${count}) on conflict (k) do update set n = excluded.n`,
      ),
      tx.sql`update posts set k = 'accepted' where id = ${post}`,
      tx.sql`select n from marks where ref = ${post}`,
    ]);
    const total = all.at(-1).reduce((sum, { n }) => sum + n, 0);
    await tx.commit(
      tx.sql`update posts set n = ${total} where id = ${post}`,
      tx.sql`update posts set k = 'completed', s = ${String(total)} where id = ${post}`,
      tx.sql`update tasks set k = 'final' where ref = ${post}`,
    );
  });
