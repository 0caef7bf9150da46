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
  "a plain session's statement is not sent twice": `export const main = async (db, log, tick) => {
    await db.sql\`select n from t where k = \${"a"}\`;
    await db.session(async (tx) => { ${SET} await tx.sql\`update t \${"b"} \${1}\`; }, { transaction: false });
  };`,
  "a function that is another by now waits": session(
    `let part = async (tx) => { ${SET} }; part = async () => { log(1); }; ${SET} await part(tx); ${SET}`,
  ),
  "a function that is awaited asks in order": session(
    `${SET} await part(tx, log); await part(tx, log); ${TAKEN}`,
    `async function part(tx, log) { ${SET} if (tx === undefined) log(1); await tx.sql\`update t \${"b"} \${1}\`; }`,
  ),
  "a function that was not entered hands nothing on": session(
    `${SET} try { await part(null); } catch { log("caught"); } ${SET}
    return await other(tx).then(() => tx.query("select count(*) as n from t")).then(({ rows }) => rows[0].n);`,
    `const part = async ({ k }) => { await k.sql\`update t \${"b"} \${1}\`; };
    const other = async (tx) => { await tx.sql\`update t \${"c"} \${1}\`; };`,
  ),
  "what a function gives is there where it is looked at": session(
    `${SET} const rows1 = await part(tx); return rows1.length;`,
    "const part = async (tx) => tx.sql`select n from t where k = ${'a'}`;",
  ),
  "what a function gives and nobody looks at is held": session(
    `${SET} await part(tx); await part(tx); ${SET}`,
    "const part = async (tx) => { return tx.sql`update t ${'b'} ${1}`; };",
  ),
  "a query that a function gives runs in order": session(
    `${SET} await part(tx); ${SET}`,
    `const part = async (tx) => { const q = tx.sql\`update t \${"b"} \${1}\`; ${SET} return q; };`,
  ),
  "work that is a call of a function ends with it": `const part = async (tx) => { ${SET} ${SET} };
    export const main = async (db, log, tick) => { await db.transaction((tx) => part(tx)); log("done"); };`,
  "a value is there where it is used": session(
    `const [row] = await tx.sql\`select n from t where k = \${"a"}\`; ${SET} return row.n;`,
  ),
  "a value is there for a closure that was made before": session(
    `const see = () => log(row === undefined); const [row] = await tx.sql\`select n from t where k = \${"a"}\`; ${SET} see();`,
  ),
  "a pattern that throws stops what is behind it": session(
    `try { const [{ n }] = await tx.sql\`select n from t where k = \${"none"}\`; ${SET} log(n); } catch { log("caught"); }`,
  ),
  "a name that is not there is not behind COMMIT": session(
    `const [row] = await tx.sql\`update t \${"a"} \${1} returning n\`; ${SET} return { row, missing };`,
  ),
  "a query in a variable is not behind COMMIT": session(
    `const q = tx.sql\`update t \${"b"} \${1}\`; const [row] = await tx.sql\`select n from t where k = \${"a"}\`; return row ? q : row;`,
  ),
  "a list that is looked at is filled": session(
    "const list = []; for (const k of [1, 2]) { if (list.length > 0) await tx.sql`update t ${'l'} ${1}`; const [row] = await tx.sql`select n from t where k = ${'a'}`; list.push(row); } return list;",
  ),
  "a list keeps what there was": session(
    "const list = []; let at = 0; for (const k of [1, 2]) { at += k; const [row] = await tx.sql`select n from t where k = ${'a'}`; list.push({ row, at }); } return list;",
  ),
  "a list that is returned is filled": session(
    "const list = []; for (const k of [1, 2]) { const [row] = await tx.sql`update t ${'l'} ${k} returning n`; list.push({ k, row }); } return list;",
  ),
  "what was asked ahead of a try is not caught in it": session(
    `${TAKEN} try { ${SET} } catch (error) { log(error.message); } ${SET}`,
  ),
  "what a try asks is caught where it ends": session(`try { ${SET} ${TAKEN} } catch (error) { log(error.message); }`),
  "what a try asks is caught where it is left": session(
    `for (const k of rows) { try { ${TAKEN} if (k > 1) break; ${SET} continue; } catch (error) { log(k); } }`,
  ),
  "what a try asks is caught where it returns": session(
    `try { ${TAKEN} return 1; } catch (error) { log(error.message); } return 2;`,
  ),
  "what a try asks wins over what it throws": session(
    `try { ${TAKEN} const x = rows.missing.deep; } catch (error) { log(error.message); }`,
  ),
  "what a try assigns is as it was when it failed": session(
    `let x = 0; try { ${TAKEN} x = 1; ${SET} } catch { log(x); }`,
  ),
  "what a try fills is as it was when it failed": session(
    `const list = []; try { ${TAKEN} list.push(1); ${SET} } catch { log(list.length); }`,
  ),
  "a finally runs for what its try asked alone": session(`${TAKEN} try { ${SET} } finally { log("finally"); }`),
  "what may not be evaluated waits": session(
    `const no = rows.length > 5; ${SET} log(no && (await tx.sql\`select n from t where k = \${"a"}\`).length); ${SET}`,
  ),
  "what is not reached waits": session(
    `const no = undefined; ${SET} log(no?.f((await tx.sql\`select n from t where k = \${"a"}\`).length)); ${SET}`,
  ),
  "what is evaluated first waits": session(
    `${SET} const x = [log(1), (await tx.sql\`select n from t where k = \${"a"}\`).length]; return x[1];`,
  ),
  "a function that does more than compute waits": session(
    `const noisy = (n) => { log(n); return n; }; ${SET} await tx.sql\`update t \${"b"} \${noisy(1)}\`;`,
  ),
  "a function of another by its name waits": session(
    `const part = async (plus) => { ${SET} await tx.sql\`update t \${"b"} \${plus(1)}\`; }; await part((n) => { log(n); return n; });`,
    "const plus = (n) => n + 1;",
  ),
  "a default that does more than compute waits": session(
    `${SET} const x = rows.map((n = log(1)) => n).length; const y = [undefined].map((n = log(2)) => n).length; ${SET} return x + y;`,
  ),
  "queries that are awaited together are the last only at the end": session(
    `await Promise.all([tx.sql\`update t \${"b"} \${1}\`, tx.sql\`update t \${"c"} \${1}\`]); ${SET}`,
  ),
  "queries that are awaited together are the last": session(
    `const [row] = await tx.sql\`select n from t where k = \${"a"}\`;
    await Promise.all([1, 2].map((k) => tx.sql\`update t \${"p" + k} \${k}\`)); return row;`,
  ),
  "a case that asks somebody waits": session(`${SET} switch (1) { case log(1): ${SET} default: ${SET} }`),
  "what is made of each row may throw": session(
    `const found = await tx.sql\`update t \${"a"} \${1} returning n\`; return found.map((row) => row.missing.deep);`,
  ),
  "what is made of rows may leave with COMMIT": session(
    `${SET} const found = await tx.sql\`select n from t where k = \${"a"}\`;
    return { all: found.map((row) => ({ n: row.n })), some: found.filter(({ n }) => n), first: found[0], count: found.length };`,
  ),
  "one row of what was asked is the last": session(
    `${SET} return (await tx.sql\`select n from t where k = \${"a"}\`)[0];`,
  ),
};
