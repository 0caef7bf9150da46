// A script that asks once, and closes nothing: run in a process of its own, with a library's name and a server's addresses.

import type { RunningServer } from "../servers/neon/server.ts";
import { openPostgres } from "./postgres-players.ts";
import type { Library } from "./story.ts";

const { LIBRARY, URL: url = "", PLAIN_URL: plainUrl = "", WS_PROXY: wsProxy = "" } = process.env;
const server = { url, plainUrl, wsProxy } as RunningServer;
const [row] = await openPostgres[LIBRARY as Library]!(server).ask("SELECT 1 AS one");
console.log(`asked ${String(row?.["one"])}`);
