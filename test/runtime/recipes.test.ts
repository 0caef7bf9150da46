// The recipes of docs/frameworks.md that need a framework or a runtime to be installed: each is built and served by its own commands.

import { readdirSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startNeonServer } from "../servers/neon/server.ts";
import { cachedRoutes } from "./recipes/cached-routes.ts";
import { type Frameworks, installFrameworks, recipeOf } from "./recipes/frameworks.ts";
import { build, type Served, serving } from "./recipes/serving.ts";

let frameworks: Frameworks;
beforeAll(async () => {
  frameworks = await installFrameworks();
}, 600_000);
afterAll(() => frameworks?.remove(), 120_000);

interface Word {
  readonly path: string;
  /** Its status for a name that is there already, and for a negative stock. */
  readonly duplicate: number;
  readonly negative: number;
}

/** What each recipe promises: what it answers is committed, what it throws is rolled back, and each read is one request. */
async function keepsItsWord(
  { send, ids, server }: Served,
  { path, duplicate, negative }: Word = { path: "/goods", duplicate: 500, negative: 422 },
): Promise<void> {
  const tea = { id: 1, name: "tea" };
  expect(await send(path, { name: "tea", stock: 1 })).toEqual({ status: 201, body: JSON.stringify(tea) });
  expect((await send(path, { name: "rum", stock: -1 })).status).toBe(negative);
  expect((await send(path, { name: "tea", stock: 1 })).status).toBe(duplicate);
  await server.forgetRequests();
  const read = { status: 200, body: JSON.stringify([tea]) };
  expect([await send(path), await send(path)]).toEqual([read, read]);
  const reads = (await server.requests()).filter(({ sql }) => sql.join().includes("select id"));
  expect(reads).toHaveLength(2);
  expect(await ids()).toEqual([1]);
}

test("SvelteKit commits what it answers, and rolls back what error() has ended", { timeout: 240_000 }, async () => {
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
});

test("Nitro commits what it answers, and rolls back what its handlers throw", { timeout: 240_000 }, async () => {
  const cwd = frameworks.app("nitro", recipeOf("Nitro"));
  await build(cwd, frameworks.find("nitro", "dist", "cli", "index.mjs"), "build");
  await serving({ cwd, command: () => [process.execPath, ".output/server/index.mjs"] }, (served) =>
    keepsItsWord(served),
  );
});

describe("Next.js", () => {
  let cwd: string;
  let next: string;
  beforeAll(async () => {
    const recipe = recipeOf("Next\\.js");
    const layout = 'export default ({ children }) => <html lang="en"><body>{children}</body></html>;\n';
    const files = { ...recipe, ...cachedRoutes(recipe["lib/db.js"]!), "app/layout.js": layout };
    cwd = frameworks.app("next", files, ["@neondatabase/serverless"]);
    next = frameworks.find("next", "dist", "bin", "next");
    await build(cwd, next, "build");
  }, 240_000);

  const serve = (work: (served: Served) => Promise<void>, env = {}): Promise<void> =>
    serving(
      {
        ...{ cwd, env },
        command: (port) => [process.execPath, next, "start", "--hostname", "127.0.0.1", "--port", String(port)],
      },
      work,
    );

  test("route handlers, actions and pages commit what succeeds, and roll back what throws", () =>
    serve(async (served) => {
      const { send, ids, server } = served;
      await keepsItsWord(served, { path: "/goods", duplicate: 500, negative: 500 });
      const { body } = await send("/");
      expect(body).toContain("<p>tea</p>");
      // As a browser without JavaScript sends the form.
      const [, action = ""] = /name="(\$ACTION_ID_\w+)"/.exec(body) ?? [];
      const submit = async (name: string, stock: string): Promise<{ status: number; body: string }> => {
        const form = new FormData();
        for (const [field, value] of Object.entries({ [action]: "", name, stock })) form.set(field, value);
        return send("/", form);
      };
      await server.forgetRequests();
      const added = await submit("salt", "1");
      expect([added.status, added.body.includes("<p>tea, salt</p>")]).toEqual([200, true]);
      expect((await submit("rum", "-1")).status).toBe(500);
      expect((await ids()).length).toBe(2);
    }));

  /** What is read twice through a database, and how often the server was asked. */
  const readTwice = async (
    { send }: Served,
    db: string,
    asked: () => Promise<number>,
    between = async (): Promise<void> => undefined,
  ): Promise<number> => {
    const before = await asked();
    expect(await send(`/cached?db=${db}`)).toEqual({ status: 200, body: '[{"n":1}]' });
    await between();
    expect(await send(`/cached?db=${db}`)).toEqual({ status: 200, body: '[{"n":1}]' });
    return (await asked()) - before;
  };

  test("its cache does not answer for libSQL, though it would", () =>
    serve(async (served) => {
      const { server } = served;
      const asked = async (): Promise<number> =>
        (await server.requests()).filter(({ sql, status }) => status === 200 && sql.join() === "select 1 as n").length;
      // Then the next request is the first of a stream again: the same in each byte.
      const between = (): Promise<void> => server.forgetStreams();
      expect(await readTwice(served, "db", asked, between)).toBe(2);
      expect(await readTwice(served, "dbCached", asked, between)).toBe(1);
    }));

  test("its cache does not answer for Neon over HTTP, though it would", async () => {
    const neon = await startNeonServer();
    const asked = async (): Promise<number> => (await neon.counts()).flights;
    try {
      await serve(
        async (served) => {
          expect(await readTwice(served, "neonDb", asked)).toBe(2);
          expect(await readTwice(served, "neonCached", asked)).toBe(1);
        },
        { NEON_URL: neon.url, NEON_ENDPOINT: neon.fetchEndpoint },
      );
    } finally {
      await neon.stop();
    }
  });
});

/** Programs that a package brings for this platform: `@deno/linux-x64-glibc/deno`. */
function programOf(scope: string, name: RegExp): string {
  for (const folder of readdirSync(frameworks.find(scope)))
    for (const file of readdirSync(frameworks.find(scope, folder), { recursive: true, encoding: "utf8" }))
      if (name.test(file)) return frameworks.find(scope, folder, file);
  throw new Error(`${scope} has no program for ${process.platform} ${process.arch}`);
}

const ANSWERS = { path: "/", duplicate: 409, negative: 422 };

test("Deno commits what it answers, and rolls back what the handler throws", async () => {
  const cwd = frameworks.app("deno", recipeOf("Deno and Bun"));
  const deno = programOf("@deno", /^deno(\.exe)?$/);
  const args = ["serve", "--allow-net", "--allow-env", "--host", "127.0.0.1"];
  const env = { DENO_DIR: join(cwd, ".deno"), DENO_NO_UPDATE_CHECK: "1" };
  await serving({ cwd, env, command: (port) => [deno, ...args, "--port", String(port), "serve.ts"] }, (served) =>
    keepsItsWord(served, ANSWERS),
  );
});

test("Bun commits what it answers, and rolls back what the handler throws", async () => {
  const cwd = frameworks.app("bun", recipeOf("Deno and Bun"));
  const bun = programOf("@oven", /^bin\/bun(\.exe)?$/);
  await serving({ cwd, command: () => [bun, "serve.ts"] }, (served) => keepsItsWord(served, ANSWERS));
});
