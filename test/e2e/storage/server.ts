// Serves the program of these tests, and hears what it says.

import { readFile } from "node:fs/promises";
import { createServer, type IncomingMessage } from "node:http";
import { createRequire } from "node:module";
import type { AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const POLICY =
  "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'; connect-src 'self'; frame-src 'self'";

export interface TestServer extends AsyncDisposable {
  readonly url: string;
  /** Numbers of the commits that the program was told of. */
  readonly told: number[];
  /** The next result that is posted. */
  result(): Promise<unknown>;
  onTold: ((number: number) => void) | undefined;
}

type File = readonly [type: string, body: string | Uint8Array];

let built: Promise<Record<string, File>> | undefined;

async function buildProgram(): Promise<Record<string, File>> {
  const wasm = await readFile(createRequire(import.meta.url).resolve("sql.js/dist/sql-wasm-browser.wasm"));
  const { outputFiles } = await build({
    entryPoints: ["program", "database-worker"].map((name) => fileURLToPath(new URL(`${name}.ts`, import.meta.url))),
    outdir: "/",
    bundle: true,
    format: "esm",
    target: "es2022",
    // Its `browser` condition: the build of sql.js for browsers.
    platform: "browser",
    write: false,
  });
  return {
    "/": [
      "text/html",
      '<!doctype html><link rel="icon" href="data:,"><script type="module" src="/program.js"></script>',
    ],
    ...Object.fromEntries(outputFiles.map(({ path, text }) => [path, ["text/javascript", text] as const])),
    "/sql-wasm-browser.wasm": ["application/wasm", wasm],
  };
}

export async function serve(): Promise<TestServer> {
  const files = await (built ??= buildProgram());
  const told: number[] = [];
  let deliver: ((result: unknown) => void) | undefined;
  const state: { onTold: TestServer["onTold"] } = { onTold: undefined };
  const server = createServer((request, response) => {
    const { pathname, searchParams } = new URL(request.url!, "http://x");
    const [type, body] = files[pathname] ?? [];
    if (pathname === "/told") {
      told.push(Number(searchParams.get("number")));
      state.onTold?.(told.at(-1)!);
    }
    if (pathname === "/result") void read(request).then((text) => deliver?.(JSON.parse(text)));
    response.writeHead(body === undefined && pathname.length > 10 ? 404 : 200, {
      "content-type": type ?? "text/plain",
      "content-security-policy": POLICY,
    });
    response.end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    told,
    result: () => new Promise((resolve) => (deliver = resolve)),
    get onTold() {
      return state.onTold;
    },
    set onTold(listener) {
      state.onTold = listener;
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function read(request: IncomingMessage): Promise<string> {
  let text = "";
  for await (const chunk of request) text += String(chunk);
  return text;
}
