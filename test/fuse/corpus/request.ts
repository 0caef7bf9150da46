// What each handler of the corpus is given, and the tables that it finds: the same columns in each, so that little has to be said.

/** A request as each handler sees it. */
export interface Request {
  readonly user: number;
  readonly peer: number;
  readonly product: number;
  readonly order: number;
  readonly post: number;
  readonly room: number;
  readonly slot: number;
  readonly task: number;
  readonly token: number;
  readonly price: number;
  readonly fee: number;
  readonly name: string;
  readonly onCredit: boolean;
  readonly items: readonly { readonly product: number; readonly count: number }[];
  readonly tags: readonly string[];
}

const request = (id: number, more: Pick<Request, "name" | "onCredit" | "items" | "tags">): Request => ({
  ...{ user: id, peer: id + 1, product: id, order: id, post: id, room: id, slot: id, task: id, token: id },
  ...{ price: 7, fee: 2 },
  ...more,
});

/** The first is what is counted; the others go other ways, the last finds nothing. */
export const requests: readonly Request[] = [
  request(1, {
    name: "prices1",
    onCredit: true,
    items: [
      { product: 1, count: 2 },
      { product: 2, count: 3 },
      { product: 3, count: 1 },
    ],
    tags: ["tags1", "fresh", "tags2"],
  }),
  request(2, { name: "new one", onCredit: false, items: [{ product: 2, count: 1 }], tags: ["fresh"] }),
  request(77, { name: "users3", onCredit: true, items: [], tags: [] }),
];

export const tables = (
  "accounts bookings events ledger lines links marks messages orders posts prices rooms sessions slots stock tags tasks " +
  "tokens users"
).split(" ");

const UNIQUE = new Set(["marks", "prices", "tags", "users"]);
const KINDS: Readonly<Record<string, string>> = { slots: "free", tasks: "pending" };

/** @param id - how an integer key that counts by itself is declared. */
export function schema(id: string): string[] {
  return tables.map(
    (table) =>
      `create table ${table} (id ${id}, k text${UNIQUE.has(table) ? " unique" : ""}, ref int, n int not null default 0, s text)`,
  );
}

/** Rows 1 to 4 of each table. */
export function rows(): string[] {
  return tables.map((table) => {
    const values = [1, 2, 3, 4].map((id) => `(${id}, '${KINDS[table] ?? table + id}', ${id}, ${50 + id}, 's')`);
    return `insert into ${table} (id, k, ref, n, s) values ${values.join()}`;
  });
}
