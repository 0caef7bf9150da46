// Database files, made by sql.js alone, to open on the page; and downloads, to look into.

import initSqlJs from "sql.js";

export async function makeFile(...statements: string[]): Promise<Buffer> {
  const { Database } = await initSqlJs();
  const db = new Database();
  for (const statement of statements) db.run(statement);
  const image = db.export();
  db.close();
  return Buffer.from(image);
}

/** The first value that `sql` gives in the database of `image`. */
export async function askFile(image: Buffer, sql: string): Promise<unknown> {
  const { Database } = await initSqlJs();
  const db = new Database(image);
  try {
    return db.exec(sql)[0]?.values[0]?.[0];
  } finally {
    db.close();
  }
}
