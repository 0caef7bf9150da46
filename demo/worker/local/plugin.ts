// Vite's servers, with the Worker beside them: `npm start` and the preview that the tests look at.

import type { IncomingMessage } from "node:http";
import { join } from "node:path";
import { normalizePath, type Plugin, type PreviewServer, type ViteDevServer } from "vite";
import { type LocalWorker, startLocalWorker } from "./local-worker.ts";
import { burst, forward, type Middleware, refuse } from "./proxy.ts";

/** Runs the Worker while the page is served; the page works without it, too. */
export function localWorker(root: string): Plugin {
  return {
    name: "local-worker",
    configureServer: async (server) => {
      const worker = await attach(server, root);
      if (worker) reloadOnChange(server, worker, root);
    },
    configurePreviewServer: async (server) => void (await attach(server, root)),
  };
}

async function attach(server: ViteDevServer | PreviewServer, root: string): Promise<LocalWorker | undefined> {
  const { logger } = server.config;
  let worker: LocalWorker | undefined;
  let problem = "";
  try {
    worker = await startLocalWorker(root);
    logger.info("  The Worker is at /api, on a libSQL server of its own, with the sample shop in it.");
    stopWith(server, worker);
  } catch (error) {
    problem = `The Worker does not run here: ${error instanceof Error ? error.message : String(error)}`;
    logger.error(`${problem}\nThe page is served without it.`);
  }
  server.middlewares.use((request, response, next) => {
    const make = handlerOf(request);
    if (!make) next();
    else if (worker) make(worker.url)(request, response);
    else refuse(response, 503, problem);
  });
  return worker;
}

function handlerOf({ url = "" }: IncomingMessage): ((target: string) => Middleware) | undefined {
  if (url.startsWith("/api/")) return forward;
  return url.startsWith("/burst?") ? burst : undefined;
}

/** Whatever ends the server ends the Worker, and the database with it. */
function stopWith(server: ViteDevServer | PreviewServer, worker: LocalWorker): void {
  const kill = (): void => void worker.stop();
  const end = (): Promise<void> => {
    process.off("exit", kill).off("SIGINT", interrupt);
    return worker.stop();
  };
  const interrupt = (): void => void end().finally(() => process.exit(130));
  // Vite answers SIGTERM by closing its server, and waits for it; a restart behind a change of its config does not ask.
  const close = server.close.bind(server);
  server.close = async () => void (await Promise.all([end(), close()]));
  server.httpServer?.once("close", () => void end());
  process.once("SIGINT", interrupt).once("exit", kill);
}

/** A change of the Worker, or of the library below it, starts it anew. */
function reloadOnChange(server: ViteDevServer, worker: LocalWorker, root: string): void {
  const folders = ["demo/worker", "src"].map((folder) => normalizePath(join(root, folder)));
  server.watcher.add(folders);
  server.watcher.on("change", (file) => {
    if (!folders.some((folder) => normalizePath(file).startsWith(`${folder}/`))) return;
    worker.reload().then(
      () => server.config.logger.info("The Worker was bundled anew."),
      (error: unknown) => server.config.logger.error(String(error)),
    );
  });
}
