import { createRequire } from "node:module";
import { contractEverywhere } from "./contract/everywhere.ts";
import { suites } from "./contract/sql-js.ts";

const wasm = createRequire(import.meta.url).resolve("sql.js/dist/sql-wasm-browser.wasm");

contractEverywhere({ file: "sql-js.ts", suites, wasm: [wasm] });
