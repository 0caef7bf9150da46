// Draws programs from seeds: functions that ask, compute, branch, loop, throw and catch. Each ends: its loops count.

import { Dice } from "../simulation/dice.ts";

/** An ES module that exports `main(db, log, tick)`. */
export function programOf(seed: number): string {
  return new Author(seed).module();
}

/** What each program may call: functions that only compute, one that does not, and one that is handed whatever it gets. */
const SHARED = `const plus = (n, more = 1) => n + more;
function sign({ n }) { if (n > 1) return "many"; const few = "few"; return few; }
const asked = async (tx, k) => tx.sql\`update t set n = n + ? where k = \${k} \${1}\`;
const read = async (tx, { k }) => { return await tx.sql\`select n from t where k = \${k}\`.first(); };`;

class Author {
  readonly #dice: Dice;
  #names = 0;
  #budget = 26;
  /** Functions that may be called: none calls one that stands behind it. */
  #helpers: string[] = [];

  constructor(seed: number) {
    this.#dice = new Dice(seed);
  }

  module(): string {
    const dice = this.#dice;
    const method = dice.of(["session", "transaction"]);
    const lines = [SHARED];
    for (const [name, head] of [
      ["helper", "async function helper(tx, n, log, tick) {"],
      ["other", dice.of(["const other = async (tx, n, log, tick) => {", "async function other(tx, n, log, tick) {"])],
    ] as const) {
      lines.push(`${head}\n${this.#block(["n"], 1, "tx", false)}\n}${head.startsWith("const") ? ";" : ""}`);
      this.#helpers.push(name);
    }
    const arrow = dice.of(["async (tx) =>", "async (tx) =>", "async function (tx)"]);
    const body = this.#block(["one", "rows"], 0, "tx", true);
    const work = dice.chance(0.06)
      ? `async (tx) => ${this.#query("tx", ["one"])}${dice.of(["", ".first()"])}`
      : dice.chance(0.06)
        ? `${dice.of(["", "async "])}(tx) => ${dice.of(["helper", "other"])}(tx, one, log, tick)`
        : `${arrow} {\n${body}\n}`;
    const call = `db.${method}(${work})`;
    const around = dice.of([
      `return ${call};`,
      `const done = await ${call};\nlog("done");\nreturn done;`,
      `try {\nreturn await ${call};\n} catch (error) {\nlog(error.message);\nreturn "caught";\n}`,
      `return db.session(async (outer) => {\n${this.#statement(["one"], 2, "outer", false)}\nconst inner = await outer.transaction(async (tx) => {\n${body}\n}${dice.of(["", ', { propagation: "nested" }'])});\n${this.#statement(["one"], 2, "outer", false)}\nreturn inner;\n});`,
    ]);
    lines.push(`export const main = async (db, log, tick) => {\nlet one = 1;\nconst rows = [1, 2];\n${around}\n};`);
    return lines.join("\n");
  }

  #name(): string {
    return `v${++this.#names}`;
  }

  #block(names: readonly string[], depth: number, tx: string, isWork: boolean): string {
    const dice = this.#dice;
    const known = [...names];
    const lines: string[] = [];
    const count = 1 + dice.below(depth === 0 ? 7 : 3);
    for (let line = 0; line < count && this.#budget > 0; line++) lines.push(this.#statement(known, depth, tx, isWork));
    if (dice.chance(depth === 0 ? 0.6 : 0.12)) lines.push(this.#end(known, tx));
    return lines.join("\n");
  }

  #end(names: readonly string[], tx: string): string {
    const dice = this.#dice;
    const name = this.#name();
    const query = this.#query(tx, names);
    return dice.of([
      `return ${query};`,
      `return await ${query};`,
      `return ${query}.first();`,
      `return ${this.#pure(names)};`,
      `return { seen: ${this.#pure(names)} };`,
      `return [${query}, ${this.#query(tx, names)}];`,
      `const [${name}] = await ${query};\nawait ${this.#query(tx, names)};\nreturn { ${dice.of([name, `${name}, ok: true`, `${name}, ${names.at(-1) ?? "one"}`])} };`,
      `await Promise.all([${query}, ${this.#query(tx, names)}]);`,
      `return (await ${query})[0];`,
      `const ${name} = await ${query};\n${dice.of(["", `await ${this.#query(tx, names)};\n`])}return ${dice.of([`${name}[0]`, `{ n: ${name}.length, first: ${name}[0]?.n }`, `${name}.map((row) => row.n)`, `${name}.map(({ n }) => ({ n, ${names.at(-1) ?? "one"} }))`, `${name}.filter((row) => row.n)`, `${name}.map((row) => row.n.deep.er)`])};`,
      `return asked(${tx}, "a");`,
      `return await read(${tx}, { k: "b" });`,
      `const ${name} = await ${query};\nreturn ${name};`,
      `const ${name} = await ${query}.first();\nreturn { ${name}, ok: true };`,
      `const [${name}] = await ${query};\nreturn ${name}.n;`,
      `const ${name} = await ${query};\nreturn ${tx}.sql\`select count(*) as n from t\`;`,
      `const ${name} = ${query};\nreturn ${name};`,
      "return;",
    ]);
  }

  #query(tx: string, names: readonly string[]): string {
    const dice = this.#dice;
    const key = dice.of([`"a"`, `"b"`, `"k" + ${this.#pure(names)}`, `"c"`]);
    return dice.of([
      `${tx}.sql\`update t set n = n + ? where k = \${${key}} \${${this.#pure(names)}}\``,
      `${tx}.sql\`update t \${${key}} \${${this.#pure(names)}} returning n\``,
      `${tx}.sql\`insert into t \${${key}} \${2}\``,
      `${tx}.sql\`select n from t where k = \${${key}}\``,
      `${tx}.sql\`select count(*) as n from t\``,
      `${tx}.sql\`delete from t \${${key}} \${0}\``,
    ]);
  }

  #pure(names: readonly string[]): string {
    const dice = this.#dice;
    const name = names.length > 0 ? dice.of(names) : "1";
    return dice.of([
      `${dice.below(5)}`,
      name,
      `(${name} + 1)`,
      `String(${name}).length`,
      `(${name} ? 1 : 2)`,
      `[${name}].map((x) => x)[0]`,
    ]);
  }

  #statement(names: string[], depth: number, tx: string, isWork: boolean): string {
    const dice = this.#dice;
    this.#budget--;
    const query = this.#query(tx, names);
    const name = this.#name();
    const isDeep = depth >= 3;
    const inner = (more: readonly string[] = []): string => this.#block([...names, ...more], depth + 1, tx, isWork);
    const way = dice.next();
    if (way < 0.3) return `await ${query}${dice.of([";", ";", ".run();"])}`;
    if (way < 0.38) return (names.push(name), `const [${name}] = (await ${query}).map((row) => row.n);`);
    if (way < 0.45) return (names.push(name), `const ${name} = await ${query}${dice.of(["", ".first()", ".run()"])};`);
    if (way < 0.5) return (names.push(name), `let ${name} = ${this.#pure(names)};`);
    if (way < 0.54) return `one ${dice.of(["=", "+="])} ${this.#pure(names)};`;
    if (way < 0.58) return `log(${this.#pure(names)});`;
    if (way < 0.6) return `await tick();`;
    if (way < 0.63) return `await ${tx}.query("update t set n", [${this.#pure(names)}, 3]);`;
    if (way < 0.66) return `rows.push(${this.#pure(names)});`;
    if (way < 0.69)
      return `const ${name} = [];\n${name}.push(${this.#pure(names)});\nawait ${query};\n${name}.push(2);\nlog(${name}.length);`;
    if (way < 0.71) return `const ${name} = () => { log(one); return one; };\nawait ${query};\n${name}();`;
    if (way < 0.73) return `if (${this.#pure(names)} === undefined) throw new Error("thrown ${name}");`;
    if (way < 0.75) return `const ${name} = ${dice.of(names.length > 0 ? names : ["one"])}.missing.deep;`;
    if (way < 0.79 && this.#helpers.length > 0) return this.#call(names, name, tx);
    if (way < 0.86) return this.#odd(names, name, tx, isDeep);
    if (isDeep) return `await ${query};`;
    if (way < 0.9)
      return `if (${this.#pure(names)} > 1) ${dice.chance(0.5) ? `await ${query};` : `{\n${inner()}\n}`}${dice.chance(0.4) ? `\nelse {\n${inner()}\n}` : ""}`;
    if (way < 0.95) return this.#loop(names, name, tx, inner);
    if (way < 0.985)
      return `try {\n${inner()}\n} ${dice.of(["catch (error) {\nlog(error.message);\n}", `finally {\nlog("finally");\n}`, `catch {\nawait ${query};\n}`, `catch (error) {\nlog([one, error.message]);\n} finally {\nlog(one);\n}`])}`;
    return `await ${tx}.transaction(async (tx) => {\n${this.#block(names, depth + 1, "tx", true)}\n}${dice.of(["", ', { propagation: "nested" }'])});`;
  }

  /** Calls a function that asks. */
  #call(names: string[], name: string, tx: string): string {
    const dice = this.#dice;
    const call = `${dice.of(this.#helpers)}(${tx}, ${this.#pure(names)}, log, tick)`;
    return dice.of([
      `await ${call};`,
      `await ${call};`,
      `const ${name} = await ${call};\nlog(${name} === undefined);`,
      `await asked(${tx}, "c");`,
      `const ${name} = await asked(${tx}, "c");\nlog(${name}.length);`,
      `const ${name} = await read(${tx}, { k: "a" });\nawait ${this.#query(tx, names)};\nlog(${name}?.n);`,
    ]);
  }

  /** Values that are wanted later, or in the middle of something. */
  #odd(names: readonly string[], name: string, tx: string, isDeep: boolean): string {
    const dice = this.#dice;
    const [query, next] = [this.#query(tx, names), this.#query(tx, names)];
    const late = dice.of([
      `const [${name}] = await ${query};`,
      `const ${name} = await ${query}.first();`,
      `const ${name} = (await ${query})[0];`,
      `let ${name} = await ${query}.run();`,
    ]);
    const between = dice.of([
      `await ${next};`,
      `if (${this.#pure(names)} > 1) await ${next};`,
      `one += 1;\nawait ${next};`,
      `log("between");\nawait ${next};`,
      `const ${name}n = plus(${this.#pure(names)});\nawait ${next};\nlog(${name}n);`,
      `await ${next};\nif (sign({ n: one }) === "many") one = 0;`,
    ]);
    return dice.of([
      `${late}\n${between}\nlog(${name} === undefined);`,
      `${late}\n${between}\n{\n${late.replaceAll(name, `${name}b`)}\nawait ${next};\nlog([${name}b === undefined, ${name} === undefined]);\n}`,
      `const ${name}f = () => log(${name} === undefined);\n${late}\nawait ${next};\n${dice.of(["", `await tick().then(${name}f);\n`])}${name}f();`,
      `log((await ${query}).length);`,
      `one = (await ${query}).length;\nawait ${next};`,
      `if ((await ${query}).length > 0) await ${next};`,
      `const ${name} = [log(1), (await ${query}).length];\nlog(${name}[1]);`,
      `const ${name} = ${dice.of(["undefined", "{ f: log }"])};\n${name}?.f((await ${query}).length);\nawait ${next};`,
      `const ${name} = one > 1 && (await ${query}).length;\nawait ${next};\nlog(${name});`,
      `const ${name} = \`\${one} \${(await ${query}).length}\`;\nlog(${name});`,
      `${isDeep ? "" : `await Promise.all([${query}, ${next}]);\n`}await Promise.all([1, 2].map((k) => ${tx}.sql\`update t \${"p" + k} \${k}\`));`,
      `switch (${this.#pure(names)}) {\ncase 1:\nawait ${query};\nbreak;\ncase 2:\nawait ${query};\ndefault:\nawait ${next};\n}`,
      `const ${name} = new Map([["a", 1]]);\nawait ${query};\n${name}.set("b", ${name}.get("a"));\nawait ${next};\nlog(${name}.size);`,
    ]);
  }

  #loop(names: readonly string[], name: string, tx: string, inner: (more?: readonly string[]) => string): string {
    const dice = this.#dice;
    const query = this.#query(tx, names);
    const over = dice.of([
      "[1, 2, 3]",
      "rows.slice(0, 2)",
      "new Set([1, 2])",
      "new Map([[1, 2]]).keys()",
      "[3, 4].values()",
      "each(log)",
    ]);
    return dice.of([
      `for (const ${name} of ${over}) {\n${inner([name])}\n${dice.of(["", "", "break;", "continue;"])}\n}`,
      `for (const ${name} of await ${query}) {\n${inner([])}\nlog(${name}.n);\n}`,
      `for (let ${name} = 0; ${name} < 3; ${name}++) {\n${inner([name])}\n}`,
      `let ${name} = 0;\nwhile (${name} < 2) {\n${name} += 1;\n${inner([name])}\n}`,
      `for (const ${name} in { 1: 1, 2: 2 }) {\n${inner([name])}\n}`,
      `const ${name} = [];\nfor (const k of ${over}) {\n${dice.of(["", inner([])])}\nconst [row] = await ${query};\n${name}.push(${dice.of(["row", "{ k, row }", "[row]"])});\n}\n${dice.of(["", `await ${query};\n`, `one += ${name}.length;\n`])}${dice.of([`log(${name});`, `return ${name};`, ""])}`,
      `for (const ${name} of [1, 2]) {\ntry {\n${inner([name])}\n${dice.of(["continue;", "break;", `one += ${name};`, ""])}\n} catch (error) {\nlog([one, error.message]);\n}\n}`,
    ]);
  }
}
