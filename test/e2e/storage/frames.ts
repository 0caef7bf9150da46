// Frames of one page, as tabs are to a shared database: one of them has the engine, and is taken away with requests under way.

import type { Fate, Order } from "./program.ts";

const FRAMES = 4;
const ROUNDS = 8;
/** Even ones are one statement, and leave one row; odd ones are a session of two. */
const REQUESTS = 40;

type Perform = (order: Order) => Promise<{ readonly result?: unknown; readonly error?: unknown }>;
type Child = HTMLIFrameElement & { readonly contentWindow: Window & { readonly inPage: Perform } };

/** How many requests were done, how many are unknown, and those that are not in the database as they were told to be. */
export async function playFrames(order: Order): Promise<{ done: number; unknown: number; wrong: unknown[] }> {
  const ask = async (frame: Child, op: Order["op"], args: readonly unknown[] = []): Promise<unknown> => {
    const { result, error } = await frame.contentWindow.inPage({ ...order, op, args });
    if (error) throw error;
    return result;
  };
  const open = async (): Promise<Child> => {
    const frame = await openFrame();
    await ask(frame, "run", ["CREATE TABLE IF NOT EXISTS log (id INTEGER, parts INTEGER)"]);
    return frame;
  };
  const frames = new Set<Child>();
  while (frames.size < FRAMES) frames.add(await open());
  const fates = new Map<number, Fate[1]>();
  let id = 0;
  for (let round = 0; round < ROUNDS; round++) {
    for (const frame of frames) {
      await ask(frame, "request", [id, REQUESTS]);
      for (const end = id + REQUESTS; id < end; id++) fates.set(id, "unknown");
    }
    if (round % 2 === 1)
      for (const frame of frames)
        if (((await ask(frame, "heard")) as { role: string }).role === "leader") {
          frame.remove();
          frames.delete(frame);
        }
    for (const frame of frames) for (const [each, fate] of (await ask(frame, "fates")) as Fate[]) fates.set(each, fate);
    while (frames.size < FRAMES) frames.add(await open());
  }
  const [first] = frames;
  const rows = (await ask(first!, "run", ["SELECT id, count(*) AS parts FROM log GROUP BY id"])) as {
    readonly id: number;
    readonly parts: number;
  }[];
  const stored = new Map(rows.map(({ id, parts }) => [id, parts]));
  const wrong = [...fates].filter(([id, fate]) => {
    const parts = stored.get(id) ?? 0;
    const isWhole = parts === (id % 2 === 0 ? 1 : 2);
    return fate === "done" ? !isWhole : parts > 0 && !(fate === "unknown" && isWhole);
  });
  const count = (fate: Fate[1]): number => [...fates.values()].filter((each) => each === fate).length;
  return { done: count("done"), unknown: count("unknown"), wrong };
}

async function openFrame(): Promise<Child> {
  const frame = document.createElement("iframe");
  const loaded = new Promise((resolve) => frame.addEventListener("load", resolve));
  frame.src = "/";
  document.documentElement.append(frame);
  await loaded;
  return frame as Child;
}
