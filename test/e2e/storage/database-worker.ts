// A worker with a database, as an application has it: three lines.

import initSqlJs from "sql.js";
import { opfs } from "../../../src/adapters/sql-js/storage/index.ts";
import { serveSqlJs } from "../../../src/adapters/sql-js/worker/host-entry.ts";

// Ends without a word, as one that ran out of memory.
new BroadcastChannel("end").addEventListener("message", () => close());

serveSqlJs({ sqlJs: () => initSqlJs({ locateFile: () => "/sql-wasm-browser.wasm" }), storage: opfs() });
