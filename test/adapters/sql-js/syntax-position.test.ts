import { expect, test } from "vitest";
import { isDbError } from "../../../src/errors.ts";
import { open, run } from "./connection.ts";

// `^` marks where SQLite stops reading.
const TEXTS = [
  "^selec 1",
  "select a from ^from t",
  "select s, s s ^s s",
  "select 1 from^",
  "select (1, 2^",
  "select ^'abc",
  "select ^,1",
  "select 1, ^, 2",
  "select 1 ,^,,",
  "insert into t(selected) values (1) ^select",
  "select selected, from_x, fro from ^where",
  "select 'x' 'y' ^'z'",
  'select "a" "b" ^"c"',
  "select ^@",
  "select ^12ab",
  "select 1 where a = ^= 2",
  "/* a a */ ^a b",
  "-- a\nselect é é ^é",
  "select case when 1 then 2 ^nd",
];

test("a syntax error tells where the database stopped reading, though the token stands there more than once", async () => {
  const connection = await open();
  for (const marked of TEXTS) {
    const text = marked.replace("^", "");
    const error = await run(connection, text).then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    if (!isDbError(error, "QUERY_FAILED")) throw new Error(`expected \`${text}\` to fail`, { cause: error });
    const { position = -1, kind } = error.details;
    expect(`${text.slice(0, position)}^${text.slice(position)}`).toBe(marked);
    expect(kind).toBe("syntax");
  }
  await connection.close();
});
