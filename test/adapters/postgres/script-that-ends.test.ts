// Promise: an idle connection keeps no process alive, and one that is lent does.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { build } from "esbuild";
import { startNeonServer } from "../../servers/neon/server.ts";

let script: string;
beforeAll(async () => {
  const { outputFiles } = await build({
    entryPoints: [join(import.meta.dirname, "closes-nothing.ts")],
    ...({ bundle: true, write: false, format: "esm", platform: "node", target: "node20" } as const),
    external: ["pg", "ws", "@neondatabase/serverless"],
  });
  script = outputFiles[0]!.text;
});

describe.each(["pg", "Neon over WebSocket"])("through %s", (driver) => {
  test("a script that closes nothing ends when its work is done, and not before", async () => {
    const server = await startNeonServer();
    const { url, plainUrl, fetchEndpoint: FETCH_ENDPOINT, wsProxy: WS_PROXY } = server;
    const env = { ...process.env, DRIVER: driver, URL: driver === "pg" ? plainUrl : url, FETCH_ENDPOINT, WS_PROXY };
    for (const WORK of ["idle", "in a session", "lent again", "detached", "disposed"]) {
      const child = spawn(process.execPath, ["--input-type=module", "-"], {
        env: { ...env, WORK },
        stdio: ["pipe", "pipe", "inherit"],
      });
      child.stdin.end(script);
      let printed = "";
      child.stdout.setEncoding("utf8").on("data", (text: string) => (printed += text));
      const [code] = (await once(child, "close")) as [number];
      expect([WORK, printed.trim(), code]).toEqual([WORK, "done", 0]);
    }
    expect(await server.leaks()).toEqual([]);
    await server.stop();
  });
});
