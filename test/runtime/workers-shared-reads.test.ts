// Lone reads of one turn leave in one request; those of two requests of an isolate never do.

import { describe, expect, test } from "vitest";
import { DATES, startIsolate } from "./workers/isolate.ts";

const GROUPS = 6;
// The newest date has all of them: what differs at the older ones shows in a few.
const CASES = DATES.map((date) => [date, date === undefined ? 500 : 50] as const);

describe.each(CASES)("at compatibility date %s, with %d requests of an isolate", (compatibilityDate, requests) => {
  test("each of 6 groups of reads is one request of its own", async () => {
    const { get, server } = await startIsolate(
      "shared-reads.ts",
      compatibilityDate === undefined ? {} : { compatibilityDate },
    );
    await server.forgetRequests();
    let next = 0;
    const answers = new Set<string>();
    const client = async (): Promise<void> => {
      while (next < requests) {
        const { status, body } = await get(`/?id=${++next}&groups=${GROUPS}`);
        answers.add(`${status} ${body}`);
      }
    };
    await Promise.all(Array.from({ length: 40 }, client));
    expect([...answers]).toEqual(["200 0"]);
    const sent = (await server.requests()).map(({ sql }) => sql.map((text) => /'(.*)'/.exec(text)?.[1]));
    const mixed = sent.filter((of) => new Set(of).size > 1);
    expect(mixed).toEqual([]);
    expect(sent.map(({ length }) => length).filter((length) => length !== 3)).toEqual([]);
    expect(new Set(sent.map(([of]) => of)).size).toBe(requests * GROUPS);
    expect(sent).toHaveLength(requests * GROUPS);
  });
});
