import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";

/** A TCP relay that lets everything take its time, each way. */
export class Relay {
  readonly #delayMs: number;
  readonly #sockets = new Set<Socket>();
  readonly #server;

  constructor(targetPort: number, delayMs: number) {
    this.#delayMs = delayMs;
    this.#server = createServer({ noDelay: true }, (client) => {
      const server = connect({ host: "127.0.0.1", port: targetPort, noDelay: true });
      // The client believes at once that it is connected: its first bytes wait for the handshake that a distant server would take.
      this.#carry(client, server, 2 * delayMs);
      this.#carry(server, client, 0);
    });
  }

  async listen(port: number): Promise<number> {
    this.#server.listen(port, "127.0.0.1");
    await once(this.#server, "listening");
    return (this.#server.address() as AddressInfo).port;
  }

  async stop(): Promise<void> {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
    await once(this.#server, "close");
  }

  #carry(from: Socket, to: Socket, handshakeMs: number): void {
    this.#sockets.add(from);
    const openAt = performance.now() + handshakeMs;
    let lane: Promise<unknown> = Promise.resolve();
    const later = (work: () => unknown): void => {
      const dueAt = Math.max(performance.now(), openAt) + this.#delayMs;
      lane = lane.then(() => sleep(Math.max(0, dueAt - performance.now()))).then(work);
    };
    from.on("data", (chunk) => later(() => to.destroyed || to.write(chunk)));
    from.on("close", () => {
      this.#sockets.delete(from);
      later(() => to.end(() => to.destroy()));
    });
    from.on("error", () => {});
  }
}
