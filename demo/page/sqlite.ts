// SQLite itself: sql.js, loaded once; and databases on it, from nothing or from the bytes of a file.

import initSqlJs from "sql.js";
import wasmUrl from "sql.js/dist/sql-wasm-browser.wasm?url";
import { sqlJs } from "../../src/adapters/sql-js/index.ts";
import { createDatabase, type Database, type DatabaseEvent } from "../../src/index.ts";
