// `npm run scenarios`: the scenarios in the engines that are here: Chromium, Firefox, WebKitGTK. What is missing is said, and is no
// failure. Each opens a page that plays them and posts the result: no driver is needed, only the browser itself.

import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { build } from "vite";
import { isopool } from "../../dist/carrier/vite.js";
import { browserPath } from "../setup/ensure-browser.mjs";

const WAIT_MS = 60_000;
const root = join(import.meta.dirname, "..", "..");

const ENGINES = {
  Chromium: {
    path: browserPath(),
    args: (profile, url) => [
      ...["--headless", "--no-sandbox", "--no-first-run", `--user-data-dir=${profile}`],
      ...["--host-resolver-rules=MAP * ^NOTFOUND , EXCLUDE 127.0.0.1", url],
    ],
  },
  Firefox: {
    path: onPath("firefox-esr", "firefox"),
    package: "firefox-esr",
    args: (profile, url) => ["--headless", "--no-remote", "--profile", profile, url],
  },
  WebKitGTK: {
    path: firstOf(
      ["4.1", "6.0", "4.0"].flatMap((version) =>
        ["x86_64-linux-gnu", "aarch64-linux-gnu"].map(
          (machine) => `/usr/lib/${machine}/webkit2gtk-${version}/MiniBrowser`,
        ),
      ),
      ["x86_64-linux-gnu", "aarch64-linux-gnu"].map((machine) => `/usr/lib/${machine}/webkitgtk-6.0/MiniBrowser`),
    ),
    package: "libwebkit2gtk-4.1-0 and xvfb",
    // It has no headless mode: where there is no display, it is lent one.
    within: process.env.DISPLAY || process.env.WAYLAND_DISPLAY ? undefined : (onPath("xvfb-run") ?? "xvfb-run"),
    args: (_profile, url) => ["--private", url],
  },
};

const code = await bundle();
let isRight = true;
for (const [name, engine] of Object.entries(ENGINES)) {
  const lacks = engine.path === undefined || (engine.within !== undefined && !existsSync(engine.within));
  if (lacks) {
    console.log(`${name}: not here${engine.package ? `; Debian has it as ${engine.package}` : ""}`);
    continue;
  }
  const judged = await play(engine);
  const right = judged?.filter(({ verdict }) => verdict === "right").length;
  const possible = judged?.filter(({ verdict }) => verdict !== "impossible").length;
  if (!judged || right !== possible) isRight = false;
  console.log(
    judged
      ? `${name}: ${right} of ${possible}`
      : `${name}: did not start, or gave no answer within ${WAIT_MS / 1000} s`,
  );
  for (const { name: scenario, verdict, seen } of judged ?? [])
    if (verdict !== "right") console.log(`  ${verdict}: ${scenario} ${JSON.stringify(seen) ?? ""}`);
}
process.exitCode = isRight ? 0 : 1;

async function play({ path, args, within }) {
  const profile = mkdtempSync(join(tmpdir(), "isopool-engine-"));
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
  const command = [
    ...(within ? [within, "-a"] : []),
    path,
    ...args(profile, `http://127.0.0.1:${server.address().port}/`),
  ];
  // A group of its own: a browser is many processes.
  const browser = spawn(command[0], command.slice(1), { detached: true, stdio: "ignore" });
  const ended = new Promise((resolve) => browser.once("close", resolve).once("error", resolve));
  void ended.then(() => answer(undefined));
  const timer = setTimeout(() => answer(undefined), WAIT_MS);
  try {
    return await answered;
  } finally {
    clearTimeout(timer);
    // The whole group, if it is not gone by itself.
    if (browser.exitCode === null && browser.pid !== undefined) process.kill(-browser.pid);
    await ended;
    server.closeAllConnections();
    server.close();
    rmSync(profile, { recursive: true, force: true, maxRetries: 10 });
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

function onPath(...names) {
  const folders = (process.env.PATH ?? "").split(delimiter);
  return firstOf(names.flatMap((name) => folders.map((folder) => join(folder, name))));
}

function firstOf(...lists) {
  return lists.flat().find((path) => existsSync(path));
}
