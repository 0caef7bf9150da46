// isopool's way to the same server: a connection that carries flights.

import {
  type AdapterFactory,
  type DriverConnection,
  type Flight,
  type StepOutcome,
} from "../../../src/adapters/kit/index.ts";
import type { ServerConnection, ShopServer } from "./server.ts";

export function shop(server: ShopServer): AdapterFactory {
  return {
    dialect: "sqlite",
    schemes: ["shop"],
    identity: [server],
    create: () => ({
      name: "shop",
      key: undefined,
      capabilities: {
        dialect: "sqlite",
        affinity: "isolate",
        transactions: "interactive",
        savepoints: true,
        streaming: false,
        maxConnections: 20,
        placeholder: "?",
        isolationLevels: ["serializable"],
        tellsDeath: true,
      },
      open: async ({ signal }) => {
        const connection = await server.connect();
        if (!signal.aborted) return new ShopConnection(connection);
        await connection.break();
        throw signal.reason;
      },
    }),
  };
}

class ShopConnection implements DriverConnection {
  readonly raw: ServerConnection;
  readonly setup = [];

  constructor(raw: ServerConnection) {
    this.raw = raw;
  }

  get state(): DriverConnection["state"] {
    if (this.raw.isBroken) return "closed";
    return this.raw.isInTransaction ? "transaction" : "idle";
  }

  get isReusable(): boolean {
    return this.raw.isReusable;
  }

  async send(flight: Flight, signal?: AbortSignal): Promise<StepOutcome[]> {
    signal?.throwIfAborted();
    const sent = this.raw.send(flight);
    if (!signal) return sent;
    sent.catch(() => undefined);
    let leave = (): void => undefined;
    const left = new Promise<never>((_, reject) => (leave = () => reject(signal.reason)));
    signal.addEventListener("abort", leave, { once: true });
    try {
      return await Promise.race([sent, left]);
    } catch (error) {
      // Nobody waits for the answer any more, and the connection is good for nothing until it comes.
      if (signal.aborted) await this.raw.break();
      throw error;
    } finally {
      signal.removeEventListener("abort", leave);
    }
  }

  close(): Promise<void> {
    return this.raw.break();
  }
}
