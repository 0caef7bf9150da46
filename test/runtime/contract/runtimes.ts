// The runtimes in which the contracts run: a real workerd, a real Chromium.

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { chromium } from "@playwright/test";
import { root } from "../../package/package.ts";
import { browserPath } from "../../setup/ensure-browser.mjs";
import { watchConsoles } from "../../setup/secrets.ts";
import { bundlePage, bundleWorker } from "../bundle.ts";
import { startMiniflare } from "../miniflare.ts";
import { startWorkerd } from "../workerd.ts";
import type { Answer, Question } from "./suites.ts";

/** A runtime in which a bundle of suites waits for questions. */
export interface Asked {
  ask(question: Question): Promise<Answer>;
  /** What it complained about by itself so far; `""` when nothing. */
  complaints(): string;
  stop(): Promise<void>;
}

export interface Code {
  /** Module that exports `suites`. */
  readonly file: string;
  /** WebAssembly that the suites are handed. */
  readonly wasm: readonly string[];
  /** URL of the door. */
  readonly door: string;
  /** Each case runs in a Durable Object of its own. */
  readonly isInObject: boolean;
  /** How many databases of D1 there are. */
  readonly databases: number;
}

export const runtimes: Readonly<Record<string, (code: Code) => Promise<Asked>>> = {
  workerd: askWorkerd,
  Chromium: askChromium,
};

const answerer = JSON.stringify(join(import.meta.dirname, "answerer.ts"));
const workersEntry = JSON.stringify(join(root, "src/integrations/workers/index.ts"));

async function askWorkerd({ file, wasm, door, isInObject, databases }: Code): Promise<Asked> {
  const files = wasm.map((path) => basename(path));
  const imports = files.map((name, index) => `import wasm${index} from ${JSON.stringify(`./${name}`)};`);
  const modules = files.map((name, index) => `${JSON.stringify(name)}: wasm${index}`);
  const { code } = await bundled(
    `${imports.join("\n")}
    import { createAnswerer } from ${answerer};
    import { suites } from ${JSON.stringify(file)};
    import { workers } from ${workersEntry};
    import { env } from "cloudflare:workers";
    // Emscripten asks where the page is; Workers have none.
    globalThis.location ??= { href: "http://localhost/" };
    const database = { runtime: workers({ warn: false }) };
    let used = 0;
    const d1 = () => env["DB" + used++];
    const world = { d1, door: ${JSON.stringify(door)}, wasm: { ${modules.join()} }, database };
    const answer = async (request, storage) =>
      Response.json(await createAnswerer(suites, { ...world, storage })(await request.json()));
    export class Case {
      constructor({ storage }) {
        this.storage = storage;
      }
      fetch(request) {
        return answer(request, this.storage);
      }
    }
    export default {
      fetch: (request, { Case: objects }) => ${isInObject} ? objects.get(objects.newUniqueId()).fetch(request) : answer(request),
    };`,
    (entry) => bundleWorker(entry),
  );
  const names = Array.from({ length: databases }, (_, at) => `DB${at}`);
  const workerd =
    databases > 0
      ? await startMiniflare({ script: code, databases: names })
      : await startWorkerd({ script: code, wasm, durableObjects: ["Case"], hasSql: isInObject });
  return {
    ask: async (question) => {
      const response = await fetch(workerd.url, { method: "POST", body: JSON.stringify(question) });
      return response.ok ? ((await response.json()) as Answer) : { outcome: await response.text() };
    },
    complaints: () => workerd.log(),
    stop: () => workerd.stop(),
  };
}

async function askChromium({ file, wasm, door }: Code): Promise<Asked> {
  const { code } = await bundled(
    `
    import { createAnswerer } from ${answerer};
    import { suites } from ${JSON.stringify(file)};
    globalThis.prepare = async (files) => {
      const compile = async ([name, base64]) =>
        [name, await WebAssembly.compile(Uint8Array.from(atob(base64), (character) => character.charCodeAt(0)))];
      const wasm = Object.fromEntries(await Promise.all(Object.entries(files).map(compile)));
      globalThis.answer = createAnswerer(suites, { door: ${JSON.stringify(door)}, wasm, database: {} });
    };`,
    (entry) => bundlePage(join(entry, ".."), entry),
  );
  const executablePath = browserPath();
  const browser = await chromium.launch({
    ...(executablePath !== undefined && { executablePath }),
    // Chromium looks up its maker's servers at start, and a machine without a network waits for them.
    args: ["--host-resolver-rules=MAP * ^NOTFOUND , EXCLUDE localhost , EXCLUDE 127.0.0.1"],
  });
  try {
    const page = await browser.newPage();
    const complaints: string[] = [];
    page.on("pageerror", ({ message }) => complaints.push(message));
    watchConsoles(page.context());
    await page.goto(door);
    await page.addScriptTag({ type: "module", content: code });
    const files = wasm.map((path) => [basename(path), readFileSync(path).toString("base64")]);
    await page.evaluate(`prepare(${JSON.stringify(Object.fromEntries(files))})`);
    return {
      ask: (question) => page.evaluate(`answer(${JSON.stringify(question)})`),
      complaints: () => complaints.join("\n"),
      stop: () => browser.close(),
    };
  } catch (error) {
    await browser.close();
    throw error;
  }
}

/** Bundles a module that is given as text. */
async function bundled<Bundle>(source: string, bundle: (entry: string) => Promise<Bundle>): Promise<Bundle> {
  const folder = mkdtempSync(join(tmpdir(), "isopool-contract-"));
  try {
    const entry = join(folder, "entry.js");
    writeFileSync(entry, source);
    return await bundle(entry);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
