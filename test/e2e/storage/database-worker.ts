// A worker with a database, as an application has it: three lines.

import initSqlJs from "sql.js";
import { opfs } from "../../../src/adapters/sql-js/storage/index.ts";
import { serveSqlJs } from "../../../src/adapters/sql-js/worker/host-entry.ts";

serveSqlJs({ sqlJs: () => initSqlJs({ locateFile: () => "/sql-wasm-browser.wasm" }), storage: opfs() });
