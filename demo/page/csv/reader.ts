// Rows out of a CSV file of any size: Papa Parse reads the text, a piece of the file at a time.

import Papa from "papaparse";

export interface CsvBatch {
  readonly rows: string[][];
  /** How much of the file has been read. */
  readonly bytesRead: number;
}

export interface CsvOptions {
  /** Rows a batch. Default 2_000. */
  readonly batchRows?: number;
  /** How much of the file is read at a time. Default 65_536. */
  readonly pieceBytes?: number;
}

interface Dialect {
  readonly delimiter: string;
  readonly newline: "\r\n" | "\n" | "\r";
}

const DETECTED_LENGTH = 4_096;

/**
 * Reads a CSV file in batches; a file is never in memory as a whole. The delimiter is found in the first piece.
 *
 * @throws Error when the text cannot be CSV: a quote that is never closed.
 */
export async function* readCsv(
  file: Blob,
  { batchRows = 2_000, pieceBytes = 65_536 }: CsvOptions = {},
): AsyncGenerator<CsvBatch> {
  let dialect: Dialect | undefined;
  let text = "";
  let batch: string[][] = [];
  for await (const { piece, bytesRead, isLast } of readText(file, pieceBytes)) {
    text += piece;
    if (!dialect && !isLast && !isTelling(text)) continue;
    dialect ??= detect(text);
    // The last row may go on in the next piece, so that it is left for then.
    const { data, errors, meta } = new Papa.Parser(dialect).parse(text, 0, !isLast) as Papa.ParseResult<string[]>;
    const broken = isLast ? errors.find(({ type }) => type === "Quotes") : undefined;
    if (broken) throw new Error("This CSV is incomplete: a quote is never closed.");
    text = isLast ? "" : text.slice(meta.cursor);
    for (const row of data) {
      if (row.length === 1 && row[0] === "") continue;
      batch.push(row);
      if (batch.length < batchRows) continue;
      yield { rows: batch, bytesRead };
      batch = [];
    }
  }
  if (batch.length > 0) yield { rows: batch, bytesRead: file.size };
}

/** The first rows: to guess from and to show. */
export async function previewCsv(file: Blob, count: number): Promise<string[][]> {
  for await (const { rows } of readCsv(file, { batchRows: count })) return rows;
  return [];
}

/** A first piece may end inside the first row, or in the middle of its line break. */
function isTelling(text: string): boolean {
  return text.length >= DETECTED_LENGTH && /[\r\n][^\r\n]/.test(text);
}

function detect(text: string): Dialect {
  const { meta } = Papa.parse(text, { preview: 20, skipEmptyLines: true });
  return { delimiter: meta.delimiter || ",", newline: meta.linebreak as Dialect["newline"] };
}

/** Decodes across the borders of pieces: a letter of two bytes may lie on one. */
async function* readText(
  file: Blob,
  pieceBytes: number,
): AsyncGenerator<{ piece: string; bytesRead: number; isLast: boolean }> {
  const decoder = new TextDecoder();
  // Slices, not file.stream(): its pieces are megabytes, and a bar that moves by megabytes stands still.
  for (let at = 0; ; at += pieceBytes) {
    const bytes = await file.slice(at, at + pieceBytes).arrayBuffer();
    const bytesRead = at + bytes.byteLength;
    const isLast = bytesRead >= file.size;
    yield { piece: decoder.decode(bytes, { stream: !isLast }), bytesRead, isLast };
    if (isLast) return;
  }
}
