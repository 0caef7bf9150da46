// One small handler for each thing that is saved, on the table `goods (id, name)` with the rows (1, tea) and (2, salt).

interface Handler {
  readonly text: string;
  /** Requests as written, and fused. */
  readonly plain: number;
  readonly fused: number;
}

const work = (body: string, plain: number, fused: number): Handler => ({
  text: `export const main = async (db, log) => db.transaction(async (tx) => {\n${body}\n});`,
  plain,
  fused,
});
const rename = (id: string, name: string): string =>
  `await tx.sql\`update goods set name = \${${name}} where id = \${${id}}\`;`;
const add = (id: string, name: string): string => `await tx.sql\`insert into goods values (\${${id}}, \${${name}})\`;`;

export const small: Readonly<Record<string, Handler>> = {
  "a transfer of two updates": work(`${rename("1", '"a"')} ${rename("2", '"b"')}`, 3, 1),
  "an update and its log": work(`${rename("1", '"a"')} ${add("3", '"log"')} ${add("4", '"event"')}`, 4, 1),
  "a check, then writes": work(
    `const [row] = await tx.sql\`select id from goods where name = \${"tea"}\`;
     if (!row) throw new Error("none");
     ${rename("row.id", '"sold"')} ${add("3", '"order"')}`,
    4,
    2,
  ),
  "a check that fails": work(
    `const [row] = await tx.sql\`select id from goods where name = \${"rice"}\`;
     if (!row) throw new Error("none");
     ${rename("row.id", '"sold"')}`,
    2,
    2,
  ),
  "an import in a loop": work(`for (const [at, name] of ["x", "y", "z"].entries()) { ${add("at + 3", "name")} }`, 4, 1),
  "an import of an array": work(
    `for (const item of [{ id: 3, name: "x" }, { id: 4, name: "y" }]) { ${add("item.id", "item.name")} }`,
    3,
    1,
  ),
  "a hundred rows": work(`for (let id = 3; id < 103; id++) ${add("id", '"n" + id')}`, 101, 2),
  "an order and its lines": work(
    `const [order] = await tx.sql\`insert into goods values (3, 'order') returning id\`;
     const lines = [];
     for (const line of [4, 5]) { ${add("line", '"line" + order.id + line')} lines.push(line); }
     ${rename("1", '"less"')}
     return { order: order.id, lines };`,
    5,
    2,
  ),
  "either, or": work(
    `const isNew = true; if (isNew) { ${add("3", '"new"')} } else { ${rename("1", '"old"')} } ${rename("2", '"seen"')}`,
    3,
    1,
  ),
  "a read at the end": work(
    `${rename("1", '"a"')} const rows = await tx.sql\`select * from goods where id = 1\`; return rows;`,
    3,
    1,
  ),
  "a returned query": work(
    `${rename("1", '"a"')} return tx.sql\`update goods set name = \${"b"} where id = 2 returning id\`;`,
    3,
    1,
  ),
  "a row that is looked into": work(
    `const row = await tx.sql\`insert into goods values (3, \${"x"}) returning id\`.first(); return row.id;`,
    2,
    2,
  ),
  "a row as it is": work(
    `const row = await tx.sql\`insert into goods values (3, \${"x"}) returning id\`.first(); return { row };`,
    2,
    1,
  ),
  "a total of its own": work(
    `let total = 0; for (const n of [1, 2]) { total += n; ${rename("n", '"n" + total')} } ${add("3", '"total" + total')}`,
    4,
    1,
  ),
  "a unique name that is taken": work(`${rename("1", '"a"')} ${add("3", '"salt"')} ${add("4", '"never"')}`, 3, 2),
  "deletes of an account": work(
    `await tx.sql\`delete from goods where id = 1\`; await tx.sql\`delete from goods where id = 2\`; ${add("9", '"gone"')}`,
    4,
    1,
  ),
  "a call in between": work(`${rename("1", '"a"')} log("sent"); ${rename("2", '"b"')}`, 3, 2),
  "an error that is caught": work(
    `try { ${add("3", '"tea"')} } catch { ${add("3", '"green"')} } ${rename("1", '"a"')}`,
    4,
    2,
  ),
  "reads of a page": {
    text: `export const main = async (db) => Promise.all([db.sql\`select count(*) as n from goods\`, db.sql\`select * from goods\`]);`,
    plain: 1,
    fused: 1,
  },
  "a read, then a transaction": {
    text: `export const main = async (db) => {
      const [row] = await db.sql\`select id from goods where name = 'tea'\`;
      await db.transaction(async (tx) => { ${rename("row.id", '"a"')} ${rename("2", '"b"')} });
      return db.sql\`select name from goods where id = \${row.id}\`.first();
    };`,
    plain: 5,
    fused: 3,
  },
};
