// Row-level security cannot be forgotten: settings hold for all that a session begins, and what is none is not taken for some.

import { describe, expect, test } from "vitest";
import type { Settings } from "../../src/index.ts";
import { fakeDatabase } from "../kit/fake-database.ts";

const postgres = { capabilities: { dialect: "postgres" } } as const;
const settings = { "app.tenant": "acme" };

describe("a transaction inside a session has its settings", () => {
  test("on a connection of its own, and one that is none", async () => {
    const { db, adapter } = fakeDatabase(postgres, { settings: "required" });
    await db.session(
      async (session) => {
        await session.query("one");
        await session.transaction((own) => own.query("two"), { propagation: "requires-new" });
        await session.transaction((own) => own.query("three"), {
          propagation: "requires-new",
          settings: { role: "reader" },
        });
        await session.transaction((own) => own.batch(["four", "five"]), { propagation: "not-supported" });
      },
      { settings },
    );
    expect(adapter.begins).toEqual([
      { settings },
      { settings },
      { settings: { ...settings, role: "reader" } },
      { settings },
    ]);
  });

  test("where the session itself is no transaction", async () => {
    const { db, adapter } = fakeDatabase(postgres, { settings: "required" });
    await db.session(
      async (session) => {
        await session.transaction((inner) => inner.query("one"));
        await session.transaction((inner) => inner.query("two"), { settings: { role: "reader" } });
        await db.transaction((inner) => inner.query("three"), { propagation: "nested" });
      },
      { settings, transaction: false },
    );
    expect(adapter.begins).toEqual([{ settings }, { settings: { ...settings, role: "reader" } }, { settings }]);
  });

  test("and what it is given itself is looked at like theirs", async () => {
    const { db, adapter } = fakeDatabase(postgres);
    for (const propagation of ["required", "requires-new"] as const) {
      const work = db.session(
        (session) => session.transaction((inner) => inner.query("one"), { propagation, settings: [] as never }),
        { transaction: false },
      );
      await expect(work).rejects.toThrow(/Expected `settings` to be an object/);
    }
    expect(adapter.flights).toEqual([]);
  });

  test("a session of its own has the defaults of its database", async () => {
    const { db, adapter } = fakeDatabase(postgres, {
      defaults: { isolationLevel: "serializable", settings: () => ({ "app.tenant": "default", role: "reader" }) },
    });
    await db.session(
      async (session) => {
        await session.query("one");
        await session.transaction((own) => own.query("two"), { propagation: "requires-new" });
      },
      { settings },
    );
    const begin = { isolationLevel: "serializable", settings: { ...settings, role: "reader" } };
    expect(adapter.begins).toEqual([begin, begin]);
  });
});

describe("what is not settings", () => {
  class Tenant {
    readonly #id = "acme";
    get "app.tenant"(): string {
      return this.#id;
    }
  }
  const odd: [string, unknown][] = [
    ["a promise", Promise.resolve(settings)],
    ["a promise that rejects", Promise.reject(new Error("no tenant"))],
    ["a Map", new Map(Object.entries(settings))],
    ["an object of a class", new Tenant()],
    ["a list", ["acme"]],
    ["a text", "acme"],
  ];
  for (const [, value] of odd) if (value instanceof Promise) value.catch(() => undefined);

  test.each(odd)("%s is refused, and not taken for none", async (_, value) => {
    for (const options of [{ settings: "required" }, {}] as const) {
      const { db, adapter } = fakeDatabase(postgres, options);
      const own = db.session((session) => session.query("one"), { settings: value as Settings });
      await expect(own).rejects.toThrow(/^Expected `settings` to be an object/);
      const common = fakeDatabase(postgres, { ...options, defaults: { settings: () => value as Settings } });
      await expect(common.db.autocommit.query("one")).rejects.toThrow(/^Expected `settings` to be an object/);
      const both = common.db.session((session) => session.query("one"), { settings });
      await expect(both).rejects.toThrow(/^Expected `settings` to be an object/);
      expect([...adapter.flights, ...common.adapter.flights]).toEqual([]);
    }
  });

  test("an async function is refused, and its failure is nobody's unhandled rejection", async () => {
    const unhandled: unknown[] = [];
    const listen = (reason: unknown): void => void unhandled.push(reason);
    process.on("unhandledRejection", listen);
    const ask = async (): Promise<Settings> => {
      throw new Error("no tenant");
    };
    const { db } = fakeDatabase(postgres, { defaults: { settings: ask as never } });
    await expect(db.session((session) => session.query("one"))).rejects.toThrow(/to be an object.*no promise/);
    await new Promise((resolve) => setImmediate(resolve));
    process.off("unhandledRejection", listen);
    expect(unhandled).toEqual([]);
  });

  test("a function that throws fails the session with its own error, before anything is sent", async () => {
    const thrown = new Error("no tenant");
    const { db, adapter } = fakeDatabase(postgres, {
      defaults: {
        settings: () => {
          throw thrown;
        },
      },
    });
    await expect(db.session((session) => session.query("one"))).rejects.toBe(thrown);
    await expect(db.autocommit.query("one")).rejects.toBe(thrown);
    expect(() => db.open()).toThrow(thrown);
    expect(adapter.flights).toEqual([]);
  });

  test("an object without any is none", async () => {
    const { db, adapter } = fakeDatabase(postgres, { settings: "required", defaults: { settings: () => ({}) } });
    const refused = /Expected `settings` for this session/;
    await expect(db.session((session) => session.query("one"), { settings: {} })).rejects.toThrow(refused);
    await expect(db.autocommit.query("one")).rejects.toThrow(refused);
    expect(adapter.flights).toEqual([]);
  });

  test.each<[string, unknown]>([
    ["null", null],
    ["undefined", undefined],
    ["a bigint", 1n],
    ["NaN", NaN],
    ["text with NUL", "s3cret\0"],
    ["half of a surrogate pair", "s3cret\ud83d"],
    ["an object", { s3cret: 1 }],
  ])("%s as a value is refused by its name, and not shown", async (_, value) => {
    const { db, adapter } = fakeDatabase(postgres);
    const work = db.session((session) => session.query("one"), { settings: { "app.x": value } as Settings });
    await expect(work).rejects.toThrow(/^(?!.*s3cret)Expected the setting `app\.x`/);
    expect(adapter.flights).toEqual([]);
  });

  test.each(["App.Tenant", "app.tenant; drop", "", "1a", "app-tenant", "app.", "ünicode"])(
    "%j is no name of one",
    async (name) => {
      const { db, adapter } = fakeDatabase(postgres);
      const work = db.session((session) => session.query("one"), { settings: { [name]: "x" } });
      await expect(work).rejects.toThrow(`\`${name}\``);
      expect(adapter.flights).toEqual([]);
    },
  );
});

test("a savepoint by hand in a session that is no transaction begins one with its settings", async () => {
  const { db, adapter } = fakeDatabase(postgres, { settings: "required" });
  await db.session(
    async (session) => {
      const part = await session.savepoint();
      await part.query("one");
      await part.release();
    },
    { settings, transaction: false },
  );
  expect(adapter.begins).toEqual([{ settings }]);
});

test("in a session that is no transaction, each flight carries them: a statement, a list, and none that is inside of BEGIN", async () => {
  const { db } = fakeDatabase(postgres);
  const sent: (Settings | undefined)[] = [];
  db.record = (flight) => sent.push(flight.settings);
  await db.session(
    async (session) => {
      await session.query("one");
      await session.transaction((inner) => inner.query("two"));
      await session.query("three");
    },
    { settings, transaction: false },
  );
  await db.session((session) => session.query("four"), { transaction: false });
  // BEGIN with its statement, and COMMIT, have none of their own: it is set for the transaction.
  expect(sent).toEqual([settings, undefined, undefined, settings, undefined]);
});
