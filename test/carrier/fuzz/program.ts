// Writes random programs out of everything that suspends. Each function calls only functions behind it, so that all of
// them end; `p(n)` is a probe, which compares the carrier with AsyncLocalStorage; `see(value)` looks at a value.

import { Dice } from "./dice.ts";
import { type Func, type Kind, Values } from "./values.ts";

const KINDS: readonly Kind[] = [
  ...(["async", "async", "arrow", "expression", "generator", "generator", "method", "plain", "sync"] as const),
];

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
  return new ProgramWriter(new Dice(seed), isExact).write();
}

class ProgramWriter {
  readonly #dice: Dice;
  readonly #isExact: boolean;
  readonly #functions: readonly Func[];
  readonly #values: Values;
  #budget = 0;

  constructor(dice: Dice, isExact: boolean) {
    this.#dice = dice;
    this.#isExact = isExact;
    this.#functions = Array.from({ length: 3 + dice.below(5) }, (_, i) => ({
      name: i === 0 ? "main" : `f${i}`,
      kind: i === 0 ? "async" : dice.pick(KINDS),
    }));
    this.#values = new Values(dice, this.#functions, isExact);
  }

  write(): string {
    const texts = this.#functions.map((func) => this.#function(func));
    return `"use strict";\nlet x;\n${HELPERS}\n${texts.join("\n")}\nmodule.exports = { main };\n`;
  }

  #function(self: Func): string {
    this.#budget = 14;
    const { name } = self;
    const [dice, values] = [this.#dice, this.#values];
    if (self.kind === "expression") return `const ${name} = async (a = ${dice.sync()}) => ${values.returned(self)};`;
    if (self.kind === "plain") return this.#plain(self);
    const body = this.#body({ self, depth: 0, loops: [] });
    switch (self.kind) {
      case "arrow":
        return `const ${name} = async (a) => {${body}};`;
      case "generator":
        return `async function* ${name}(a${dice.pick(["", ", ...rest", ", b = 1"])}) {${body}}`;
      case "method":
        return this.#method(name, body);
      case "sync":
        return `function ${name}() { ${dice.probe()}; return ${values.call(self) ?? values.promise()}; }`;
      default:
        return `async function ${name}(a, b = ${dice.sync()}) {${body}}`;
    }
  }

  /** It awaits nothing, and only gives something. */
  #plain(self: Func): string {
    const dice = this.#dice;
    const given = this.#values.call(self) ?? this.#values.promise();
    const list = `${dice.sync()}, ${dice.pick([given, "thenable()"])}`;
    const head = `const ${self.name} = async (a) =>`;
    return dice.pick([
      `async function ${self.name}(a) { ${dice.probe()}; return ${list}; }`,
      `${head} { if (chance()) return ${list}; return chance() ? ${given} : async () => {}\n(${dice.probe()}); };`,
      `${head} (${list});`,
      `${head} chance() ? ${given} : () => {}\n[${dice.probe()}];`,
    ]);
  }

  #method(name: string, body: string): string {
    const access = this.#dice.pick(["m", "static s", "#q", "static #r", "field"]);
    const key = access.split(" ").at(-1) as string;
    const member =
      access === "field" ? `field = async (a) => {${body}};` : `async ${access.replace("static ", "")}(a) {${body}}`;
    const head = access.startsWith("static") ? `static ${member}` : member;
    const on = access.startsWith("static") ? "C" : "new C()";
    return `const ${name} = (a) => { class C { ${head} static call(a) { return ${on}.${key}(a); } } return C.call(a); };`;
  }

  #body(spot: Spot): string {
    const statements = Array.from({ length: 1 + this.#dice.below(4) }, () =>
      this.#statement({ ...spot, depth: spot.depth + 1 }),
    );
    return ` ${statements.join(" ")} ${this.#dice.probe()}; `;
  }

  #statement(spot: Spot): string {
    const dice = this.#dice;
    if (spot.depth > 4 || --this.#budget < 0) return `${dice.probe()};`;
    const kinds = [this.#plainStatements, this.#blocks, this.#blocks, this.#exits];
    if (spot.self.kind === "generator") kinds.push(this.#yields, this.#yields);
    return dice.pick(dice.pick(kinds).call(this, spot))();
  }

  #plainStatements(spot: Spot): (() => string)[] {
    const dice = this.#dice;
    const value = (): string => this.#values.of(spot.self);
    const risky = (): string => this.#values.risky(spot.self);
    return [
      () => `${value()};`,
      () => `see(${value()});`,
      () => `const { a: v${dice.next()} = ${value()} } = {};`,
      () => `[x = ${risky()}] = closing(); ${dice.probe()};`,
      () => `{ const [y = ${risky()}] = closing(); } ${dice.probe()};`,
      () => this.#byHand(spot),
      () => this.#byHand(spot),
      () => `void quiet(${this.#values.call(spot.self) ?? this.#values.promise()}); ${dice.probe()};`,
      () => this.#lines(),
    ];
  }

  /** Without semicolons. */
  #lines(): string {
    const [dice, name] = [this.#dice, `l${this.#dice.next()}`];
    const [open, close] = dice.pick(["()", "[]"]);
    return `let ${name} = 1\n${name} = await ${name}++\n${open}${dice.probe()}${close}\nsee(${name})\n`;
  }

  #blocks(spot: Spot): (() => string)[] {
    const dice = this.#dice;
    const value = (): string => this.#values.of(spot.self);
    const loop = (head: string, tail = ""): string => {
      const label = `L${dice.next()}`;
      return `${label}: ${head} {${this.#body({ ...spot, loops: [...spot.loops, label] })}}${tail}`;
    };
    const block = `b${dice.next()}`;
    return [
      () => `if (${value()}) {${this.#body(spot)}} else ${value()};`,
      () => this.#try(spot),
      () => this.#try(spot),
      () => this.#forAwait(spot),
      () => this.#forAwait(spot),
      () => this.#forOf(spot),
      () => loop("for (let i = 0; i < 2; i++)"),
      () => loop(`for (let i = await 2; await ${this.#values.promise()}, i--; ${dice.sync()})`),
      () => loop("do", ` while (await null); ${dice.probe()};`),
      () => loop("for (const k in await { a: 1, b: 2 })"),
      () => `${block}: {${this.#body(spot)} if (chance()) break ${block}; ${value()}; }`,
      () => `{${this.#using(spot)}${this.#body(spot)}}`,
      () => `switch (${value()}) { case await 1: ${dice.probe()}; break; default: ${value()}; }`,
      () => `{ see(${block}()); function ${block}() { return ${dice.probe()}, 6; } ${value()}; }`,
    ];
  }

  #exits({ self, loops }: Spot): (() => string)[] {
    const dice = this.#dice;
    const value = (): string => this.#values.of(self);
    const exits = [
      () => `if (chance()) return ${value()};`,
      () => `if (chance()) return ${dice.sync()}, ${value()};`,
      () => `if (chance()) throw new Error("on purpose");`,
      () => `if (chance()) return thenable();`,
    ];
    if (loops.length > 0) exits.push(() => `if (chance()) ${dice.pick(["break", "continue"])} ${dice.pick(loops)};`);
    return exits;
  }

  #yields({ self }: Spot): (() => string)[] {
    const dice = this.#dice;
    const value = (): string => this.#values.of(self);
    const given = (): string => dice.pick(["rejected()", "tick()", "thenable()", "1", `${dice.sync()}, tick()`]);
    return [
      () => `yield ${dice.pick(["", value(), "thenable()", "rejected()"])};`,
      () => `yield; ${value()};`,
      () => `x = yield\n(${dice.probe()})\nx = yield\n[${dice.probe()}];`,
      () => `(${dice.sync()}, yield, yield yield ${value()});`,
      () => `if (chance()) return yield;`,
      () => `${dice.probe()}; yield* ${this.#values.iterable(self)};`,
      () => `see(yield* ${this.#values.iterable(self)});`,
      () => `try { if (chance()) return ${given()}; } finally { ${dice.probe()}; }`,
    ];
  }

  #try(spot: Spot): string {
    const dice = this.#dice;
    const caught = dice.pick(["", "(error)", `({ message = ${dice.sync()}, given = ${dice.sync()} })`]);
    const attempt = dice.pick([
      `try {${this.#body(spot)} ${dice.pick(["", "await rejected();", "throw new Error();"])}}`,
      `try { throw new Error(); }`,
    ]);
    const handler = ` catch ${caught} {${this.#body(spot)} ${dice.pick(["", "await rejected();"])}}`;
    const finalizer = ` finally {${this.#body({ ...spot, loops: [] })}}`;
    return attempt + dice.pick([handler, handler + finalizer, finalizer]);
  }

  #forAwait(spot: Spot): string {
    const dice = this.#dice;
    const label = `L${dice.next()}`;
    const inner = { ...spot, loops: [...spot.loops, label] };
    const patterns = [`const { a = ${dice.sync()}, ...rest }`, `{ a: x = ${dice.sync()} }`, `({ x }).x`];
    const head = dice.pick(["const v", "let v", "x", ...patterns]);
    const body = dice.isLucky(0.2) ? `${this.#values.of(inner.self)};` : `{${this.#body(inner)}}`;
    return `${label}: for await (${head} of ${this.#values.iterable(spot.self)}) ${body}`;
  }

  #forOf(spot: Spot): string {
    const dice = this.#dice;
    const label = `L${dice.next()}`;
    const inner = { ...spot, loops: [...spot.loops, label] };
    const risky = this.#values.risky(spot.self);
    const head = dice.pick(["const v", `const [a = ${risky}]`, `const { a = ${risky} }`]);
    return `${label}: for (${head} of closing(true)) {${this.#body(inner)}}`;
  }

  #using(spot: Spot): string {
    if (this.#isExact) return "";
    const dice = this.#dice;
    const resource = (): string => dice.pick(["resource()", "resource()", "null", "asyncResource()"]);
    const list = Array.from(
      { length: dice.below(3) },
      () => `await using u${dice.next()} = ${resource()}, w${dice.next()} = ${resource()};`,
    );
    if (dice.isLucky(0.4)) list.push(`using s${dice.next()} = resource();`);
    if (dice.isLucky(0.2))
      list.push(`for (await using o of [${resource()}, ${resource()}]) ${this.#values.of(spot.self)};`);
    return list.join(" ") + (dice.isLucky(0.3) ? ` ${this.#values.of(spot.self)};` : "");
  }

  /** An iterator that is asked by hand: the context is the asker's again at once. */
  #byHand({ self }: Spot): string {
    const dice = this.#dice;
    const name = `i${dice.next()}`;
    const begin = `const ${name} = (${this.#values.iterable(self)})[Symbol.asyncIterator]?.();`;
    const step = `const ${name}_ = ${name}?.next(); ${dice.probe()}; see(await quiet(${name}_)); ${dice.probe()};`;
    const end = `void quiet(${name}?.${dice.pick(["return", "return", "throw"])}?.(${dice.pick(["", "tick()"])})); ${dice.probe()};`;
    return `${begin} { ${step} } { ${step} } { ${step} } ${end}`;
  }
}
