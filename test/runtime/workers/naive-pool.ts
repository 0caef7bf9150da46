// The control: a pool at module level, as it is written for servers, on sockets. It does all that a pool should, in Node.

interface Env {
  readonly SOCKETS_URL: string;
}

const MAX = 5;
const idle: WebSocket[] = [];
const waiting: ((socket: WebSocket) => void)[] = [];
let open = 0;
let busy = 0;

async function connect(url: string): Promise<WebSocket> {
  const socket = new WebSocket(url);
  await new Promise((resolve, reject) => {
    socket.addEventListener("open", resolve);
    socket.addEventListener("error", () => reject(new Error("no connection")));
  });
  return socket;
}

async function acquire(url: string): Promise<WebSocket> {
  busy++;
  const found = idle.pop();
  if (found) return found;
  if (open >= MAX) return new Promise((resolve) => waiting.push(resolve));
  open++;
  return connect(url).catch((error: unknown) => {
    open--;
    busy--;
    throw error;
  });
}

function release(socket: WebSocket): void {
  busy--;
  const next = waiting.shift();
  if (next) next(socket);
  else idle.push(socket);
}

async function ask(socket: WebSocket, statement: string): Promise<unknown> {
  const answered = new Promise((resolve) =>
    socket.addEventListener("message", ({ data }) => resolve(JSON.parse(String(data))), { once: true }),
  );
  socket.send(JSON.stringify([statement]));
  return answered;
}

const worker = {
  async fetch(request: Request, env: Env): Promise<Response> {
    if (new URL(request.url).pathname === "/stats") return Response.json({ busy, idle: idle.length });
    const socket = await acquire(env.SOCKETS_URL);
    try {
      await ask(socket, "begin");
      await ask(socket, "insert");
      await ask(socket, "commit");
      return new Response("done");
    } finally {
      release(socket);
    }
  },
};

// oxlint-disable-next-line import/no-default-export -- workerd looks for it there.
export default worker;
