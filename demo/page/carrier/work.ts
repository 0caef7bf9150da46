// What both transactions do. It is built twice: with the plugin for one worker, without it for the other.

import type { Database } from "../../../src/index.ts";

/** It is handed no session: wherever it looks, its own should be current. */
export async function work(db: Database, name: string, look: (place: string) => void): Promise<void> {
  const pace = name === "A" ? 70 : 110;
  look("at the start");
  await sleep(pace);
  look("after an await");
  await helper(pace, look);
  for await (const page of pages(2, pace)) look(`in a loop, page ${page}`);
  try {
    await Promise.reject(new Error("sold out"));
  } catch {
    look("in a catch");
  }
  await new Promise<void>((resolve) => {
    setTimeout(() => {
      look("in a timer's callback");
      resolve();
    }, pace);
  });
  await db.sql`insert into visit values (${name}, 'by ' || ${name})`;
  look("after its statement");
}

async function helper(pace: number, look: (place: string) => void): Promise<void> {
  await sleep(pace);
  look("in a helper");
}

async function* pages(count: number, pace: number): AsyncGenerator<number> {
  for (let page = 1; page <= count; page++) {
    await sleep(pace);
    yield page;
  }
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
