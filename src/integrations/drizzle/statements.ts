/** SQLite ignores these in a transaction, which migrations run in. Comments may stand ahead, as in files made by drizzle-kit. */
export function setsForeignKeys(statement: string): boolean {
  return /^(?:\s|--[^\n]*\n|\/\*[^]*?\*\/)*pragma\s+(?:\w+\s*\.\s*)?foreign_keys\s*[=(]/i.test(statement);
}
