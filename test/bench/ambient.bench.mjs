// What an await costs in Chromium: as the engine has it, with our plugin, with zone.js, and with unctx.
// Each is a bundle of its own in a page of its own, and rounds take turns. A figure is the fastest tenth of its rounds: others
// work on this machine too, and nothing makes an await faster than it is. The
// targets are for what is added to the engine's own await, which a busy machine slows as well.

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chromium } from "@playwright/test";
import { unctxPlugin } from "unctx/plugin";
import { build } from "vite";
import { isopool } from "../../dist/carrier/vite.js";
import { ensureBrowser } from "../setup/ensure-browser.mjs";

const ROUNDS = 60;
const AWAITS = 100_000;
const root = join(import.meta.dirname, "..", "..");

/** Awaits of a settled promise, of a value, and of another async function that awaits. */
const LOOPS = `
const settled = Promise.resolve();
const called = async () => { await null; };
const loops = {
  promise: async (n) => { for (let i = 0; i < n; i++) { await settled; } },
  value: async (n) => { for (let i = 0; i < n; i++) { await null; } },
  call: async (n) => { for (let i = 0; i < n; i++) { await called(); } },
};`;

const OURS = `${LOOPS}
import { AsyncContext } from "isopool/browser-context";
const variable = new AsyncContext.Variable();`;

const CONTENDERS = {
  native: { source: `${LOOPS} export const run = (kind, n) => loops[kind](n);` },
  without: { source: `${OURS} export const run = (kind, n) => loops[kind](n);`, plugins: () => [isopool()] },
  within: {
    source: `${OURS} export const run = (kind, n) => variable.run("A", () => loops[kind](n));`,
    plugins: () => [isopool()],
  },
  zone: {
    source: `import "zone.js"; ${LOOPS}
      export const run = (kind, n) => Zone.current.fork({ name: "A" }).run(() => loops[kind](n));`,
    target: "es2016",
    awaits: AWAITS / 10,
  },
  unctx: {
    // It carries over the awaits that are written in a function handed to it, and over no other.
    source: `import { createContext } from "unctx";
      const settled = Promise.resolve();
      const context = createContext({ asyncContext: false });
      const called = async () => { await null; };
      export const run = (kind, n) => ({
        promise: () => context.callAsync("A", async () => { for (let i = 0; i < n; i++) { await settled; } }),
        value: () => context.callAsync("A", async () => { for (let i = 0; i < n; i++) { await null; } }),
        call: () => context.callAsync("A", async () => { for (let i = 0; i < n; i++) { await called(); } }),
      })[kind]();`,
    plugins: () => [unctxPlugin.vite({ asyncFunctions: ["callAsync"] })],
  },
};

export default async function measureAwaits() {
  const { executablePath } = await ensureBrowser();
  const browser = await chromium.launch({
    executablePath,
    args: ["--host-resolver-rules=MAP * ^NOTFOUND , EXCLUDE 127.0.0.1"],
  });
  try {
    const pages = {};
    for (const [name, contender] of Object.entries(CONTENDERS)) {
      pages[name] = await browser.newPage();
      await pages[name].addScriptTag({ type: "module", content: await bundled(contender) });
      await pages[name].waitForFunction("globalThis.measure !== undefined");
    }
    const figures = {};
    for (let round = 0; round < ROUNDS; round++)
      for (const kind of ["promise", "value", "call"])
        for (const [name, { awaits = AWAITS }] of Object.entries(CONTENDERS)) {
          const ns = await pages[name].evaluate(([of, n]) => globalThis.measure(of, n), [kind, awaits]);
          ((figures[kind] ??= {})[name] ??= []).push(ns);
        }
    return Object.entries(figures).flatMap(([kind, byName]) => rows(kind, byName));
  } finally {
    await browser.close();
  }
}

const WORDS = { promise: "await of a promise", value: "await of a value", call: "await of an async function" };

function rows(kind, byName) {
  const { native, without, within, zone, unctx } = Object.fromEntries(
    Object.entries(byName).map(([name, all]) => [name, fastest(all)]),
  );
  const what = WORDS[kind];
  const row = (name, value, more) => {
    // A call costs a frame besides its two awaits: told, with no target.
    const target =
      more === undefined || kind === "call" ? {} : { target: `at most ${more} ns more`, ok: value - native <= more };
    return { name: `${what}: ${name}`, value, unit: "ns", ratio: value / native, ...target };
  };
  return [
    row("the engine's own", native),
    row("with the plugin, in a context", within, 30),
    row("with the plugin, in none", without, 10),
    row("zone.js, target es2016", zone),
    row("unctx", unctx),
  ];
}

function fastest(values) {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 10)];
}

async function bundled({ source, plugins = () => [], target = "esnext" }) {
  const folder = mkdtempSync(join(tmpdir(), "isopool-bench-"));
  try {
    const entry = join(folder, "entry.js");
    const measure = `globalThis.measure = async (kind, n) => {
      const start = performance.now();
      await run(kind, n);
      return ((performance.now() - start) * 1e6) / n;
    };`;
    writeFileSync(join(folder, "run.js"), source);
    writeFileSync(entry, `import { run } from "./run.js";\n${measure}`);
    const [{ output }] = [
      await build({
        root: folder,
        configFile: false,
        logLevel: "silent",
        plugins: plugins(),
        resolve: {
          alias: {
            "isopool/carrier-runtime": join(root, "dist/carrier/runtime/abi.js"),
            "isopool/browser-context": join(root, "dist/carrier/runtime/index.js"),
            unctx: join(root, "node_modules/unctx"),
            "zone.js": join(root, "node_modules/zone.js"),
          },
        },
        build: { write: false, target, modulePreload: false, rolldownOptions: { input: entry } },
      }),
    ].flat();
    return output[0].code;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
