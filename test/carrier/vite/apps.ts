// One page with a small application of React, of Vue and of Svelte, each with its own plugin, on a Vite that is installed beside it.

import { cpSync, mkdirSync, readdirSync, readFileSync, symlinkSync } from "node:fs";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import type { build, createServer, InlineConfig, PluginOption, preview } from "vite";
import { isopool } from "../../../src/carrier/vite.ts";
import { type Project, project } from "./project.ts";

/** As much of a version of Vite as is used. */
export interface Vite {
  readonly build: typeof build;
  readonly createServer: typeof createServer;
  readonly preview: typeof preview;
}

const repository = join(import.meta.dirname, "../../..");
const PLUGINS = ["@vitejs/plugin-react", "@vitejs/plugin-vue", "@sveltejs/vite-plugin-svelte"];
export const APPS = ["react", "vue", "svelte"] as const;

const files: Record<string, string> = {
  "package.json": '{ "name": "applications", "private": true, "type": "module" }',
  "index.html": `<!doctype html><title>applications</title><link rel="icon" href="data:,">
${APPS.map((name) => `<div id="${name}"></div>`).join("")}<script type="module" src="/main.ts"></script>`,
  "look.ts": `import { AsyncContext } from "isopool/browser-context";
import { flow } from "./flow.ts";
const variable = new AsyncContext.Variable<string>();
type Flow = (see: () => void) => Promise<void>;
export const look = async (name: string, own: Flow): Promise<string> => {
  const seen: unknown[] = [];
  const see = () => void seen.push(variable.get());
  await Promise.all([variable.run(name, async () => { await flow(see); await own(see); see(); }), flow(() => seen.push(variable.get() ?? name))]);
  return seen.every((each) => each === name) ? "kept " + seen.length : "lost: " + seen.join();
};`,
  "main.ts": `import { createElement } from "react";
import { createRoot } from "react-dom/client";
import { mount } from "svelte";
import { createApp } from "vue";
import ReactApp from "./ReactApp.jsx";
import SvelteApp from "./SvelteApp.svelte";
import VueApp from "./VueApp.vue";
const place = (name: string) => document.getElementById(name)!;
createRoot(place("react")).render(createElement(ReactApp));
createApp(VueApp).mount(place("vue"));
mount(SvelteApp, { target: place("svelte") });
// Its text runs in a worker that knows nothing of the page's build.
const work = async (n: number) => { const plus = async () => n + 1; for await (const m of [plus(), 1]) n += await m; return n; };
const source = \`onmessage = async ({ data }) => postMessage(await (\${work})(data))\`;
const inTextWorker = (n: number) => new Promise((resolve, reject) => {
  const worker = new Worker(URL.createObjectURL(new Blob([source])));
  worker.onerror = ({ message }) => reject(new Error(message));
  worker.onmessage = ({ data }) => { worker.terminate(); resolve(data); };
  worker.postMessage(n);
});
Object.assign(globalThis, { work, inTextWorker, loads: (globalThis as any).loads + 1 || 1, inWorker: (name: string) => new Promise((resolve, reject) => {
  const worker = new Worker(new URL("./look-worker.ts", import.meta.url), { type: "module" });
  worker.onerror = () => reject(new Error("the worker did not start"));
  worker.onmessage = ({ data }) => { worker.terminate(); resolve(data); };
  worker.postMessage(name);
}) });`,
  "look-worker.ts": `import { look } from "./look.ts";
addEventListener("message", ({ data }) => void look(data, async (see) => { await null; see(); }).then((seen) => postMessage(seen)));`,
  "ReactApp.jsx": `import { useEffect, useState } from "react";
import { look } from "./look.ts";
export default function App() {
  const [seen, setSeen] = useState("");
  const [ready, setReady] = useState(false);
  useEffect(() => { setReady(true); }, []);
  const click = async () => setSeen(await look("R", async (see) => { await null; see(); }));
  return <button onClick={click} disabled={!ready}>first {seen}</button>;
}`,
  "VueApp.vue": `<script setup>
import { nextTick, ref } from "vue";
import { look } from "./look.ts";
const seen = ref("");
const click = async () => { seen.value = await look("V", async (see) => { await nextTick(); see(); }); };
</script>
<template><button @click="click">first {{ seen }}</button></template>`,
  "SvelteApp.svelte": `<script>
import { tick } from "svelte";
import { look } from "./look.ts";
let seen = $state("");
const click = async () => { seen = await look("S", async (see) => { await tick(); see(); }); };
</script>
<button onclick={click}>first {seen}</button>`,
};

const COMPONENTS = { react: "ReactApp.jsx", vue: "VueApp.vue", svelte: "SvelteApp.svelte" } as const;

export interface Apps extends Project {
  readonly vite: Vite;
  /** What build, dev server and preview have in common. */
  settings(): Promise<InlineConfig>;
  /** The text of a component, changed. */
  edit(app: (typeof APPS)[number], from: string, to: string): void;
}

/** @param installed - the folder in `node_modules` whose Vite the page has. */
export async function apps(installed: string): Promise<Apps> {
  const page = project();
  for (const [name, text] of Object.entries(files)) page.write(name, text);
  install(page.root, installed);
  const load = (name: string): Promise<unknown> => import(/* @vite-ignore */ entryOf(page.root, name));
  const vite = (await load("vite")) as Vite;
  return {
    ...page,
    vite,
    edit: (app, from, to) => page.write(COMPONENTS[app], (files[COMPONENTS[app]] as string).replace(from, to)),
    async settings() {
      const made = await Promise.all(PLUGINS.map(load));
      const [react, vue, svelte] = made as [
        { default(): PluginOption },
        { default(): PluginOption },
        typeof import("@sveltejs/vite-plugin-svelte"),
      ];
      return {
        root: page.root,
        configFile: false,
        logLevel: "silent",
        plugins: [isopool() as PluginOption, react.default(), vue.default(), svelte.svelte({ configFile: false })],
        resolve: { alias: { "isopool/browser-context": join(repository, "src/carrier/runtime/index.ts") } },
        // A worker's chunks are loaded later, too; Vite 7 asks for modules then.
        worker: { format: "es" },
      };
    },
  };
}

/** What a package exports to `import`, by its path: the copy in the project, whose own imports are the project's. */
function entryOf(root: string, name: string): string {
  const folder = join(root, "node_modules", name);
  const { exports } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as { exports: Exports };
  let entry: Exports | undefined = exports;
  while (typeof entry === "object") entry = entry["."] ?? entry["import"] ?? entry["default"];
  return pathToFileURL(join(folder, entry ?? "")).href;
}

type Exports = string | { readonly [condition: string]: Exports };

/** All that the repository has, by links; the plugins as copies, for they import the Vite that lies beside them. */
function install(root: string, vite: string): void {
  const [from, to] = [repository, root].map((each) => join(each, "node_modules")) as [string, string];
  const names = readdirSync(from)
    .filter((name) => !name.startsWith("."))
    .flatMap((name) =>
      name.startsWith("@") ? readdirSync(join(from, name)).map((each) => `${name}/${each}`) : [name],
    );
  for (const name of names) {
    if (name === "vite") continue;
    mkdirSync(dirname(join(to, name)), { recursive: true });
    if (PLUGINS.includes(name)) cpSync(join(from, name), join(to, name), { recursive: true });
    else symlinkSync(join(from, name), join(to, name));
  }
  symlinkSync(join(from, vite), join(to, "vite"));
}
