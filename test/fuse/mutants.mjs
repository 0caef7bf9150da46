// One broken rule each: a program of `rules.ts` must find each of them.

const body = "src/fuse/transform/body.ts";
const runtime = "src/fuse/runtime/abi.ts";
const fuse = "src/fuse/transform/fuse.ts";

export const mutants = [
  {
    about: "calls are pure",
    file: "src/fuse/transform/pure.ts",
    from: 'if (callee.type === "Identifier") return CALLS.has(nameOf(callee)) &&',
    to: 'if (callee.type === "Identifier") return',
  },
  {
    about: "an assignment may be seen by a closure",
    file: body,
    from: "this.#own.has(name) && !this.#shared.has(name));",
    to: "this.#own.has(name));",
  },
  {
    about: "`try` does not wait",
    file: body,
    from: '      case "EmptyStatement":',
    to: '      case "TryStatement":\n      case "EmptyStatement":',
  },
  { about: "`push` on any list", file: body, from: "this.#lists.has(list) && !this.#shared.has(list) &&", to: "" },
  {
    about: "a loop over anything goes on",
    file: runtime,
    from: "if (!Array.isArray(items)) frame.isOff = true;",
    to: "",
  },
  {
    about: "a return with a query inside may carry COMMIT",
    file: runtime,
    from: "!mayAsk(result) && isEnd",
    to: "isEnd",
  },
  {
    about: "what follows the last query may throw",
    file: "src/fuse/transform/query.ts",
    from: "isTotal(result, names);",
    to: "result !== undefined;",
  },
  {
    about: "any function is the end of the session that calls it",
    file: "src/session/fused.ts",
    from: "if (!works.has(work)) return work(part);",
    to: "",
  },
  {
    about: "the statement behind one that failed runs",
    file: "src/session/departure.ts",
    from: "&& !commands[0]!.chain ?",
    to: "?",
  },
  { about: "chains share a flight", file: "src/session/queue.ts", from: "&& chain === first.chain", to: "" },
  {
    about: "the last statements are not sent with those ahead",
    file: runtime,
    from: "const queries = query ? [...frame.held, query] : frame.held;",
    to: "const queries = query ? [query] : frame.held;",
  },
  {
    about: "what is thrown wins over what had failed",
    file: fuse,
    from: "if(${frame}.p)await ${name}.thrown(${frame});throw",
    to: "throw",
  },
  {
    about: "impure values of a query",
    file: "src/fuse/transform/query.ts",
    from: "isPure: values.every(isPure),",
    to: "isPure: true,",
  },
];
