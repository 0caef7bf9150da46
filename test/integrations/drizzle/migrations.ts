import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import { openShop as openNeonShop } from "../../adapters/neon/shop.ts";
import type { Opened, Orm, Place } from "./places.ts";

/** What differs between the versions of Drizzle. */
export interface Migrations {
  migrate(orm: Orm, config: object): Promise<unknown>;
  /** A bundle of texts, as drizzle-kit makes it. */
  bundle(texts: readonly string[]): object;
  /** Drizzle's own migrator, on files that hold these texts. */
  own(orm: Orm, texts: readonly string[], dialect: "sqlite" | "postgres"): Promise<unknown>;
}

const FIRST = `CREATE TABLE one (id int);
--> statement-breakpoint
CREATE TABLE two (id int);`;
const SECOND = "-- Custom SQL migration file, put your code below! --";
const THIRD = "ALTER TABLE one ADD COLUMN name text;--> statement-breakpoint\nINSERT INTO one VALUES (1, 'a;b');";
const BROKEN = "CREATE TABLE three (id int);--> statement-breakpoint\nCREATE TABLE one (id int);";

/** Migrations that are part of the program. */
export function migrationTests(place: Place, { migrate, bundle, own }: Migrations): void {
  const { name, dialect, operations } = place;
  const table = dialect === "postgres" ? "drizzle.__drizzle_migrations" : "__drizzle_migrations";
  const rowsOf = async ({ db }: Opened, text: string): Promise<unknown[]> => (await db.autocommit.query(text)).rows;

  describe(name, () => {
    test("all that are due are run, in order, and are known to Drizzle by their hash", async () => {
      const opened = await place.open();
      await migrate(opened.orm, bundle([FIRST, SECOND, THIRD]));
      expect(await rowsOf(opened, "select * from one")).toEqual([{ id: 1, name: "a;b" }]);
      expect(await rowsOf(opened, `select hash from ${table} order by created_at`)).toEqual(
        [FIRST, SECOND, THIRD].map((text) => ({ hash: createHash("sha256").update(text).digest("hex") })),
      );
      // What is not in files is known to Drizzle's own migrator, and the other way round.
      await own(opened.orm, [FIRST, SECOND, THIRD], dialect);
      await own(opened.orm, [FIRST, SECOND, THIRD, "CREATE TABLE four (id int);"], dialect);
      await migrate(
        opened.orm,
        bundle([FIRST, SECOND, THIRD, "CREATE TABLE four (id int);", "CREATE TABLE five (id int);"]),
      );
      expect(await rowsOf(opened, "select count(*) as count from four, five")).toEqual([{ count: 0 }]);
    });

    test("one flight when nothing is due, and one for each that is", async () => {
      const { orm, roundTrips } = await place.open();
      await migrate(orm, bundle([FIRST]));
      await roundTrips();
      await migrate(orm, bundle([FIRST]));
      // postgres.js sends what is longer than 1,024 bytes in pieces.
      const isCounted = name !== "sql.js" && name !== "postgres.js";
      if (isCounted) expect(await roundTrips()).toBe(1);
      await migrate(orm, bundle([FIRST, SECOND, THIRD]));
      // What is due, BEGIN with what is still due, each, and COMMIT with the last.
      if (isCounted) expect(await roundTrips()).toBe(4);
    });

    test("one that fails takes all of them back, and the error is the database's", async () => {
      const opened = await place.open();
      await migrate(opened.orm, bundle([FIRST]));
      const failing = migrate(opened.orm, bundle([FIRST, "CREATE TABLE kept (id int);", BROKEN]));
      await expect(failing).rejects.toMatchObject({
        code: "QUERY_FAILED",
        details: { sql: "CREATE TABLE one (id int)" },
      });
      await expect(opened.db.autocommit.query("select * from kept")).rejects.toThrow("kept");
      expect(await rowsOf(opened, `select * from ${table}`)).toHaveLength(1);
    });

    test("several isolates at once: each is run once", async () => {
      const opened = await place.open();
      const texts = bundle([FIRST, THIRD]);
      await Promise.all(Array.from({ length: 4 }, () => migrate(opened.orm, texts)));
      expect(await rowsOf(opened, "select * from one")).toHaveLength(1);
      expect(await rowsOf(opened, `select * from ${table}`)).toHaveLength(2);
    });

    test("inside a session they are a part of it", async () => {
      const opened = await place.open();
      const { db, orm } = opened;
      const failing = db.session(async () => {
        await migrate(orm, bundle([FIRST, THIRD]));
        expect(await operations.raw(orm, "select name from one")).toEqual([{ name: "a;b" }]);
        throw new Error("boom");
      });
      await expect(failing).rejects.toThrow("boom");
      await expect(db.autocommit.query("select * from one")).rejects.toThrow("one");
    });

    test("statements without breakpoints are told apart, and a table of another name is used", async () => {
      const opened = await place.open();
      const body =
        dialect === "postgres"
          ? "create function ends() returns trigger language plpgsql as $$ begin new.id := 7; return new; end $$; create trigger late before insert on one for each row execute function ends();"
          : "create trigger late after insert on one begin update one set id = case when 1 then 7 end; end;";
      const text = `create table one (id int); -- one; two\n/* ; */ ${body} insert into one values (1);`;
      const custom = { migrationsTable: "done; here", migrationsSchema: "apart" };
      await migrate(opened.orm, { ...bundle([text]), ...custom });
      expect(await rowsOf(opened, "select * from one")).toEqual([{ id: 7 }]);
      const custom2 = dialect === "postgres" ? 'apart."done; here"' : '"done; here"';
      expect(await rowsOf(opened, `select hash from ${custom2}`)).toHaveLength(1);
    });

    test("a bundle that is incomplete is refused before anything is sent", async () => {
      const { db, orm } = await place.open();
      await expect(migrate(orm, { migrations: { nothing: FIRST } })).rejects.toThrow(TypeError);
      expect(db.stats().opened).toBe(0);
    });

    if (dialect === "sqlite")
      test("a table is rebuilt with foreign keys off, and they are checked", async () => {
        const opened = await place.open();
        const parents =
          "create table parent (id integer primary key); create table child (parent integer references parent (id));";
        const rebuild = `PRAGMA foreign_keys=OFF;--> statement-breakpoint
          create table new_parent (id integer primary key, name text);--> statement-breakpoint
          insert into new_parent (id) select id from parent;--> statement-breakpoint
          drop table parent;--> statement-breakpoint
          alter table new_parent rename to parent;--> statement-breakpoint
          PRAGMA foreign_keys=ON;`;
        await migrate(
          opened.orm,
          bundle([parents, "insert into parent values (1); insert into child values (1);", rebuild]),
        );
        expect(await rowsOf(opened, "select name from parent, child")).toEqual([{ name: null }]);
        const orphan = "PRAGMA foreign_keys=OFF; insert into child values (2); PRAGMA foreign_keys=ON;";
        await expect(
          migrate(
            opened.orm,
            bundle([parents, "insert into parent values (1); insert into child values (1);", rebuild, orphan]),
          ),
        ).rejects.toMatchObject({ code: "QUERY_FAILED" });
        expect(await rowsOf(opened, "select * from child")).toEqual([{ parent: 1 }]);
      });
    else
      test("over HTTP alone all that are due are one request", async () => {
        const { db, flights, server } = await openNeonShop({ neon: { transport: "http" } });
        const orm = operations.make(db);
        await flights();
        await migrate(orm, bundle([FIRST, THIRD]));
        expect(await flights()).toBe(2);
        await migrate(orm, bundle([FIRST, THIRD]));
        expect(await flights()).toBe(1);
        expect(await server.query("select * from one")).toHaveLength(1);
      });
  });
}
