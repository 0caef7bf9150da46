// A worker with a database in files, as an application has it. Started by stopped.test.ts.

import * as fs from "node:fs";
import process from "node:process";
import { parentPort, workerData } from "node:worker_threads";
import initSqlJs from "sql.js";
import { fileStorage } from "isopool/sql-js/storage/file";
import { serveSqlJs } from "isopool/sql-js/worker/host";

const scope = {
  postMessage: (message) => parentPort.postMessage(message, []),
  addEventListener: (type, listener) => parentPort.on(type, (data) => listener({ data })),
};
const storage = workerData.folder ? fileStorage({ fs, process, folder: workerData.folder }) : undefined;
serveSqlJs({ sqlJs: () => initSqlJs(), storage }, scope);
