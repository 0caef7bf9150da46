// COMMIT in the flight of the last statements, where it is known which they are: the lazy queries that the work returned.

import { type Chain, Command } from "./command.ts";
import type { Part } from "./ending.ts";
import { mayHaveEqualNames } from "./equal-names.ts";
import { settleQuietly } from "./quiet.ts";
import { SqlQuery } from "./sql-query.ts";

/** Microtasks that code which runs beside the work has to ask for something of its own, ahead of COMMIT. */
const PATIENCE = 16;

/** The last queries of a scope: COMMIT leaves with them if nothing else is asked by then. */
class Ride {
  /** COMMIT is on its way with them: nothing more may be asked. */
  isAboard = false;
  /** It has been committed with them. */
  isDone = false;
  readonly #part: Part;
  readonly #queries: readonly SqlQuery<unknown>[];
  readonly #commands: readonly Command[];
  #hasWaited = false;

  constructor(part: Part, queries: readonly SqlQuery<unknown>[], commands: readonly Command[]) {
    this.#part = part;
    this.#queries = queries;
    this.#commands = commands;
  }

  wait(): Promise<void> | undefined {
    if (this.#hasWaited) return undefined;
    this.#hasWaited = true;
    return turns(PATIENCE);
  }

  // COMMIT rides where nothing else can belong to its transaction. From then on, nothing may be asked.
  board(commands: readonly Command[]): readonly Command[] {
    const { unit, scope } = this.#part;
    const isWhole =
      commands.length === this.#commands.length && commands.every((each, index) => each === this.#commands[index]);
    // Who awaits a query as well goes on when it is done, and may ask for more.
    const isShared = this.#queries.some(({ reads }) => reads > 1);
    if (!isWhole || isShared || unit.holder.hasStreams || !mayRide(this.#part)) return commands;
    // Its rows might be refused, and the work with them.
    if (this.#queries.some((query) => mayHaveEqualNames(query.toStatement("?").text))) return commands;
    scope.isWorking = false;
    scope.seal();
    this.isAboard = true;
    const commit = new Command<void>("commit", scope, [], () => void (this.isDone = true));
    commit.isRiding = commit.isTaken = true;
    // Its failure is told by the statements, which are awaited by the scope alone: an engine finds the lines that do.
    for (const command of commands) command.isEnd = true;
    settleQuietly(commit.promise);
    return [...commands, commit as Command];
  }
}

/**
 * Asks lazy queries of a session, in one turn and in order.
 *
 * @param chain - each runs only if those before it were done.
 * @param isLast - they are the last of its scope's work.
 */
export function askTogether(
  part: Part,
  queries: readonly SqlQuery<unknown>[],
  chain: Chain | undefined,
  isLast: boolean,
): void {
  const { line, scope } = part;
  const commands: Command[] = [];
  const ride = isLast && mayRide(part) ? new Ride(part, queries, commands) : undefined;
  if (ride) scope.ride = ride;
  for (const query of queries)
    query.runBy(() => {
      const command = new Command("query", scope, [query], ([result]) => result!);
      command.chain = chain;
      command.ride = ride;
      commands.push(command as Command);
      return line.add(command);
    });
}

/** What to await for what the work has returned: lazy queries of its own; `undefined`: nothing of the kind. */
export function rideOf(part: Part, returned: unknown): PromiseLike<unknown> | undefined {
  const isList = Array.isArray(returned);
  const queries = isList ? returned : [returned];
  const isLazy = (each: unknown): each is SqlQuery<unknown> => SqlQuery.isLazy(each, part);
  if (queries.length === 0 || !queries.every(isLazy)) return undefined;
  return {
    // oxlint-disable-next-line unicorn/no-thenable -- asked when the query itself would be: a microtask later, by the one who awaits
    then: (onFulfilled, onRejected) => {
      if (mayRide(part) && queries.every(isLazy)) askTogether(part, queries, undefined, true);
      const rows: Promise<unknown> = isList ? Promise.all(queries) : queries[0]!;
      return rows.then(onFulfilled, onRejected);
    },
  };
}

/** A deadline would make an unknown outcome of one that is known today. */
function mayRide({ unit, line, scope }: Part): boolean {
  const { kind, isPlain, parts, undecided, failure, over } = scope;
  const isOwn = (kind === "root" || kind === "transaction") && !isPlain;
  const isQuiet = !over && !parts?.size && !undecided?.size && !unit.closing && !failure;
  return isOwn && isQuiet && !line.isTimed;
}

export async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn++) await Promise.resolve();
}
