import { browserContext } from "../../../src/carrier/runtime/index.ts";
import type { Script } from "../../kit/fake-adapter.ts";
import { fakeDatabase } from "../../kit/fake-database.ts";

export const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Every answer takes a while; `rows` gives two. */
export function ambientDatabase() {
  const script: Script = async (text) => {
    await sleep(1);
    return text === "rows" ? { columns: ["number"], rows: [[1], [2]] } : undefined;
  };
  return fakeDatabase({ script }, { context: browserContext({ warn: false }), pool: { max: 200 } }).db;
}
