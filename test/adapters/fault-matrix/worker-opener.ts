import { join } from "node:path";
import { bundleWorker } from "../../runtime/bundle.ts";
import { startWorkerd, type WorkerdOptions } from "../../runtime/workerd.ts";
import { call } from "../../runtime/workers/client.ts";
import type { Action, Opener, Told } from "./stage.ts";

const scripts = new Map<string, Promise<string>>();

/** A file of this folder as a Worker's script; each is bundled once. */
export function scriptOf(file: string): Promise<string> {
  let script = scripts.get(file);
  if (!script) scripts.set(file, (script = bundleWorker(join(import.meta.dirname, file)).then(({ code }) => code)));
  return script;
}

/** The client leaves while a message is on its way, or while its answer is. */
export function leavingAt(at: string, fault: object): Action[] {
  return ["hang", "hang-after"].map((action) => ({
    name: `${action}, left`,
    at,
    fault: { ...fault, action },
    next: "abort",
  }));
}

/**
 * Units of work that are requests of a real Worker.
 *
 * @param path - `/kept` or `/bare`.
 */
export async function openerOf(
  path: string,
  bindings: Readonly<Record<string, string>>,
  more: Partial<WorkerdOptions> = {},
): Promise<Opener> {
  const script = await scriptOf("worker.ts");
  const workerd = await startWorkerd({ script, bindings, compatibilityFlags: ["nodejs_compat"], ...more });
  const { url } = workerd;
  const ask = async (route: string): Promise<Record<string, number>> =>
    (await (await fetch(url + route)).json()) as Record<string, number>;
  return {
    open: () => ({
      work: async (ending, signal) => {
        const { answer, reset } = call(url, `${path}?ending=${ending}`);
        signal?.addEventListener("abort", reset);
        return ((await answer)?.body as Told | undefined) ?? "gone";
      },
      busy: async () => {
        const { busy = 0, waiting = 0 } = await ask("/stats");
        return busy + waiting > 0 ? [`busy ${busy}, waiting ${waiting}`] : [];
      },
      // A Worker disposes of nothing: its sockets end with their requests, streams at libSQL's server expire, and those of a pool host
      // end with the object.
      dispose: async () => void (await ask("/end")),
    }),
    stop: () => workerd.stop(),
  };
}
