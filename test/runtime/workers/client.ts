// A client that can vanish. What fetch() aborts ends its connection politely, and workerd goes on with the request.

import { connect } from "node:net";

export interface Answer {
  readonly status: number;
  readonly body: string;
}

export interface Call {
  /** `undefined` when the connection was reset before the answer was complete. */
  readonly answer: Promise<Answer | undefined>;
  /** What has come of the answer so far. */
  readonly received: () => string;
  /** Resets the connection. */
  reset(): void;
}

/** Sends a GET request on a connection of its own. */
export function call(url: string, path: string): Call {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  let text = "";
  socket.setEncoding("utf8").on("data", (chunk: string) => (text += chunk));
  socket.write(`GET ${path} HTTP/1.1\r\nHost: ${hostname}\r\nConnection: close\r\n\r\n`);
  const answer = new Promise<Answer | undefined>((resolve) => {
    socket.on("error", () => resolve(undefined));
    socket.on("close", () => resolve(parse(text)));
    // Older workerds leave the connection open.
    socket.on("data", () => {
      if (text.length < 100_000 && parse(text)) socket.end();
    });
  });
  return { answer, received: () => text, reset: () => void socket.resetAndDestroy() };
}

/** The answer, when it is complete. */
function parse(text: string): Answer | undefined {
  const end = text.indexOf("\r\n\r\n");
  if (end < 0) return undefined;
  const head = text.slice(0, end);
  const rest = text.slice(end + 4);
  const status = Number(head.slice(9, 12));
  if (!/^transfer-encoding: *chunked/im.test(head)) {
    const length = Number(/^content-length: *(\d+)/im.exec(head)?.[1] ?? 0);
    return Buffer.byteLength(rest) < length ? undefined : { status, body: rest };
  }
  let body = "";
  for (let at = 0; ;) {
    const line = rest.indexOf("\r\n", at);
    if (line < 0) return undefined;
    const length = Number.parseInt(rest.slice(at, line), 16);
    if (length === 0) return { status, body };
    body += rest.slice(line + 2, line + 2 + length);
    at = line + 2 + length + 2;
  }
}
