// COMMIT in the flight of the last statements, where it is known which they are: the lazy queries that the work returned.

import { Command } from "./command.ts";
import type { Part } from "./ending.ts";
import { settleQuietly } from "./quiet.ts";
import { SqlQuery } from "./sql-query.ts";

/** Microtasks that code which runs beside the work has to ask for something of its own, ahead of COMMIT. */
const PATIENCE = 16;

/** What a scope's work has returned, to be awaited: its queries run, and COMMIT leaves with them if nothing else is asked by then. */
export class Ride implements PromiseLike<unknown> {
  /** It has been committed with them. */
  isDone = false;
  readonly #part: Part;
  readonly #queries: readonly SqlQuery<unknown>[];
  readonly #isList: boolean;
  #commands: readonly Command[] = [];
  #hasWaited = false;

  constructor(part: Part, queries: readonly SqlQuery<unknown>[], isList: boolean) {
    this.#part = part;
    this.#queries = queries;
    this.#isList = isList;
  }

  // oxlint-disable-next-line unicorn/no-thenable -- asked when the query itself would be: a microtask later, by the one who awaits
  then<A, B>(
    onFulfilled?: ((value: unknown) => A | PromiseLike<A>) | null,
    onRejected?: ((reason: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    const queries = this.#queries;
    if (mayRide(this.#part) && queries.every((query) => SqlQuery.isLazy(query, this.#part))) this.#ask();
    const rows = this.#isList ? Promise.all(queries) : queries[0]!;
    return (rows as Promise<unknown>).then(onFulfilled, onRejected);
  }

  #ask(): void {
    const { line, scope } = this.#part;
    const commands: Command[] = [];
    for (const query of this.#queries)
      query.runBy(() => {
        const command = new Command("query", scope, [query], ([result]) => result!);
        command.ride = this;
        commands.push(command as Command);
        return line.add(command);
      });
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
    if (!isWhole || isShared || unit.holder.streams.size > 0 || !mayRide(this.#part)) return commands;
    scope.isWorking = false;
    scope.seal();
    const commit = new Command<void>("commit", scope, [], () => void (this.isDone = true));
    commit.isRiding = commit.isTaken = true;
    // Its failure is told by the statements, which are awaited by the scope alone: an engine finds the lines that do.
    for (const command of commands) command.isEnd = true;
    settleQuietly(commit.promise);
    return [...commands, commit as Command];
  }
}

/** What to await for what the work has returned: lazy queries of its own; `undefined`: nothing of the kind. */
export function rideOf(part: Part, returned: unknown): Ride | undefined {
  if (!Array.isArray(returned)) return SqlQuery.isLazy(returned, part) ? new Ride(part, [returned], false) : undefined;
  const isList = returned.length > 0 && returned.every((each) => SqlQuery.isLazy(each, part));
  return isList ? new Ride(part, returned, true) : undefined;
}

/** A deadline would make an unknown outcome of one that is known today. */
function mayRide({ unit, line, scope }: Part): boolean {
  const { kind, path, parts, undecided, failure, over } = scope;
  const isOwn = (kind === "root" || kind === "transaction") && path.length > 0;
  const isQuiet = !over && !parts?.size && !undecided?.size && !unit.closing && !failure;
  return isOwn && isQuiet && !line.isTimed;
}

async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn++) await Promise.resolve();
}
