// Draws programs from seeds: functions that ask, compute, branch, loop, throw and catch. Each ends: its loops count.

import { Dice } from "../simulation/dice.ts";

/** An ES module that exports `main(db, log, tick)`. */
export function programOf(seed: number): string {
  return new Author(seed).module();
}

class Author {
  readonly #dice: Dice;
  #names = 0;
  #budget = 26;
  // One that calls itself never ends, and awaits at each step: no stack overflows.
  #isInHelper = true;

  constructor(seed: number) {
    this.#dice = new Dice(seed);
  }

  module(): string {
    const dice = this.#dice;
    const method = dice.of(["session", "transaction"]);
    const helper = `async function helper(tx, n, log, tick) {\n${this.#block(["n"], 1, "tx", false)}\n}`;
    this.#isInHelper = false;
    const arrow = dice.of(["async (tx) =>", "async (tx) =>", "async function (tx)"]);
    const body = this.#block(["one", "rows"], 0, "tx", true);
    const work = dice.chance(0.06)
      ? `async (tx) => ${this.#query("tx", ["one"])}${dice.of(["", ".first()"])}`
      : `${arrow} {\n${body}\n}`;
    const call = `db.${method}(${work})`;
    const around = dice.of([
      `return ${call};`,
      `const done = await ${call};\nlog("done");\nreturn done;`,
      `try {\nreturn await ${call};\n} catch (error) {\nlog(error.message);\nreturn "caught";\n}`,
      `return db.session(async (outer) => {\n${this.#statement(["one"], 2, "outer", false)}\nconst inner = await outer.transaction(async (tx) => {\n${body}\n}${dice.of(["", ', { propagation: "nested" }'])});\n${this.#statement(["one"], 2, "outer", false)}\nreturn inner;\n});`,
    ]);
    return `${helper}\nexport const main = async (db, log, tick) => {\nlet one = 1;\nconst rows = [1, 2];\n${around}\n};`;
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
    if (way < 0.77 && !this.#isInHelper) return `await helper(${tx}, ${this.#pure(names)}, log, tick);`;
    if (isDeep) return `await ${query};`;
    if (way < 0.83)
      return `if (${this.#pure(names)} > 1) ${dice.chance(0.5) ? `await ${query};` : `{\n${inner()}\n}`}${dice.chance(0.4) ? `\nelse {\n${inner()}\n}` : ""}`;
    if (way < 0.88)
      return `for (const ${name} of ${dice.of(["[1, 2, 3]", "rows.slice(0, 2)", `new Set([1, 2])`, `each(log)`])}) {\n${inner([name])}\n${dice.of(["", "", "break;", "continue;"])}\n}`;
    if (way < 0.91) return `for (let ${name} = 0; ${name} < 3; ${name}++) {\n${inner([name])}\n}`;
    if (way < 0.93) return `let ${name} = 0;\nwhile (${name} < 2) {\n${name} += 1;\n${inner([name])}\n}`;
    if (way < 0.97)
      return `try {\n${inner()}\n} ${dice.of(["catch (error) {\nlog(error.message);\n}", `finally {\nlog("finally");\n}`, `catch {\nawait ${query};\n}`])}`;
    return `await ${tx}.transaction(async (tx) => {\n${this.#block(names, depth + 1, "tx", true)}\n}${dice.of(["", ', { propagation: "nested" }'])});`;
  }
}
