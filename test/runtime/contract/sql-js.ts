import initSqlJs from "sql.js";
import type { SqlJsStatic } from "../../../src/adapters/sql-js/index.ts";
import { sqlJsTarget } from "../../adapters/sql-js/counted-engine.ts";
import type { Suites, World } from "./suites.ts";

export const suites: Suites = ({ wasm }) => {
  let engine: SqlJsStatic | undefined;
  // The engine, not its promise, is kept: in a Worker, no request may wait for what another one began.
  return { "sql.js": sqlJsTarget(async () => (engine ??= await load(wasm))) };
};

/** From compiled code, which is all that a Worker may have. */
async function load(wasm: World["wasm"]): Promise<SqlJsStatic> {
  const module = wasm["sql-wasm-browser.wasm"]!;
  const instantiateWasm = (imports: WebAssembly.Imports, done: (...made: object[]) => void): object => {
    const instance = new WebAssembly.Instance(module, imports);
    done(instance, module);
    return instance.exports;
  };
  return initSqlJs({ instantiateWasm, useOldExtensionFunctions: false } as object);
}
