// A driver as many are: it connects, and sends one statement after another.

import { flightOf, rowsOf, type ShopServer } from "./server.ts";

export interface Client {
  /** @throws what the database said, or that the connection was lost. */
  query(text: string, params?: readonly (string | number)[]): Promise<readonly (readonly unknown[])[]>;
}

export async function connect(server: ShopServer): Promise<Client> {
  const connection = await server.connect();
  return {
    async query(text, params) {
      const [outcome] = await connection.send(flightOf(text, params));
      return rowsOf(outcome!);
    },
  };
}

export function isNetworkError(error: unknown): boolean {
  return /connection was lost|server is down/.test(String(error));
}
