import type { Database } from "../../../src/index.ts";
import { sleep } from "./sleep.ts";

export async function abort(db: Database, signal: AbortSignal): Promise<string> {
  const restock = (product: number, controller: AbortController) =>
    db.session(
      async (session) => {
        await session.query("update products set stock = stock + 100 where id = ?", [product]);
        await sleep(500);
      },
      { signal: AbortSignal.any([controller.signal, signal]) },
    );

  const [working, waiting, patient] = [new AbortController(), new AbortController(), new AbortController()];
  const sessions = [restock(1, working), restock(2, waiting), restock(3, patient)];
  setTimeout(() => waiting.abort(new Error("left the line")), 180);
  setTimeout(() => working.abort(new Error("was aborted while working")), 360);

  const ends = await Promise.allSettled(sessions);
  const [first, second, third] = ends.map((end) => (end.status === "fulfilled" ? "committed" : end.reason.message));
  return `The first ${first}, the second ${second}, the third ${third}.`;
}
