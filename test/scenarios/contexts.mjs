// `browserContext()` with the Vite plugin: the scenarios of contexts, as a page that plays them and posts the result.

import { createServer } from "node:http";
import { join } from "node:path";
import { build } from "vite";
import { isopool } from "../../dist/carrier/vite.js";
import { makeProfile, startBrowser } from "./browsers.mjs";

const root = join(import.meta.dirname, "..", "..");
let code;

/** @returns the scenarios with their verdicts; nothing where the browser gave no answer within `waitMs`. */
export async function judgeContexts(browser, waitMs) {
  code ??= await bundle();
  const profile = makeProfile();
  let answer;
  const answered = new Promise((resolve) => (answer = resolve));
  const server = createServer((request, response) => {
    const isScript = request.url === "/bundle.js";
    response.setHeader("Content-Type", isScript ? "text/javascript" : "text/html");
    response.end(
      isScript ? code : '<!doctype html><meta charset="utf-8"><script type="module" src="/bundle.js"></script>',
    );
    if (request.method === "POST") void textOf(request).then((text) => answer(JSON.parse(text)));
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const started = startBrowser(browser, profile.path, `http://127.0.0.1:${server.address().port}/`);
  void started.ended.then(() => answer(undefined));
  const timer = setTimeout(() => answer(undefined), waitMs);
  try {
    return await answered;
  } finally {
    clearTimeout(timer);
    await started.kill();
    server.closeAllConnections();
    server.close();
    await profile.remove();
  }
}

async function textOf(request) {
  let text = "";
  for await (const chunk of request.setEncoding("utf8")) text += chunk;
  return text;
}

async function bundle() {
  const entry = "\0scenarios";
  const source = `import { judge } from ${JSON.stringify(join(import.meta.dirname, "score.ts"))};
    import { browserContext } from ${JSON.stringify(join(root, "dist/carrier/runtime/index.js"))};
    const body = JSON.stringify(await judge(browserContext({ warn: false })));
    await fetch("/", { method: "POST", body });`;
  const [{ output }] = [
    await build({
      root,
      configFile: false,
      logLevel: "silent",
      plugins: [
        {
          name: "entry",
          resolveId: (id) => (id === "scenarios" ? entry : null),
          load: (id) => (id === entry ? source : null),
        },
        isopool(),
      ],
      resolve: { alias: { "isopool/carrier-runtime": join(root, "dist/carrier/runtime/abi.js") } },
      build: {
        write: false,
        target: "esnext",
        modulePreload: false,
        rolldownOptions: { input: "scenarios", output: { codeSplitting: false } },
      },
    }),
  ].flat();
  return output[0].code;
}
