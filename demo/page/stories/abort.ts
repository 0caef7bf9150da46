import type { Database } from "../../../src/index.ts";
import type { Chosen } from "./chosen.ts";
import { sleep } from "./sleep.ts";

export async function abort(db: Database, signal: AbortSignal, chosen: Chosen): Promise<string> {
  const restock = (product: number, controller: AbortController) =>
    db.session(
      async (session) => {
        await session.query("update products set stock = stock + 100 where id = ?", [product]);
        await sleep(3 * chosen.thinkMs);
      },
      { signal: AbortSignal.any([controller.signal, signal]) },
    );

  const [working, waiting, patient] = [new AbortController(), new AbortController(), new AbortController()];
  const sessions = [restock(1, working), restock(2, waiting), restock(3, patient)];
  setTimeout(() => waiting.abort(new Error("left the line")), chosen.thinkMs);
  setTimeout(() => working.abort(new Error("was aborted while working")), 2 * chosen.thinkMs);

  const ends = await Promise.allSettled(sessions);
  const [first, second, third] = ends.map((end) => (end.status === "fulfilled" ? "committed" : end.reason.message));
  return `The first ${first}, the second ${second}, the third ${third}.`;
}
