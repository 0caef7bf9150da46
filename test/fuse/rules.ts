// One small program for each rule: broken, it can be told from the one that it was made of.

const session = (body: string, more = ""): string =>
  `${more}\nexport const main = async (db, log, tick) => db.session(async (tx) => {\nconst rows = [1, 2];\n${body}\n});`;
const SET = "await tx.sql`update t ${'a'} ${1}`;";
const TAKEN = "await tx.sql`insert into t ${'a'} ${1}`;";

export const rules: Readonly<Record<string, string>> = {
  "a call waits": session(`${SET} log(1); ${SET}`),
  "an assignment that a closure sees waits": session(
    `let x = 0; const see = () => log(x); tick().then(see); ${SET} x = 1; ${SET}`,
  ),
  "a try waits": session(`${SET} try { ${TAKEN} } catch (error) { log(error.message); } ${SET}`),
  "what is thrown waits": session(`${TAKEN} throw new Error("mine");`),
  "what throws waits": session(`${TAKEN} const x = rows.missing.deep;`),
  "what throws in the middle waits": `export const main = async (db, log, tick) => db.session(async (tx) => {
    const part = async () => { ${SET} const x = tx.missing.deep; };
    try { await part(); } catch (error) { log(error.message); }
    return (await tx.sql\`select n from t where k = \${"a"}\`)[0].n;
  });`,
  "a push on what a query was given waits": session(
    "const list = []; await tx.sql`update t ${'a'} ${list}`; list.push(7); return (await tx.sql`select n from t where k = ${'a'}`)[0].n;",
  ),
  "a push on what somebody else has waits": session(
    `const list = []; tick().then(() => log(list.length)); ${SET} list.push(1); ${SET}`,
  ),
  "a loop over a generator waits": session(`const items = each(log); ${SET} for (const x of items) { ${SET} }`),
  "a loop over a set waits": session(`for (const x of new Set([1, 2])) { ${SET} }`),
  "a failure stops what is behind it": session(`${SET} ${TAKEN} await tx.sql\`update t \${"z"} \${1}\`;`),
  "a failure stops what is behind it where it is caught": `export const main = async (db, log, tick) => db.session(async (tx) => {
    const part = async () => { ${SET} ${TAKEN} await tx.sql\`update t \${"z"} \${1}\`; };
    try { await part(); } catch (error) { log(error.message); }
    return (await tx.sql\`select count(*) as n from t\`)[0].n;
  });`,
  "a query that is returned in a variable is ahead of COMMIT": session(
    `const q = tx.sql\`update t \${"a"} \${2}\`; ${SET} return q;`,
  ),
  "a list of queries is ahead of COMMIT": session(
    `${SET} return [tx.sql\`update t \${"a"} \${2}\`, tx.sql\`select n from t where k = \${"a"}\`];`,
  ),
  "what may throw behind the last query is ahead of COMMIT": session(
    "const [row] = await tx.sql`select n from t where k = ${'missing'}`; return row.n;",
  ),
  "a value that waits has what is ahead of it": session(
    `${SET} const [row] = await tx.sql\`select n from t where k = \${"a"}\`; return row.n;`,
  ),
  "a function inside is not the end of its session": `export const main = async (db, log, tick) => db.session(async (tx) => {
    const other = { transaction: (work) => work(tx) };
    await other.transaction(async (tx) => { ${SET} await tx.sql\`update t \${"b"} \${1}\`; });
    log(1);
    ${TAKEN}
  });`,
  "a wrapper goes on behind the work": `const wrapper = (db) => ({
    transaction: (work) => db.session(async (tx) => { await work(tx); await tx.query("insert into t", ["a", 1]); }),
  });
  export const main = async (db, log, tick) => wrapper(db).transaction(async (tx) => { ${SET} ${SET} });`,
  "branches keep their chains": session(
    `const part = async (k) => { await tx.sql\`update t \${k} \${1}\`; ${TAKEN} await tx.sql\`update t \${k + "2"} \${1}\`; };
    const ends = await Promise.allSettled([part("x"), part("y")]);
    return [ends.map((each) => each.status), (await tx.sql\`select count(*) as n from t\`)[0].n];`,
  ),
  "a plain session asks one by one": `export const main = async (db, log, tick) => db.session(async (tx) => { ${SET} ${TAKEN} ${SET} }, { transaction: false });`,
  "an impure value waits": session(
    `const f = () => { log(1); return 1; }; ${SET} await tx.sql\`update t \${"a"} \${f()}\`; ${SET}`,
  ),
  "rows that are refused stop what is behind them": session(
    `${SET} await tx.sql\`select n, n from t where k = \${"a"}\`; ${SET}`,
  ),
  "sixty-four share a flight, and more go on": session(
    "for (let i = 0; i < 150; i++) await tx.sql`update t ${'a'} ${i}`;",
  ),
  "another session's statement waits": `export const main = async (db, log, tick) => db.session(async (tx) => {
    ${SET} await db.autocommit.sql\`select n from t where k = \${"a"}\`; ${SET}
  });`
    .replace("db.autocommit.sql", "lone.sql")
    .replace(SET, `const lone = db.autocommit; ${SET}`),
};
