// What applications do with Dexie, whose transactions live on its own following of `await`. Played in a page; see dexie.test.ts.

import type { Dexie as DexieClass, Table } from "dexie";

interface Item {
  readonly id?: number;
  readonly n: number;
}

class Shop {
  readonly db: DexieClass;
  readonly items: Table<Item, number>;
  readonly notes: Table<{ id?: number; text: string }, number>;

  constructor(Dexie: typeof DexieClass, name: string) {
    this.db = new Dexie(name);
    this.db.version(1).stores({ items: "++id,n", notes: "++id" });
    this.items = this.db.table("items");
    this.notes = this.db.table("notes");
  }
}

type Program = (shop: Shop, Dexie: typeof DexieClass) => Promise<unknown>;

const programs: Record<string, Program> = {
  "add and get": async ({ items }) => (await items.get(await items.add({ n: 1 })))?.n,
  "awaits in a transaction": ({ db, items }) =>
    db.transaction("rw", items, async () => {
      await items.add({ n: 1 });
      await items.add({ n: 2 });
      return items.count();
    }),
  "a native promise in a transaction": ({ db, items }) =>
    db.transaction("rw", items, async () => {
      await items.add({ n: 1 });
      await Promise.resolve();
      await Promise.all([]);
      await items.add({ n: 2 });
      return items
        .toCollection()
        .primaryKeys()
        .then((keys) => keys.length);
    }),
  "a helper of its own": ({ db, items }) => {
    const add = async (n: number): Promise<number> => {
      await items.add({ n });
      return n;
    };
    return db.transaction("rw", items, async () => (await add(1)) + (await add(2)) + (await items.count()));
  },
  "side by side": ({ db, items }) =>
    db.transaction("rw", items, async () => {
      await Promise.all([items.add({ n: 1 }), items.add({ n: 2 })]);
      return items.count();
    }),
  "a loop": ({ db, items }) =>
    db.transaction("rw", items, async () => {
      for (const n of [1, 2, 3]) await items.put({ n });
      return items.where("n").above(1).count();
    }),
  "a transaction inside": ({ db, items, notes }) =>
    db.transaction("rw", items, notes, async () => {
      await items.add({ n: 1 });
      await db.transaction("rw", notes, async () => {
        await notes.add({ text: "a" });
        await notes.add({ text: "b" });
      });
      return (await items.count()) + (await notes.count());
    }),
  "one that fails": async ({ db, items }) => {
    const failure = await db
      .transaction("rw", items, async () => {
        await items.add({ n: 1 });
        await Promise.resolve();
        throw new Error("on purpose");
      })
      .catch((error: Error) => error.message);
    return [failure, await items.count()];
  },
  "a failure that is caught": ({ db, items }) =>
    db.transaction("rw", items, async () => {
      await items.add({ id: 1, n: 1 });
      const failure = await items.add({ id: 1, n: 2 }).catch((error: Error) => error.name);
      await items.add({ n: 3 });
      return [failure, await items.count()];
    }),
  "callbacks of then": ({ db, items }) =>
    db.transaction("rw", items, () =>
      items
        .add({ n: 1 })
        .then(() => items.add({ n: 2 }))
        .then(() => items.count()),
    ),
  modify: async ({ items }) => {
    await items.bulkAdd([{ n: 1 }, { n: 2 }]);
    await items.toCollection().modify((item) => void ((item as { n: number }).n += 10));
    return (await items.toArray()).map(({ n }) => n);
  },
  waitFor: ({ db, items }, Dexie) =>
    db.transaction("rw", items, async () => {
      await items.add({ n: 1 });
      await Dexie.waitFor(new Promise((resolve) => setTimeout(resolve, 5)));
      await items.add({ n: 2 });
      return items.count();
    }),
};

/** What each program gives, or how it fails. */
export async function playPrograms(
  Dexie: typeof DexieClass,
  around: <T>(work: () => T) => T = (work) => work(),
): Promise<Record<string, unknown>> {
  const given: Record<string, unknown> = {};
  for (const [name, program] of Object.entries(programs)) {
    const shop = new Shop(Dexie, `shop ${name}`);
    given[name] = await around(() => program(shop, Dexie)).then(
      (value: unknown) => value,
      (error: Error) => `failed: ${error.name}`,
    );
    await shop.db.delete();
  }
  return given;
}
