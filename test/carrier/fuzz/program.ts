// Writes random programs out of everything that suspends. Each function calls only functions behind it, so that all of
// them end; `p(n)` is a probe, which compares the carrier with AsyncLocalStorage.

import { seeded } from "../../kit/seeded.ts";

type Kind = "async" | "arrow" | "expression" | "generator" | "method" | "sync";

interface Func {
  readonly name: string;
  readonly kind: Kind;
}

const KINDS: readonly Kind[] = ["async", "async", "arrow", "expression", "generator", "generator", "method", "sync"];

/** A part of the program, so that they are carried, too. */
const HELPERS = `
async function quiet(promise) { try { return await promise; } catch { return 0; } }
async function drain(generator) { let n = 0; try { for await (const v of generator) if (++n > 4) break; } catch {} return n; }`;

/** Where a statement may stand. */
interface Spot {
  readonly self: Func;
  readonly depth: number;
  readonly loops: readonly string[];
}

/**
 * The text of a CommonJS module that exports `main`, an async function without parameters.
 *
 * @param isExact - leaves out the constructs that take a microtask more when they are carried: a resource that is none,
 *   and an `await` within a destructuring. Default false.
 */
export function randomProgram(seed: number, isExact = false): string {
  return new ProgramWriter(seed, isExact).write();
}

class ProgramWriter {
  readonly #random: () => number;
  readonly #isExact: boolean;
  readonly #functions: readonly Func[];
  #probes = 0;
  #labels = 0;
  #budget = 0;

  constructor(seed: number, isExact: boolean) {
    this.#random = seeded(seed);
    this.#isExact = isExact;
    const count = 3 + this.#below(5);
    this.#functions = Array.from({ length: count }, (_, i) => ({
      name: i === 0 ? "main" : `f${i}`,
      kind: i === 0 ? "async" : this.#pick(KINDS),
    }));
  }

  write(): string {
    const texts = this.#functions.map((func) => this.#function(func));
    return `"use strict";\nlet x;\n${HELPERS}\n${texts.join("\n")}\nmodule.exports = { main };\n`;
  }

  #function(self: Func): string {
    this.#budget = 14;
    const { name } = self;
    const spot = { self, depth: 0, loops: [] };
    if (self.kind === "expression") return `const ${name} = async (a = ${this.#sync()}) => ${this.#returned(spot)};`;
    const body = this.#body(spot);
    switch (self.kind) {
      case "arrow":
        return `const ${name} = async (a) => {${body}};`;
      case "generator":
        return `async function* ${name}(a${this.#pick(["", ", ...rest", ", b = 1"])}) {${body}}`;
      case "method":
        return this.#method(name, body);
      case "sync":
        return `function ${name}() { ${this.#probe()}; return ${this.#call(spot) ?? this.#promise()}; }`;
      default:
        return `async function ${name}(a, b = ${this.#sync()}) {${body}}`;
    }
  }

  #method(name: string, body: string): string {
    const access = this.#pick(["m", "static s", "#q", "static #r", "field"]);
    const key = access.split(" ").at(-1) as string;
    const member =
      access === "field" ? `field = async (a) => {${body}};` : `async ${access.replace("static ", "")}(a) {${body}}`;
    const head = access.startsWith("static") ? `static ${member}` : member;
    const on = access.startsWith("static") ? "C" : "new C()";
    return `const ${name} = (a) => { class C { ${head} static call(a) { return ${on}.${key}(a); } } return C.call(a); };`;
  }

  #body(spot: Spot): string {
    const statements = Array.from({ length: 1 + this.#below(4) }, () =>
      this.#statement({ ...spot, depth: spot.depth + 1 }),
    );
    return ` ${statements.join(" ")} ${this.#probe()}; `;
  }

  #statement(spot: Spot): string {
    if (spot.depth > 4 || --this.#budget < 0) return `${this.#probe()};`;
    const isLooping = spot.loops.length > 0;
    const choices: (() => string)[] = [
      () => `${this.#value(spot)};`,
      () => `${this.#value(spot)};`,
      () => `const { a: v${++this.#probes} = ${this.#value(spot)} } = {};`,
      () => `if (${this.#value(spot)}) {${this.#body(spot)}} else ${this.#value(spot)};`,
      () => this.#try(spot),
      () => this.#try(spot),
      () => this.#forAwait(spot),
      () => this.#forAwait(spot),
      () => this.#forOf(spot),
      () => `for (let i = 0; i < 2; i++) {${this.#body(spot)}}`,
      () => `{${this.#using(spot)}${this.#body(spot)}}`,
      () => `switch (${this.#value(spot)}) { case 1: ${this.#probe()}; break; default: ${this.#value(spot)}; }`,
      () => `[x = ${this.#risky(spot)}] = closing(); ${this.#probe()};`,
      () => `{ const [y = ${this.#risky(spot)}] = closing(); } ${this.#probe()};`,
      () => this.#byHand(spot),
      () => this.#byHand(spot),
      () => `if (chance()) return ${this.#value(spot)};`,
      () => `if (chance()) throw new Error("on purpose");`,
      () => `void quiet(${this.#call(spot) ?? this.#promise()}); ${this.#probe()};`,
      () => `if (chance()) return thenable();`,
    ];
    if (isLooping) choices.push(() => `if (chance()) ${this.#pick(["break", "continue"])} ${this.#pick(spot.loops)};`);
    if (spot.self.kind === "generator") {
      choices.push(
        () => `yield ${this.#pick(["", this.#value(spot), "thenable()", "rejected()"])};`,
        () => `yield; ${this.#value(spot)};`,
        () => `(${this.#sync()}, yield, yield yield ${this.#value(spot)});`,
        () => `if (chance()) return yield;`,
        () => `${this.#probe()}; yield* ${this.#iterable(spot)};`,
        () =>
          `try { if (chance()) return ${this.#pick(["rejected()", "tick()", "thenable()", "1"])}; } finally { ${this.#probe()}; }`,
      );
    }
    return this.#pick(choices)();
  }

  #try(spot: Spot): string {
    const caught = this.#pick(["", "(error)", `({ message = ${this.#sync()}, given = ${this.#sync()} })`]);
    const attempt = this.#pick([
      `try {${this.#body(spot)} ${this.#pick(["", "await rejected();", "throw new Error();"])}}`,
      `try { throw new Error(); }`,
    ]);
    const handler = ` catch ${caught} {${this.#body(spot)} ${this.#pick(["", "await rejected();"])}}`;
    const finalizer = ` finally {${this.#body({ ...spot, loops: [] })}}`;
    return attempt + this.#pick([handler, handler + finalizer, finalizer]);
  }

  #forAwait(spot: Spot): string {
    const label = `L${this.#labels++}`;
    const inner = { ...spot, loops: [...spot.loops, label] };
    const head = this.#pick(["const v", "let v", `const { a = ${this.#sync()} }`, `{ a: x = ${this.#sync()} }`, "x"]);
    const body = this.#random() < 0.2 ? `${this.#value(inner)};` : `{${this.#body(inner)}}`;
    return `${label}: for await (${head} of ${this.#iterable(spot)}) ${body}`;
  }

  #forOf(spot: Spot): string {
    const label = `L${this.#labels++}`;
    const inner = { ...spot, loops: [...spot.loops, label] };
    const head = this.#pick(["const v", `const [a = ${this.#risky(spot)}]`, `const { a = ${this.#risky(spot)} }`]);
    return `${label}: for (${head} of closing(true)) {${this.#body(inner)}}`;
  }

  #using(spot: Spot): string {
    if (this.#isExact) return "";
    const resource = (): string => this.#pick(["resource()", "resource()", "null", "asyncResource()"]);
    const list = Array.from(
      { length: this.#below(3) },
      (_, i) => `await using u${i}_${this.#probes++} = ${resource()}, w${this.#probes++} = ${resource()};`,
    );
    if (this.#random() < 0.4) list.push(`using s${this.#probes++} = resource();`);
    return list.join(" ") + (this.#random() < 0.3 ? ` ${this.#value(spot)};` : "");
  }

  /** An expression that suspends, most often. */
  #value(spot: Spot, isAwaitOnly = false): string {
    const { self } = spot;
    const call = this.#call(spot);
    const choices = [
      `await ${this.#promise()}`,
      `await ${this.#promise()}`,
      `await (${this.#sync()}, ${call ?? "null"})`,
      `(await ${call ?? "5"}) ?? await null`,
      `[await ${this.#promise()}, ${this.#sync()}, await thenable()].length`,
      `\`\${await 1}\${${this.#sync()}}\``,
      `{ [await "k"]: ${this.#sync()} }.k`.replace(/^.*$/, (text) => `(${text})`),
      `((a, b) => ${this.#sync()})(await 1, await ${this.#promise()})`,
      `await (async () => { ${this.#probe()}; await tick(); ${this.#probe()}; return ${this.#pick(["thenable()", "1"])}; })()`,
      `await run("n" + ${this.#below(9)}, async () => { ${this.#probe()}; await ${this.#promise()}; ${this.#probe()}; })`,
      `await Promise.all([${call ?? "tick()"}, tick()])`,
      `(class { static [await "s"] = ${this.#sync()} }).s`,
    ];
    const value = this.#pick(choices);
    if (self.kind === "sync") return this.#sync();
    return isAwaitOnly || self.kind === "expression" || !this.#isLucky() ? value : `(${this.#probe()}, ${value})`;
  }

  /** What an arrow function gives: a thenable is asked by the engine. */
  #returned(spot: Spot): string {
    return this.#pick([this.#value(spot), this.#value(spot), "thenable()", `(${this.#value(spot)}, thenable())`]);
  }

  /** For places where the engine has an iterator open. */
  #risky(spot: Spot): string {
    if (this.#isExact) return this.#sync();
    return this.#pick([this.#value(spot, true), "await rejected()", "await thenable()"]);
  }

  /** An iterator that is asked by hand: the context is the asker's again at once. */
  #byHand(spot: Spot): string {
    const name = `i${++this.#probes}`;
    const begin = `const ${name} = (${this.#iterable(spot)})[Symbol.asyncIterator]?.();`;
    const step = `const ${name}_ = ${name}?.next(); ${this.#probe()}; await quiet(${name}_); ${this.#probe()};`;
    const end = `void quiet(${name}?.return?.()); ${this.#probe()};`;
    return `${begin} { ${step} } { ${step} } { ${step} } ${end}`;
  }

  #promise(): string {
    return this.#pick(["null", "1", "tick()", "timer()", "thenable()", "resolved()", "late()", "subclass()"]);
  }

  /** A call of a function behind this one, as a promise or a value; `undefined`: there is none. */
  #call({ self }: Spot): string | undefined {
    const behind = this.#functions.slice(this.#functions.indexOf(self) + 1);
    const target = behind.length === 0 ? undefined : this.#pick(behind);
    if (target === undefined) return undefined;
    return target.kind === "generator" ? `drain(${target.name}(1))` : `quiet(${target.name}(1))`;
  }

  #iterable({ self }: Spot): string {
    const generators = this.#functions
      .slice(this.#functions.indexOf(self) + 1)
      .filter(({ kind }) => kind === "generator");
    const own = generators.map(({ name }) => `${name}(1)`);
    return this.#pick([...own, ...own, "[1, tick(), 2]", "source()", "(0, source())", "closing()", "bare()"]);
  }

  #sync(): string {
    return this.#pick([this.#probe(), "1"]);
  }

  #probe(): string {
    return `p(${++this.#probes})`;
  }

  #isLucky(): boolean {
    return this.#random() < 0.5;
  }

  #below(limit: number): number {
    return Math.floor(this.#random() * limit);
  }

  #pick<T>(list: readonly T[]): T {
    return list[this.#below(list.length)] as T;
  }
}
