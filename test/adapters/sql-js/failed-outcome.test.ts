import { expect, test } from "vitest";
import { FAILING_TABLES, FAILING_WRITES } from "../sqlite/failing-writes.ts";
import { open, run } from "./connection.ts";

test.each([...FAILING_WRITES, ["select abs(-9223372036854775807 - 1)", "plain", "not-executed"]] as const)(
  "%s: `not-executed` only when nothing of it stays",
  async (text, table, outcome) => {
    const connection = await open();
    for (const each of FAILING_TABLES) await run(connection, each);
    const { rows: before } = await run(connection, `select n from ${table}`);
    await expect(run(connection, text)).rejects.toMatchObject({ code: "QUERY_FAILED", outcome });
    const { rows } = await run(connection, `select n from ${table}`);
    expect(rows).toEqual(outcome === "unknown" ? [...before, [1]] : before);
  },
);
