// The declarations compile for users of TypeScript 5.2, who check those of their libraries too and ask for no special `lib`.
// The compiler comes inside a package that has no `tsc`: a second one would take the place of ours in `node_modules/.bin`.

import { join } from "node:path";
import { getLibFiles, ts } from "@ts-morph/common";
import { expect, test } from "vitest";
import { entries, root } from "./package.ts";

const LIBS = "/libs";
const libs = new Map(getLibFiles().map(({ fileName, text }) => [`${LIBS}/${fileName}`, text]));

// Its types are those of a drizzle-orm that is installed under a name of its own.
const own = entries.filter(({ name }) => name !== "isopool/drizzle/v1");

/** Workers' types come from their tool. */
const PLATFORM = `declare module "cloudflare:workers" {
  export abstract class DurableObject<Env = unknown> {
    protected ctx: object;
    protected env: Env;
    constructor(ctx: object, env: Env);
  }
  export abstract class RpcTarget {}
}`;

/** What a user would write; it need not be there: inside the package, its own name leads to its entries. */
const USE = `
${own.map(({ name }, index) => `import * as entry${index} from "${name}";`).join("\n")}
import { type Database, isDbError, type Session } from "isopool";
export const all = [${own.map((_, index) => `entry${index}`).join(", ")}];
export async function use(db: Database, error: unknown): Promise<number | undefined> {
  await using session: Session = db.open();
  await using part = await session.savepoint("part");
  const users: Promise<{ id: number }[]> = part.sql<{ id: number }>\`select id from user\`;
  const [first] = await part.batch([part.sql<{ id: number }>\`select id from user\`]);
  if (isDbError(error) && error.code === "POOL_FULL") return error.details.maxWaiting;
  return (await users)[0]?.id ?? first.rows[0]?.id;
}
`;

const KYSELY = `
import { type Generated, Kysely } from "kysely";
import type { Database, Session } from "isopool";
import { IsopoolDialect } from "isopool/kysely";
export async function use(db: Database, session: Session): Promise<string | undefined> {
  const kysely = new Kysely<{ item: { id: Generated<number>; name: string } }>({ dialect: new IsopoolDialect(db) });
  void new Kysely<unknown>({ dialect: new IsopoolDialect(session, { dialect: "sqlite" }) });
  const found = await kysely.transaction().execute(async (trx) => trx.selectFrom("item").select("name").executeTakeFirst());
  return found?.name;
}
`;

// What it has least of: later ones have all of its `lib`.
const options: ts.CompilerOptions = {
  target: ts.ScriptTarget.ES2020,
  module: ts.ModuleKind.NodeNext,
  moduleResolution: ts.ModuleResolutionKind.NodeNext,
  strict: true,
  exactOptionalPropertyTypes: true,
  skipLibCheck: false,
  noEmit: true,
  types: [],
};

/** @param texts - files that are not there, by their names. */
function problems(texts: Readonly<Record<string, string>>, more: ts.CompilerOptions = {}): string[] {
  const files = new Map(Object.entries(texts).map(([name, text]) => [join(root, name), text]));
  const host = ts.createCompilerHost({ ...options, ...more });
  const { fileExists, readFile } = host;
  host.fileExists = (path) => files.has(path) || libs.has(path) || fileExists(path);
  host.readFile = (path) => files.get(path) ?? libs.get(path) ?? readFile(path);
  host.getDefaultLibLocation = () => LIBS;
  host.getDefaultLibFileName = (given) => `${LIBS}/${ts.getDefaultLibFileName(given)}`;
  const lookUp = (name: string, file: string, mode: ts.ModuleKind.CommonJS | ts.ModuleKind.ESNext | undefined) =>
    ts.resolveModuleName(name, file, options, host, undefined, undefined, mode);
  host.resolveModuleNameLiterals = (literals, file, _redirected, _options, source) =>
    literals.map((literal) => {
      const mode = ts.getModeForUsageLocation(source, literal);
      // drizzle-orm 1.0 is installed under a name of its own.
      const isV1 = /[/]drizzle[/]v1[/]/.test(file);
      return lookUp(isV1 ? literal.text.replace(/^drizzle-orm(?=[/]|$)/, "drizzle-orm-1") : literal.text, file, mode);
    });
  host.getSourceFile = (path, language) => {
    const text = host.readFile(path);
    return text === undefined ? undefined : ts.createSourceFile(path, text, language);
  };
  return (
    ts
      .getPreEmitDiagnostics(ts.createProgram([...files.keys()], { ...options, ...more }, host))
      // What others declare is theirs.
      .filter(({ file }) => !file?.fileName.includes("/node_modules/"))
      .map(({ file, messageText }) => `${file?.fileName}: ${ts.flattenDiagnosticMessageText(messageText, "\n")}`)
  );
}

test("every entry compiles with TypeScript 5.2, its declarations checked; what is wrong does not", () => {
  expect(ts.versionMajorMinor).toBe("5.2");
  const wrong = 'import * as entry from "isopool";\nvoid entry.nothing;';
  expect(problems({ "user.mts": USE, "wrong.mts": wrong, "platform.d.ts": PLATFORM })).toEqual([
    expect.stringMatching(/wrong\.mts: Property 'nothing' does not exist/),
  ]);
});

test.each(["kysely", "kysely-0.29"])("the dialect is one to Kysely as it is installed: %s", (installed) => {
  const paths = { kysely: [join(root, "node_modules", installed)] };
  // Kysely's own declarations ask for more than that compiler has.
  expect(problems({ "user.mts": KYSELY }, { paths, skipLibCheck: true, target: ts.ScriptTarget.ES2022 })).toEqual([]);
});
