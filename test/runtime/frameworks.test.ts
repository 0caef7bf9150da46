// The recipes of docs/frameworks.md are built as users build them, and run in workerd on a libSQL server.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { root } from "../package/package.ts";
import { type RunningServer, startLibsqlServer } from "../servers/libsql/libsql-server.ts";
import { freePort } from "../servers/neon/postgres.ts";
import { bundleForNode, bundleWorker } from "./bundle.ts";
import { installedProject, type Project } from "./installed.ts";
import { createGoods, idsAt } from "./workers/isolate.ts";
import { startWorkerd } from "./workerd.ts";

const page = readFileSync(join(root, "docs", "frameworks.md"), "utf8");
const recipes = new Map(
  Array.from(page.matchAll(/^```ts\n(\/\/ (.+\.ts)\n[^]*?)^```$/gm), ([, code = "", name = ""]) => [name, code]),
);

let project: Project;
beforeAll(() => {
  project = installedProject({ drivers: ["hono"], by: "tar" });
});
afterAll(() => project.remove());

interface Running {
  send(path: string, body?: object): Promise<{ status: number; body: string }>;
  /** What is stored, asked past the application. */
  ids(): Promise<number[]>;
}

/** Runs a recipe; at its end, no stream may be in a transaction, and nothing was printed. */
async function running(name: string, work: (recipe: Running) => Promise<void>): Promise<void> {
  const { code, warnings } = await bundleWorker(project.write(name, recipes.get(name)!));
  expect(warnings).toEqual([]);
  const server = await startLibsqlServer({ tokens: { "the-token": "full" } });
  const workerd = await startWorkerd({
    script: code,
    bindings: { DATABASE_URL: server.url, DATABASE_TOKEN: "the-token" },
  });
  try {
    await createGoods(server.url, "the-token");
    await work({
      send: async (path, body) => {
        const init = body ? { method: "POST", body: JSON.stringify(body) } : {};
        const response = await fetch(workerd.url + path, init);
        return { status: response.status, body: await response.text() };
      },
      ids: () => idsAt(server.url, "the-token"),
    });
    expect((await server.open()).filter(({ isInTransaction }) => isInTransaction)).toEqual([]);
    expect(workerd.log()).toBe("");
  } finally {
    await workerd.stop();
    await server.stop();
  }
}

test("every recipe of the page is run, here or in recipes.test.ts", () => {
  expect([...recipes.keys()]).toEqual(["worker.ts", "hono.ts", "server.ts", "serve.ts", "job.ts"]);
  const headings = Array.from(page.matchAll(/^## (.+)$/gm), ([, heading]) => heading);
  const there = ["SvelteKit", "Nitro", "Next.js"];
  const here = ["Express, Fastify, Node's own server", "Deno and Bun", "A job in Node"];
  expect(headings).toEqual(["A plain Worker", "Hono", ...there, ...here, "Vercel"]);
});

describe("a plain Worker", () => {
  test("commits what it answers, and rolls back what it throws", () =>
    running("worker.ts", async ({ send, ids }) => {
      expect(await send("/", { name: "tea" })).toEqual({ status: 201, body: '{"id":1,"name":"tea"}' });
      expect(await send("/", { name: "tea" })).toEqual({ status: 409, body: '{"error":"exists already"}' });
      expect(await send("/")).toEqual({ status: 200, body: '[{"id":1,"name":"tea"}]' });
      expect(await ids()).toEqual([1]);
    }));
});

describe("Hono", () => {
  test("commits what it answers, and rolls back what is thrown, whatever its status", () =>
    running("hono.ts", async ({ send, ids }) => {
      expect(await send("/goods", { name: "tea", stock: 1 })).toEqual({ status: 201, body: '{"id":1,"name":"tea"}' });
      expect(await send("/goods", { name: "rum", stock: -1 })).toEqual({ status: 422, body: "stock is negative" });
      expect(await send("/goods", { name: "tea", stock: 1 })).toEqual({ status: 409, body: "exists already" });
      expect(await send("/goods")).toEqual({ status: 200, body: '[{"id":1,"name":"tea"}]' });
      expect(await ids()).toEqual([1]);
    }));
});

describe("Node's own server", () => {
  test("commits what it answers, rolls back what it throws, and what a client has left", async () => {
    const server = await startLibsqlServer({ tokens: { "the-token": "full" } });
    await createGoods(server.url, "the-token");
    const file = project.write(
      "server.mjs",
      await bundleForNode(project.write("server.ts", recipes.get("server.ts")!)),
    );
    const port = await freePort();
    const env = { ...process.env, DATABASE_URL: server.url, DATABASE_TOKEN: "the-token", PORT: String(port) };
    const child = spawn(process.execPath, [file], { env, stdio: ["ignore", "pipe", "inherit"] });
    const ended = once(child, "close");
    const send = async (body?: object, signal?: AbortSignal): Promise<[number, unknown]> => {
      const init = { ...(body && { method: "POST", body: JSON.stringify(body) }), ...(signal && { signal }) };
      const response = await fetch(`http://127.0.0.1:${port}/`, init);
      return [response.status, await response.json()];
    };
    try {
      await once(child.stdout, "data");
      expect(await send({ name: "tea", stock: 1 })).toEqual([201, { id: 1, name: "tea" }]);
      expect(await send({ name: "rum", stock: -1 })).toEqual([422, { error: "stock is negative" }]);
      expect(await send({ name: "tea", stock: 1 })).toEqual([409, { error: "exists already" }]);
      expect(await send()).toEqual([200, [{ id: 1, name: "tea" }]]);
      await server.fail({ action: "hang", sql: "insert into goods" });
      await server.forgetRequests();
      const client = new AbortController();
      const gone = send({ name: "oil", stock: 1 }, client.signal);
      while ((await server.requests()).length === 0) await new Promise((resolve) => setTimeout(resolve, 20));
      client.abort();
      await expect(gone).rejects.toThrow("aborted");
      await server.expireStreams();
      expect(await send()).toEqual([200, [{ id: 1, name: "tea" }]]);
      expect(await idsAt(server.url, "the-token")).toEqual([1]);
    } finally {
      child.kill();
      await ended;
      await server.stop();
    }
  });
});

describe("a job in Node", () => {
  /** Runs it on a server, to its end. */
  async function runJob(
    server: RunningServer,
    names: readonly string[],
    onStart?: (stop: () => void) => Promise<void>,
  ): Promise<{ code: number | null; output: string }> {
    const file = project.write("job.mjs", await bundleForNode(project.write("job.ts", recipes.get("job.ts")!)));
    const env = { ...process.env, DATABASE_URL: server.url, DATABASE_TOKEN: "the-token" };
    const child = spawn(process.execPath, [file, ...names], { env });
    let output = "";
    for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk) => (output += String(chunk)));
    const ended = new Promise<number | null>((resolve) => child.once("close", resolve));
    await onStart?.(() => child.kill("SIGTERM"));
    return { code: await ended, output };
  }

  test("commits and ends by itself, and rolls back when it is told to stop", async () => {
    const server = await startLibsqlServer({ tokens: { "the-token": "full" } });
    try {
      await createGoods(server.url, "the-token");
      expect(await runJob(server, ["tea", "rum", "tea"])).toEqual({ code: 0, output: "imported 2\n" });
      expect(await idsAt(server.url, "the-token")).toEqual([1, 2]);
      // The third statement gets no answer, and it is told to stop while it waits.
      await server.forgetRequests();
      await server.fail({ action: "hang", sql: "insert into goods", after: 2 });
      const stopped = await runJob(server, ["oil", "salt", "rice"], async (stop) => {
        while ((await server.requests()).filter(({ sql }) => sql.join().includes("insert into goods")).length < 3)
          await new Promise((resolve) => setTimeout(resolve, 20));
        stop();
      });
      expect(stopped).toEqual({ code: 1, output: "Error: told to stop\n" });
      await server.expireStreams();
      expect(await idsAt(server.url, "the-token")).toEqual([1, 2]);
    } finally {
      await server.stop();
    }
  });
});
