// One broken rule each: a program of `rules.ts` must find each of them.

const body = "src/fuse/transform/body.ts";
const runtime = "src/fuse/runtime/abi.ts";
const [late, loops, names, order, pure, query, writer, functions] = "late loops names order pure query writer functions"
  .split(" ")
  .map((name) => `src/fuse/transform/${name}.ts`);

export const mutants = [
  {
    about: "calls are pure",
    file: "src/fuse/transform/pure.ts",
    from: "return (CALLS.has(nameOf(callee)) || harmless.has(callee)) &&",
    to: "return",
  },
  {
    about: "an assignment may be seen by a closure",
    file: names,
    from: "return this.own.has(name) && !this.shared.has(name);",
    to: "return this.own.has(name);",
  },
  {
    about: "`push` on any list",
    file: names,
    from: "if (!kind || this.shared.has(name) || !METHODS",
    to: 'if (!METHODS.list.has(nameOf(childOf(callee, "property"))) && !METHODS',
  },
  {
    about: "a loop over anything goes on",
    file: runtime,
    from: "!STEPS.has(source[Symbol.iterator]) && !ITERATORS.has(Object.getPrototypeOf(source))",
    to: "false",
  },
  {
    about: "a return with a query inside may carry COMMIT",
    file: runtime,
    from: "const isOpen = mayAsk(returned);",
    to: "const isOpen = false;",
  },
  {
    about: "what follows the last query may throw",
    file: body,
    from: "return isTotal(result, new Set([...place.rows, ...late]), place.known);",
    to: "return true;",
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
    from: "const held = query ? [...frame.held, { query, how, keep: undefined }] : frame.held;",
    to: "const held = query ? [{ query, how, keep: undefined }] : frame.held;",
  },
  {
    about: "what is thrown wins over what had failed",
    file: writer,
    from: 'if(${frame}.p)await ${this.call("thrown")};throw',
    to: "throw",
  },
  {
    about: "impure values of a query",
    file: "src/fuse/transform/query.ts",
    from: "isPure: values.every(isPure),",
    to: "isPure: true,",
  },
  {
    about: "a plain session holds as well",
    file: runtime,
    from: "scope.path.length === 0 || ",
    to: "",
  },
  {
    about: "any function is handed the frame",
    file: runtime,
    from: 'return typeof callee === "function" && known.has(callee);',
    to: 'return typeof callee === "function";',
  },
  {
    about: "a frame that was not taken stays",
    file: runtime,
    from: "  given = undefined;\n  return returned;",
    to: "  return returned;",
  },
  {
    about: "nobody looks at what a function gives",
    file: runtime,
    from: "call?.isUnused && hold(",
    to: "call && hold(",
  },
  {
    about: "a function gives its query ahead of what is held",
    file: runtime,
    from: "if (call && !isOpen)",
    to: "if (call)",
  },
  {
    about: "work that is a call leaves what is held",
    file: runtime,
    from: ".then((value) => end(frame, value))",
    to: "",
  },
  {
    about: "a value is late wherever closures may see it",
    file: late,
    from: "if (!isWorth || !names.areUnseenUntil(end, wanted.names)) return undefined;",
    to: "if (!isWorth) return undefined;",
  },
  {
    about: "a value is late until the end",
    file: body,
    from: "at > index && mentions(each, new Set(names))",
    to: "false",
  },
  {
    about: "a pattern that throws may be late",
    file: query,
    from: "return isFlat ? namesOf(pattern) : undefined;",
    to: "return isFlat || true ? namesOf(pattern) : undefined;",
  },
  {
    about: "any name is there behind COMMIT",
    file: pure,
    from: "return known.has(nameOf(value)) ||",
    to: 'return value.type === "Identifier" ||',
  },
  { about: "any variable holds rows", file: pure, from: "return rows.has(nameOf(node));", to: "return true;" },
  {
    about: "a list is filled whoever looks at it",
    file: loops,
    from: "&& usesOf(this.#outer, list) === times",
    to: "&& times > 0",
  },
  {
    about: "a list keeps what there is later",
    file: late,
    from: "filter((name) => !body.names.assigned.has(name))",
    to: "filter((name) => name)",
  },
  {
    about: "a catch takes what was asked ahead of its try",
    file: runtime,
    from: "held.includes(failed.of)",
    to: "!held",
  },
  {
    about: "a try ends with something held",
    file: body,
    from: "`;${writer.settled}${writer.caught}`",
    to: "`${writer.caught}`",
  },
  { about: "a try is left with something held", file: body, from: "return place.leavesTry ?", to: "return !place ?" },
  {
    about: "a try returns with something held",
    file: body,
    from: "if (place.isInTry) return",
    to: "if (!place) return",
  },
  { about: "a try assigns", file: body, from: "return isSet && !place.isInTry &&", to: "return isSet &&" },
  {
    about: "a try fills",
    file: body,
    from: "(place.isInTry || !this.names.isOwnCall(expression))",
    to: "!this.names.isOwnCall(expression)",
  },
  {
    about: "a finally runs for what was asked ahead of its try",
    file: body,
    from: 'if (!handler || childOf(node, "finalizer") || !writer.asks(block)) writer.wait(node, place.isSingle);',
    to: "if (!handler) void 0;",
  },
  {
    about: "what may not be evaluated is waited for",
    file: order,
    from: 'case "LogicalExpression":\n      return child("left");',
    to: 'case "LogicalExpression":\n      return child("left") ?? child("right");',
  },
  {
    about: "what is not reached is waited for",
    file: order,
    from: "(isInChain ? undefined : firstOf(",
    to: "(!node ? undefined : firstOf(",
  },
  {
    about: "what is evaluated first may do anything",
    file: order,
    from: "if (found || !isPure(node)) return found;",
    to: "if (found) return found;",
  },
  {
    about: "any statement only computes",
    file: pure,
    from: "default:\n      return false;\n  }\n}\n\n/**\n * True for an expression of what queries gave",
    to: "default:\n      return true;\n  }\n}\n\n/**\n * True for an expression of what queries gave",
  },
  {
    about: "a name is that of one function",
    file: functions,
    from: "return this.#bound.get(name) !== 1 ||",
    to: "return",
  },
  { about: "any default only computes", file: pure, from: '&& isPure(childOf(param, "right"))', to: "" },
  {
    about: "queries that are awaited together are always the last",
    file: body,
    from: "(next ? this.#isLast(next, place, NONE) : this.#isWork && place.isTop)",
    to: "this.#isWork",
  },
  {
    about: "any case is pure",
    file: body,
    from: 'if (!cases.every((each) => isPure(childOf(each, "test")))) return',
    to: "if (!cases) return",
  },
];
