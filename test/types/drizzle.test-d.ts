import type { Database, Session } from "../../src/index.ts";
import { relations, sql } from "drizzle-orm";
import { integer as pgInteger, pgTable, text as pgText } from "drizzle-orm/pg-core";
import { integer, sqliteTable, text } from "drizzle-orm/sqlite-core";
import { expectTypeOf, test } from "vitest";
import {
  drizzle,
  type DrizzlePostgres,
  type DrizzleSqlite,
  migrate,
  type PgResult,
  type RunResult,
} from "../../src/integrations/drizzle/index.ts";

declare const db: Database;
declare const session: Session;

const user = sqliteTable("user", {
  id: integer().primaryKey(),
  name: text().notNull(),
  choice: text({ enum: ["a", "b"] }),
});
const post = sqliteTable("post", { id: integer().primaryKey(), author: integer().notNull() });
const schema = {
  user,
  post,
  userRelations: relations(user, ({ many }) => ({ posts: many(post) })),
  postRelations: relations(post, ({ one }) => ({ by: one(user, { fields: [post.author], references: [user.id] }) })),
};
const pgUser = pgTable("user", { id: pgInteger().primaryKey(), name: pgText().notNull() });

type User = { id: number; name: string; choice: "a" | "b" | null };

test("a schema tells the dialect, and its tables the rows", async () => {
  const orm = drizzle(db, { schema });
  expectTypeOf(orm).toExtend<DrizzleSqlite<typeof schema>>();
  expectTypeOf(orm.$client).toEqualTypeOf<Database>();
  expectTypeOf(await orm.select().from(user)).toEqualTypeOf<User[]>();
  expectTypeOf(await orm.select().from(user).get()).toEqualTypeOf<User | undefined>();
  expectTypeOf(await orm.insert(user).values({ name: "Ada" })).toEqualTypeOf<RunResult>();
  expectTypeOf(await orm.query.user.findFirst({ with: { posts: true } })).toExtend<
    (User & { posts: { id: number; author: number }[] }) | undefined
  >();
  // @ts-expect-error -- no such relation
  void orm.query.user.findFirst({ with: { nothing: true } });
  // @ts-expect-error -- `name` is not null
  void orm.insert(user).values({ name: null });

  const pg = drizzle(db, { schema: { pgUser } });
  expectTypeOf(pg).toExtend<DrizzlePostgres<{ pgUser: typeof pgUser }>>();
  expectTypeOf(await pg.execute(sql`select 1`)).toEqualTypeOf<PgResult<Record<string, unknown>>>();
  expectTypeOf(await pg.execute<{ one: number }>(sql`select 1`)).toEqualTypeOf<PgResult<{ one: number }>>();
});

test("without a schema the dialect is named", () => {
  expectTypeOf(drizzle(db, { dialect: "postgres" })).toExtend<DrizzlePostgres>();
  expectTypeOf(drizzle(session, { dialect: "sqlite" }).$client).toEqualTypeOf<Session>();
  // @ts-expect-error -- it is not known which one is meant
  void drizzle(db);
  // @ts-expect-error -- none of isopool's
  void drizzle(db, { dialect: "mysql" });
});

test("a transaction has the schema, Drizzle's config and isopool's options; a batch keeps each query's type", async () => {
  const orm = drizzle(db, { schema });
  const found = await orm.transaction(
    async (tx) => {
      await tx.transaction((inner) => inner.query.user.findMany());
      return tx.query.user.findFirst();
    },
    { behavior: "immediate", retry: 2, timeoutMs: 5 },
  );
  expectTypeOf(found).toEqualTypeOf<User | undefined>();
  // @ts-expect-error -- SQLite has no such mode
  void orm.transaction(() => Promise.resolve(), { behavior: "late" });
  void drizzle(db, { dialect: "postgres" }).transaction(() => Promise.resolve(), {
    isolationLevel: "serializable",
    deferrable: true,
    settings: { role: "reader" },
  });
  const [users, result] = await orm.batch([orm.select().from(user), orm.insert(user).values({ name: "Ada" })]);
  expectTypeOf(users).toEqualTypeOf<User[]>();
  expectTypeOf(result).toEqualTypeOf<RunResult>();
});

test("migrate() takes what drizzle() has made, and bundled migrations", () => {
  const orm = drizzle(db, { schema });
  expectTypeOf(migrate(orm, { migrations: { m0000: "" }, journal: { entries: [] } })).resolves.toEqualTypeOf<void>();
  // @ts-expect-error -- not of drizzle()
  void migrate(db, { migrations: {} });
});
