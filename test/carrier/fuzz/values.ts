// Expressions of random programs: all places in one where something can suspend.

import type { Dice } from "./dice.ts";

export type Kind = "async" | "arrow" | "expression" | "generator" | "method" | "plain" | "sync";

export interface Func {
  readonly name: string;
  readonly kind: Kind;
}

export class Values {
  readonly #dice: Dice;
  readonly #functions: readonly Func[];
  readonly #isExact: boolean;

  constructor(dice: Dice, functions: readonly Func[], isExact: boolean) {
    this.#dice = dice;
    this.#functions = functions;
    this.#isExact = isExact;
  }

  /** An expression of `self` that suspends, most often. */
  of(self: Func, isAwaitOnly = false): string {
    const dice = this.#dice;
    if (self.kind === "sync" || self.kind === "plain") return dice.sync();
    const value = dice.pick(
      dice.pick([this.#awaits, this.#awaits, this.#operators, this.#functionsOfItsOwn]).call(this, self),
    );
    return isAwaitOnly || self.kind === "expression" || !dice.isLucky() ? value : `(${dice.probe()}, ${value})`;
  }

  #awaits(self: Func): string[] {
    const dice = this.#dice;
    const call = this.call(self);
    return [
      `await ${this.promise()}`,
      `await ${this.promise()}`,
      `await (${dice.sync()}, ${call ?? "null"})`,
      `(await ${call ?? "5"}) ?? await null`,
      `[await ${this.promise()}, ${dice.sync()}, await thenable()].length`,
      `await Promise.all([${call ?? "tick()"}, tick()])`,
      `await quiet(Promise.${dice.pick(["race", "any", "allSettled"])}([${call ?? "tick()"}, rejected()]))`,
    ];
  }

  #operators(): string[] {
    const dice = this.#dice;
    return [
      `\`\${await 1}\${${dice.sync()}}\``,
      `({ [await "k"]: ${dice.sync()}, ...await null, l: await ${this.promise()} }).k`,
      `((a, b) => ${dice.sync()})(await 1, ...await [${dice.sync()}], await ${this.promise()})`,
      `((texts, ...values) => values.length)\`a\${await 1}b\${${dice.sync()}}\``,
      `(await ${this.promise()}, ${dice.sync()}, await ${this.promise()})`,
      `((await ${this.promise()}) ? await ${this.promise()} : ${dice.sync()})`,
      `(await { a: { b: ${dice.sync()} } })?.a?.[await ${dice.pick(['"b"', "null"])}]?.toFixed?.(await 1)`,
      `(await { n: 2 }).n ** -(await 2) + (typeof await ${this.promise()}).length`,
      `new (class { constructor() { ${dice.probe()}; } })(await ${this.promise()}).constructor.length`,
    ];
  }

  #functionsOfItsOwn(): string[] {
    const dice = this.#dice;
    const [first, second, third] = [dice.probe(), dice.probe(), dice.probe()];
    const rest = `await ${this.promise()}; ${second}`;
    const result = dice.pick(["thenable()", "1", `${third}, tick()`]);
    return [
      `await (async () => { ${first}; await tick(); ${second}; return ${result}; })()`,
      `await run("n" + ${dice.below(9)}, async () => { ${first}; ${rest}; })`,
      `await (async function () { ${first}; ${rest}; return this === undefined, arguments.length; })(1, 2)`,
      `await ({ v: 3, async m(a = ${dice.sync()}) { ${rest}; return this.v; } }).m()`,
      `await drain((async function* (a, b = ${dice.sync()}) { ${first}; yield ${this.promise()}; ${second}; })())`,
      `(class { static [await "s"] = ${dice.sync()} }).s`,
      `await (class { static { this.q = async () => { ${rest}; return this.r; }; } static r = 4; }).q()`,
      `await new (class extends (await class { async m() { ${rest}; return 5; } }) { async m() { await null; ${third}; return super.m(); } })().m()`,
      `await (async (f = async () => { ${rest}; }) => (await f(), ${third}))()`,
    ];
  }

  /** What an arrow function gives: a thenable is asked by the engine. */
  returned(self: Func): string {
    return this.#dice.pick([this.of(self), this.of(self), "thenable()", `(${this.of(self)}, thenable())`]);
  }

  /** For places where the engine has an iterator open. */
  risky(self: Func): string {
    if (this.#isExact) return this.#dice.sync();
    return this.#dice.pick([this.of(self, true), "await rejected()", "await thenable()"]);
  }

  promise(): string {
    return this.#dice.pick(["null", "1", "tick()", "timer()", "thenable()", "resolved()", "late()", "subclass()"]);
  }

  /** A call of a function behind this one, as a promise or a value; `undefined`: there is none. */
  call(self: Func): string | undefined {
    const behind = this.#functions.slice(this.#functions.indexOf(self) + 1);
    const target = behind.length === 0 ? undefined : this.#dice.pick(behind);
    if (target === undefined) return undefined;
    return target.kind === "generator" ? `drain(${target.name}(1))` : `quiet(${target.name}(1))`;
  }

  iterable(self: Func): string {
    const generators = this.#functions
      .slice(this.#functions.indexOf(self) + 1)
      .filter(({ kind }) => kind === "generator");
    const own = generators.map(({ name }) => `${name}(1)`);
    return this.#dice.pick([...own, ...own, "[1, tick(), 2]", "source()", "(0, source())", "closing()", "bare()"]);
  }
}
