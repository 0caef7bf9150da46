// An adapter whose connections are sockets: only the request that opened one may touch it.

import type { AdapterFactory, Capabilities, DriverConnection, Flight, Step, StepOutcome } from "../../../src/index.ts";

const CAPABILITIES: Capabilities = {
  dialect: "postgres",
  affinity: "request",
  transactions: "interactive",
  savepoints: false,
  streaming: false,
  maxConnections: Infinity,
  placeholder: "?",
  isolationLevels: [],
  tellsDeath: true,
};

export function sockets(): AdapterFactory {
  return {
    schemes: ["ws"],
    identity: [],
    create: ({ url: key }) => ({
      name: "sockets",
      key,
      capabilities: CAPABILITIES,
      open: ({ url }) => open(url),
    }),
  };
}

async function open(url: string): Promise<SocketConnection> {
  const socket = new WebSocket(url);
  await new Promise<void>((resolve, reject) => {
    socket.addEventListener("open", () => resolve());
    socket.addEventListener("error", () => reject(new Error("no connection")));
  });
  return new SocketConnection(socket);
}

class SocketConnection implements DriverConnection {
  readonly raw: WebSocket;
  readonly setup = [];
  readonly isReusable = true;
  state: DriverConnection["state"] = "idle";

  constructor(socket: WebSocket) {
    this.raw = socket;
  }

  async send({ steps }: Flight): Promise<StepOutcome[]> {
    const answered = new Promise<string>((resolve) =>
      this.raw.addEventListener("message", ({ data }) => resolve(String(data)), { once: true }),
    );
    this.raw.send(JSON.stringify(steps.map(textOf)));
    const numbers = JSON.parse(await answered) as number[];
    for (const { kind } of steps) {
      if (kind === "begin") this.state = "transaction";
      else if (kind === "commit" || kind === "rollback") this.state = "idle";
    }
    return numbers.map((number) => ({
      status: "done",
      result: { columns: ["socket"], rows: [[number]], rowsAffected: 0 },
    }));
  }

  close(): void {
    this.state = "closed";
    this.raw.close();
  }
}

function textOf(step: Step): string {
  return step.kind === "query" ? step.statement.text : step.kind;
}
