// Statements: asked, and what became of them.

import type { Actor, Stage } from "./stage.ts";
import type { Statement } from "./ledger.ts";
import type { How, Step } from "./program.ts";

type Asked = Extract<Step, { kind: "query" }>;

/** Who is around: an outer transaction or session. */
export function outerOf(actor: Actor): Actor {
  return actor.around ?? actor;
}

export async function ask(stage: Stage, step: Asked, actor: Actor): Promise<void> {
  const { how, letter, via } = step;
  const target = via === "outer" ? outerOf(actor) : actor;
  const statement = stage.ledger.ask(letter, target.scope);
  const wasOver = target.scope.isOver;
  const { options } = stage.limits(statement.text, step.id, step.limits, statement.unit);
  stage.world.note(() => `ask ${statement.text} in ${target.scope.name} (${via}, ${how})`);
  const promise = stage.call(actor, () => send(stage, target, via, statement, options));
  const hear = async (): Promise<unknown> => listen(stage, statement, promise, wasOver, options.timeoutMs);
  if ((how === "bare" || how === "early") && (wasOver || statement.unit!.isClosed)) stage.world.askedTooLate++;
  if (how === "bare") return;
  if (how === "early") return void actor.early.push(hear);
  const heard = hear();
  heard.catch(() => undefined);
  if (how === "await") await heard;
  else if (how === "guard") await heard.catch(() => undefined);
}

function send(
  stage: Stage,
  { handle, db, isCurrent }: Actor,
  via: Asked["via"],
  { text, id }: Statement,
  options: object,
): Promise<Answer> {
  if (via === "template" && Object.keys(options).length === 0)
    return handle.sql<{ id: number }>([text] as unknown as TemplateStringsArray).run();
  if (via === "cursor" && Object.keys(options).length === 0) return handle.resetCursor().execute(text);
  if (via === "ambient" && isCurrent) return stage.databases[db]!.query(text, undefined, options);
  if (id % 3 === 0) return handle.raw(text, options);
  return handle.query<{ id: number }>(text, id % 2 ? undefined : [], options);
}

/** A result, or a cursor as it is: a promise made of its own would be the harness's to listen to. */
type Answer = { readonly rows: readonly unknown[] } | { fetchAll(): readonly unknown[] };

export async function listen(
  stage: Stage,
  statement: Statement,
  promise: Promise<Answer>,
  wasOver: boolean,
  timeoutMs?: number,
): Promise<unknown> {
  stage.pending.add(statement.text, promise, timeoutMs === undefined ? Infinity : timeoutMs + 1);
  try {
    const answer = await promise;
    const rows = "rows" in answer ? answer.rows : answer.fetchAll();
    stage.ledger.settle(statement, true);
    const [row] = rows as ({ id?: number } | [number])[];
    const got = Array.isArray(row) ? row[0] : row?.id;
    if (got !== statement.id) stage.world.fail("its own result", `${statement.text} was given the result of ${got}`);
    if (wasOver && !statement.unit!.isMurky)
      stage.world.fail(
        "over is over",
        `${statement.text} was asked after ${statement.scope.name} had ended, and is done`,
      );
    return rows;
  } catch (error) {
    stage.ledger.settle(statement, false, error);
    throw error;
  }
}

export async function askPair(stage: Stage, how: How, actor: Actor): Promise<void> {
  const all = Promise.all(
    [0, 1].map(() => {
      const statement = stage.ledger.ask("w", actor.scope);
      const wasOver = actor.scope.isOver;
      return listen(
        stage,
        statement,
        stage.call(actor, () => actor.handle.query(statement.text)),
        wasOver,
      );
    }),
  );
  await (how === "await" ? all : all.catch(() => undefined));
}

export async function askBatch(stage: Stage, step: Extract<Step, { kind: "batch" }>, actor: Actor): Promise<void> {
  const batch = {};
  const statements = step.letters.map((letter) => stage.ledger.ask(letter, actor.scope, { batch }));
  const { options } = stage.limits(`batch ${step.id}`, step.id, step.limits, actor.scope.unit);
  const texts = statements.map(({ text }) => text);
  stage.world.note(() => `ask batch ${texts.join(", ")} in ${actor.scope.name} (${step.how})`);
  await stage.take(step.how === "bare" || step.how === "early" ? "float" : step.how, actor, () =>
    listenToList(
      stage,
      statements,
      stage.call(actor, () => actor.handle.batch(texts, options)),
      options.timeoutMs,
    ),
  );
}

async function listenToList(
  stage: Stage,
  statements: readonly Statement[],
  promise: Promise<readonly { readonly rows: readonly unknown[] }[]>,
  timeoutMs?: number,
): Promise<void> {
  stage.pending.add(`batch of ${statements[0]?.text}`, promise, timeoutMs === undefined ? Infinity : timeoutMs + 1);
  try {
    const results = await promise;
    statements.forEach((statement, at) => {
      stage.ledger.settle(statement, true);
      if ((results[at]?.rows[0] as { id?: number } | undefined)?.id !== statement.id)
        stage.world.fail("its own result", `${statement.text} of a batch was given another's result`);
    });
  } catch (error) {
    for (const statement of statements) stage.ledger.settle(statement, false, error);
    throw error;
  }
}

export async function askAutocommit(
  stage: Stage,
  letters: readonly string[],
  db: number,
  actor?: Actor,
): Promise<void> {
  const { autocommit } = stage.databases[db]!;
  const unit = stage.ledger.unit("autocommit", true);
  const batch = {};
  const statements = letters.map((letter) => stage.ledger.ask(letter, unit.root, { batch }));
  const [first] = statements;
  if (statements.length === 1)
    await listen(
      stage,
      first!,
      stage.call(actor, () => autocommit.query(first!.text)),
      false,
    );
  else
    await listenToList(
      stage,
      statements,
      stage.call(actor, () => autocommit.batch(statements.map(({ text }) => text))),
    );
}

/** Lone statements of one turn: those that read share flights, and each has what the server has told of it alone. */
export async function askTurn(
  stage: Stage,
  asked: readonly { readonly letter: string; readonly hops: number }[],
  db: number,
): Promise<void> {
  const { autocommit } = stage.databases[db]!;
  const ask = async ({ letter, hops }: { readonly letter: string; readonly hops: number }): Promise<void> => {
    for (let hop = 0; hop < hops; hop++) await Promise.resolve();
    const statement = stage.ledger.ask(letter, stage.ledger.unit("autocommit", true).root);
    const { text } = statement;
    try {
      await listen(stage, statement, autocommit.query(text), false);
    } catch (error) {
      const { isDbError } = stage.world.lib;
      if (!isDbError(error, "QUERY_FAILED")) return;
      const { sql } = error.details;
      if (statement.answer === "done" || (sql !== text && stage.ledger.byText(sql)))
        stage.world.fail("its own result", `${text} was done, or was given another's error: ${error.message}`);
    }
  };
  await Promise.all(asked.map(ask));
}

export async function streamAutocommit(stage: Stage, db: number, rows: number): Promise<void> {
  const unit = stage.ledger.unit("autocommit", true);
  const statement = stage.ledger.ask("r", unit.root);
  let read = 0;
  const reading = (async () => {
    for await (const _ of stage.databases[db]!.autocommit.stream(statement.text, { batchSize: 2 }))
      if (++read >= rows) break;
  })();
  stage.pending.add(statement.text, reading);
  await reading;
}
