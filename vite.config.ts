// The page in demo/page: `npm start` serves it while working, `npm run build:demo` builds it into demo/dist.

import { fileURLToPath } from "node:url";
import { defineConfig } from "vite";
import { isopool } from "./src/carrier/vite.ts";
import { localWorker } from "./demo/worker/local/plugin.ts";

// Nothing inline, and no code or picture from elsewhere; WebAssembly may be compiled, no other code may be made at run time. Data may
// come from elsewhere: a database can be opened by its address.
const policy = [
  "default-src 'none'",
  "script-src 'self' 'wasm-unsafe-eval'",
  "connect-src 'self' https:",
  "img-src 'self'",
  "style-src 'self'",
  "worker-src 'self'",
].join("; ");

const headers = { "Content-Security-Policy": policy };

export default defineConfig({
  root: "demo/page",
  base: "./",
  // As a tag too: the built page keeps its policy on hosts that let nobody set a header.
  plugins: [
    {
      name: "content-security-policy",
      transformIndexHtml: () => [
        { tag: "meta", attrs: { "http-equiv": "Content-Security-Policy", content: policy }, injectTo: "head-prepend" },
      ],
    },
    // The page itself passes sessions by hand; the view of contexts has one module that is built both ways.
    isopool({ exclude: (id) => !id.endsWith("?carried") }),
    localWorker(fileURLToPath(new URL(".", import.meta.url))),
  ],
  server: { host: "127.0.0.1", headers, cors: false },
  preview: { host: "127.0.0.1", headers, cors: false },
  worker: { format: "es" },
  build: {
    outDir: "../dist",
    emptyOutDir: true,
    // A data: URL would need a wider policy.
    assetsInlineLimit: 0,
  },
});
