import { expect, test } from "vitest";
import { judgeRow, rows } from "./providers.ts";
test.each(rows)("$name", async (row) => {
  const judged = await judgeRow(row);
  const count = (v: string) => judged.filter(({ verdict }) => verdict === v).length;
  console.log(row.name, ["right", "lost", "wrong", "impossible"].map((v) => `${v} ${count(v)}`).join(), JSON.stringify(judged.filter(({ verdict }) => verdict !== "right").slice(0, 40)));
  expect(judged).toHaveLength(35);
}, 60_000);
