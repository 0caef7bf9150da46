// The recipes of docs/frameworks.md that need a framework or a runtime to be installed: each is built and served by its own commands.

import { existsSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Frameworks, installFrameworks, recipeOf } from "./recipes/frameworks.ts";
import { build, type Served, serving } from "./recipes/serving.ts";

let frameworks: Frameworks;
beforeAll(async () => {
  frameworks = await installFrameworks();
}, 600_000);
afterAll(() => frameworks?.remove(), 120_000);

/** What every recipe promises of `/goods`; `failed` is its status for what was thrown in it. */
async function keepsItsWord({ send, ids, server }: Served, { duplicate = 500, negative = 422, path = "/goods" } = {}): Promise<void> {
  expect(await send(path, { name: "tea", stock: 1 })).toEqual({ status: 201, body: '{"id":1,"name":"tea"}' });
  expect((await send(path, { name: "rum", stock: -1 })).status).toBe(negative);
  expect((await send(path, { name: "tea", stock: 1 })).status).toBe(duplicate);
  await server.forgetRequests();
  expect(await send(path)).toEqual({ status: 200, body: '[{"id":1,"name":"tea"}]' });
  expect(await send(path)).toEqual({ status: 200, body: '[{"id":1,"name":"tea"}]' });
  expect(await ids()).toEqual([1]);
}

test("SvelteKit commits what it answers, and rolls back what error() has ended", async () => {
  const cwd = frameworks.app("sveltekit", {
    "svelte.config.js":
      'import adapter from "@sveltejs/adapter-node";\nexport default { kit: { adapter: adapter() } };\n',
    "vite.config.js":
      'import { sveltekit } from "@sveltejs/kit/vite";\nexport default { plugins: [sveltekit()], logLevel: "error" };\n',
    "src/app.html": "<!doctype html><html><head>%sveltekit.head%</head><body>%sveltekit.body%</body></html>\n",
    ...recipeOf("SvelteKit"),
  });
  await build(cwd, frameworks.find("vite", "bin", "vite.js"), "build");
  await serving({ cwd, command: () => [process.execPath, "build/index.js"] }, (served) => keepsItsWord(served));
}, 240_000);

test("Nitro commits what it answers, and rolls back what its handlers throw", async () => {
  const cwd = frameworks.app("nitro", recipeOf("Nitro"));
  await build(cwd, frameworks.find("nitro", "dist", "cli", "index.mjs"), "build");
  await serving({ cwd, command: () => [process.execPath, ".output/server/index.mjs"] }, (served) => keepsItsWord(served));
}, 240_000);

test("Next.js", async () => {
  const cwd = frameworks.app("next", {
    ...recipeOf("Next\\.js"),
    "app/layout.js": 'export default ({ children }) => <html lang="en"><body>{children}</body></html>;\n',
    "lib/plain.js": recipeOf("Next\\.js")["lib/db.js"]!.replace(/^ +fetch: .*$/m, ""),
    "app/cached/route.js": `import { db } from "../../lib/plain.js"; 
export const fetchCache = "force-cache";
export const dynamic = "force-dynamic";
export const GET = async () => Response.json([await db.autocommit.sql\`select count(*) as n from goods\`, await db.autocommit.sql\`select count(*) as n from goods\`]);
export const POST = async () => Response.json(await db.session(async (s) => { await s.sql\`insert into goods (name) values ('x')\`; return s.sql\`select count(*) as n from goods\`}));
`,
    "app/cached2/route.js": `import { db } from "../../lib/plain.js"; 
export const fetchCache = "force-cache";
export const revalidate = 60;
export const GET = async (request) => { request.url; return Response.json([await db.autocommit.sql\`select count(*) as n from goods\`, await db.autocommit.sql\`select count(*) as n from goods\`])};
`,
    "app/safe/route.js": `import { db } from "../../lib/db.js"; 
export const fetchCache = "force-cache";
export const dynamic = "force-dynamic";
export const GET = async () => Response.json([await db.autocommit.sql\`select count(*) as n from goods\`, await db.autocommit.sql\`select count(*) as n from goods\`]);
`,
  });
  const next = frameworks.find("next", "dist", "bin", "next");
  await build(cwd, next, "build");
  await serving(
    { cwd, command: (port) => [process.execPath, next, "start", "--hostname", "127.0.0.1", "--port", String(port)] },
    async (served) => {
      for (const path of ["/cached", "/cached2", "/safe"]) {
      await served.server.forgetRequests();
      console.log(path, await served.send(path), (await served.server.requests()).map(({ sql }) => sql.join("|")));
      await served.server.forgetRequests();
      console.log(path, await served.send(path), (await served.server.requests()).map(({ sql }) => sql.join("|")));
      }
      await served.server.forgetRequests();
      console.log(await served.send("/cached", {}), (await served.server.requests()).map(({ sql }) => sql.join("|")));
      console.log(await served.send("/cached", {}), (await served.server.requests()).map(({ sql }) => sql.join("|")));
    },
  );
}, 240_000);

const runtimes = {
  Deno: {
    program: ["@deno/linux-x64-glibc/deno"],
    args: (port: number) => ["serve", "--allow-net", "--allow-env", "--port", String(port), "serve.ts"],
  },
  Bun: { program: ["@oven/bun-linux-x64/bin/bun"], args: () => ["serve.ts"] },
};

test.each(Object.entries(runtimes))("%s", async (name, { program, args }) => {
  const found = program.map((path) => frameworks.find(path)).find(existsSync)!;
  const cwd = frameworks.app(name, recipeOf("Deno and Bun"));
  const env = { DENO_DIR: join(cwd, ".deno"), DENO_NO_UPDATE_CHECK: "1" };
  await serving({ cwd, command: (port) => [found, ...args(port)], env }, (served) => keepsItsWord(served, { duplicate: 409, path: "/" }));
});
