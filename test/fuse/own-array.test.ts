import { expect, test } from "vitest";
import { createDatabase } from "../../src/index.ts";
import { fakeAdapter } from "../../src/integrations/testing/index.ts";
import { fused, load, ours } from "./run.ts";

test.each(["sort", "reverse", "valueOf"])(
  "an array is sent as it was, though %s() has given it another name and it grows behind",
  async (method) => {
    const text = `export const main = (db) => db.transaction(async (tx) => {
      const a = [2, 1];
      const b = a.${method}();
      await tx.sql\`insert \${b}\`;
      a.push(9);
      await tx.sql\`insert \${1}\`;
    });`;
    const seen: string[] = [];
    for (const [code, given] of [
      [text, undefined],
      [fused(text), ours.abi],
    ] as const) {
      const sent: unknown[] = [];
      const adapter = fakeAdapter({
        answer: ({ params }) => void (params && sent.push(JSON.stringify(params))),
        capabilities: { dialect: "postgres", placeholder: "$" },
      });
      const db = createDatabase("fake:db", { adapters: [adapter] });
      await load(code, given, {})(
        db,
        () => undefined,
        async () => undefined,
      );
      seen.push(JSON.stringify(sent));
      await db.dispose();
    }
    expect(seen[1]).toBe(seen[0]);
  },
);
