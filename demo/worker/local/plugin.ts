// Vite's servers, with the Worker beside them: `npm start` and the preview that the tests look at.

import type { IncomingMessage } from "node:http";
import { join } from "node:path";
import { normalizePath, type Plugin, type PreviewServer, type ViteDevServer } from "vite";
import { localHosted, localLibsql, localNeon } from "./databases.ts";
import { type LocalWorker, startLocalWorker } from "./local-worker.ts";
import { burst, forward, type Middleware, refuse } from "./proxy.ts";

interface Place {
  /** Before the Worker's own paths. */
  readonly mount: string;
  /** The database, in words. */
  readonly on: string;
  readonly start: (root: string) => Promise<LocalWorker>;
}

/** The same Worker three times, each with a URL of its own. */
const places: readonly Place[] = [
  { mount: "", on: "its own libSQL server", start: (root) => startLocalWorker(root, localLibsql) },
  {
    mount: "/neon",
    on: "its own PostgreSQL behind a proxy like Neon's",
    start: (root) => startLocalWorker(root, localNeon),
  },
  {
    mount: "/hosted",
    on: "its own PostgreSQL through a pool host, a Durable Object",
    start: (root) => startLocalWorker(root, localHosted),
  },
];

/** Runs the Worker while the page is served; the page works without it, too. */
export function localWorker(root: string): Plugin {
  return {
    name: "local-worker",
    configureServer: async (server) => {
      const workers = await attachAll(server, root);
      if (workers.length > 0) reloadOnChange(server, workers, root);
    },
    configurePreviewServer: async (server) => void (await attachAll(server, root)),
  };
}

async function attachAll(server: ViteDevServer | PreviewServer, root: string): Promise<LocalWorker[]> {
  const [libsql, neon, hosted] = places;
  const workers = await Promise.all([libsql, neon].map((place) => attach(server, root, place!)));
  // Not at the same time: to fill three shops at once is much for a small machine.
  workers.push(await attach(server, root, hosted!));
  const running = workers.filter((worker) => worker !== undefined);
  if (running.length > 0) stopWith(server, running);
  return running;
}

/** A database that does not start leaves the others at work: whoever asks for it is told why. */
async function attach(
  server: ViteDevServer | PreviewServer,
  root: string,
  { mount, on, start }: Place,
): Promise<LocalWorker | undefined> {
  const { logger } = server.config;
  let worker: LocalWorker | undefined;
  let problem = "";
  try {
    worker = await start(root);
    logger.info(`  The Worker is at ${mount}/api, on ${on}, with the sample shop.`);
  } catch (error) {
    problem = `The Worker does not run on ${on} here: ${error instanceof Error ? error.message : String(error)}`;
    logger.error(`${problem}\nThe page is served without it.`);
  }
  server.middlewares.use((request, response, next) => {
    const make = handlerOf(request, mount);
    if (!make) next();
    else if (worker) make(worker.url, mount)(request, response);
    else refuse(response, 503, problem);
  });
  return worker;
}

function handlerOf(
  { url = "" }: IncomingMessage,
  mount: string,
): ((target: string, mount: string) => Middleware) | undefined {
  if (url.startsWith(`${mount}/api/`)) return forward;
  return url.startsWith(`${mount}/burst?`) ? burst : undefined;
}

/** Whatever ends the server ends the Workers, and their databases with them. */
function stopWith(server: ViteDevServer | PreviewServer, workers: readonly LocalWorker[]): void {
  const stop = (): Promise<unknown> => Promise.all(workers.map((worker) => worker.stop()));
  const kill = (): void => void stop();
  const end = (): Promise<unknown> => {
    process.off("exit", kill).off("SIGINT", interrupt);
    return stop();
  };
  const interrupt = (): void => void end().finally(() => process.exit(130));
  // Vite answers SIGTERM by closing its server, and waits for it; a restart behind a change of its config does not ask.
  const close = server.close.bind(server);
  server.close = async () => void (await Promise.all([end(), close()]));
  server.httpServer?.once("close", () => void end());
  process.once("SIGINT", interrupt).once("exit", kill);
}

/** A change of the Worker, or of the library below it, starts it anew. */
function reloadOnChange(server: ViteDevServer, workers: readonly LocalWorker[], root: string): void {
  const folders = ["demo/worker", "src"].map((folder) => normalizePath(join(root, folder)));
  server.watcher.add(folders);
  server.watcher.on("change", (file) => {
    if (!folders.some((folder) => normalizePath(file).startsWith(`${folder}/`))) return;
    Promise.all(workers.map((worker) => worker.reload())).then(
      () => server.config.logger.info("The Worker was rebuilt."),
      (error: unknown) => server.config.logger.error(String(error)),
    );
  });
}
