import { type AdapterFactory, simplePostgresAdapter } from "../../../src/adapters/kit/index.ts";

/** The part of pg's Client that is used: the class is passed in. */
interface Client {
  connect(): Promise<unknown>;
  query(query: object): Promise<{
    readonly fields: { readonly name: string; readonly dataTypeID: number }[];
    readonly rows: (string | null)[][];
    readonly command: string;
    readonly rowCount: number | null;
  }>;
  on(event: "error" | "end", listener: () => void): unknown;
  end(): Promise<void>;
}

interface Driver {
  readonly client: Client;
  isOpen: boolean;
}

export interface SimplePgOptions {
  readonly Client: new (config: object) => Client;
}

/** PostgreSQL through `pg`, one statement at a time. */
export function simplePg({ Client }: SimplePgOptions): AdapterFactory {
  return simplePostgresAdapter<Driver>({
    name: "simple-pg",
    schemes: ["postgres", "postgresql"],
    identity: [Client],
    async open({ url }) {
      // Values are read by isopool, from their texts.
      const client = new Client({ connectionString: url, types: { getTypeParser: () => (text: string) => text } });
      const driver = { client, isOpen: true };
      for (const event of ["error", "end"] as const) client.on(event, () => (driver.isOpen = false));
      await client.connect();
      return driver;
    },
    async run({ client }, { text, values }) {
      const { fields, rows, command, rowCount } = await client.query({
        ...{ text, values, rowMode: "array", queryMode: "extended" },
      });
      return { fields, rows, command, rowsAffected: rowCount };
    },
    isOpen: ({ isOpen }) => isOpen,
    close: ({ client }) => client.end(),
  });
}
