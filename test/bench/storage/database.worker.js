import { opfs } from "../../../dist/adapters/sql-js/storage/index.js";
import { serveSqlJs } from "../../../dist/adapters/sql-js/worker/host-entry.js";
import { load } from "./ours.js";

serveSqlJs({ sqlJs: load, storage: opfs({ folder: "remote" }) });
