// The SvelteKit recipe of docs/frameworks.md, with SvelteKit as npm installs it, built and run by adapter-node.

import { execFile, spawn } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { root } from "../package/package.ts";
import { startLibsqlServer } from "../servers/libsql/libsql-server.ts";
import { installedProject, type Project } from "./installed.ts";
import { createGoods, idsAt } from "./workers/isolate.ts";

const exec = promisify(execFile);
const PACKAGES = [
  "@sveltejs/adapter-node@5.5.7",
  "@sveltejs/kit@2.70.4",
  "@sveltejs/vite-plugin-svelte@7.3.1",
  "svelte@5.57.3",
  "vite@8.3.8",
];

const FILES = {
  "svelte.config.js":
    'import adapter from "@sveltejs/adapter-node";\nexport default { kit: { adapter: adapter() } };\n',
  "vite.config.js":
    'import { sveltekit } from "@sveltejs/kit/vite";\nexport default { plugins: [sveltekit()], logLevel: "error" };\n',
  "src/app.html": "<!doctype html><html><head>%sveltekit.head%</head><body>%sveltekit.body%</body></html>\n",
};

let project: Project;
beforeAll(async () => {
  project = installedProject({ by: "npm" });
  const cwd = project.folder;
  await exec("npm", ["install", ...PACKAGES, "--no-audit", "--no-fund", "--ignore-scripts", "--silent"], { cwd });
  const page = readFileSync(join(root, "docs", "frameworks.md"), "utf8");
  const recipe = Array.from(page.matchAll(/^```js\n\/\/ (src\/.+\.js)\n([^]*?)^```$/gm), ([, name, code]) => [
    name,
    code,
  ]);
  for (const [name = "", text = ""] of [...Object.entries(FILES), ...recipe]) {
    mkdirSync(dirname(join(cwd, name)), { recursive: true });
    writeFileSync(join(cwd, name), text);
  }
  await exec(process.execPath, [join(cwd, "node_modules", "vite", "bin", "vite.js"), "build"], {
    cwd,
    env: { ...process.env, NODE_ENV: "production" },
  });
}, 240_000);
afterAll(() => project.remove());

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

test("SvelteKit commits what it answers, and rolls back what error() has ended", async () => {
  const server = await startLibsqlServer({ tokens: { "the-token": "full" } });
  const port = await freePort();
  const env = {
    ...process.env,
    HOST: "127.0.0.1",
    PORT: String(port),
    DATABASE_URL: server.url,
    DATABASE_TOKEN: "the-token",
  };
  const child = spawn(process.execPath, [join(project.folder, "build", "index.js")], { cwd: project.folder, env });
  try {
    await new Promise<void>((resolve, reject) => {
      child.stdout.on("data", (chunk) => /Listening/.test(String(chunk)) && resolve());
      child.stderr.on("data", (chunk) => reject(new Error(String(chunk))));
      child.once("exit", (code) => reject(new Error(`it has ended with ${code}`)));
    });
    await createGoods(server.url, "the-token");
    const send = async (body?: object): Promise<[number, string]> => {
      const init = body && {
        method: "POST",
        body: JSON.stringify(body),
        headers: { "content-type": "application/json" },
      };
      const response = await fetch(`http://127.0.0.1:${port}/goods`, init);
      return [response.status, await response.text()];
    };
    expect(await send({ name: "tea", stock: 1 })).toEqual([201, '{"id":1,"name":"tea"}']);
    expect((await send({ name: "rum", stock: -1 }))[0]).toBe(422);
    expect((await send({ name: "tea", stock: 1 }))[0]).toBe(500);
    expect(await send()).toEqual([200, '[{"id":1,"name":"tea"}]']);
    expect(await idsAt(server.url, "the-token")).toEqual([1]);
    expect((await server.open()).filter(({ isInTransaction }) => isInTransaction)).toEqual([]);
  } finally {
    child.kill();
    await server.stop();
  }
});
