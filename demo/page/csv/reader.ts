// Records out of a CSV file of any size, a piece of the file at a time.

import { CsvParser, findDelimiter, type Record } from "./parser.ts";
import type { Encoding } from "./encoding.ts";

export interface CsvBatch {
  readonly records: readonly Record[];
  /** How much of the file has been read. */
  readonly bytesRead: number;
}

export interface CsvOptions {
  readonly encoding?: Encoding | undefined;
  /** Default: the one that fits the first records. */
  readonly delimiter?: string | undefined;
  /** Records a batch. Default 500. */
  readonly batchRecords?: number | undefined;
  /** How much of the file is read at a time. Default 65_536. */
  readonly pieceBytes?: number | undefined;
}

const DETECTED_LENGTH = 16_384;

/**
 * Reads a CSV file in batches; a file is never in memory as a whole. The delimiter is found in the first pieces.
 *
 * @throws Error when the text cannot be CSV: a quote that is never closed.
 */
export async function* readCsv(
  file: Blob,
  { encoding = "utf-8", delimiter, batchRecords = 500, pieceBytes = 65_536 }: CsvOptions = {},
): AsyncGenerator<CsvBatch> {
  let parser = delimiter === undefined ? undefined : new CsvParser(delimiter);
  let text = "";
  let batch: Record[] = [];
  for await (const { piece, bytesRead, isLast } of readText(file, encoding, pieceBytes)) {
    text += piece;
    if (!parser && !isLast && text.length < DETECTED_LENGTH) continue;
    parser ??= new CsvParser(findDelimiter(isLast ? `${text}\n\n` : text));
    for (const record of parser.take(text, isLast)) {
      batch.push(record);
      if (batch.length < batchRecords) continue;
      yield { records: batch, bytesRead };
      batch = [];
    }
    text = "";
  }
  if (batch.length > 0) yield { records: batch, bytesRead: file.size };
}

/** Decodes across the borders of pieces: a letter of two bytes may lie on one. */
async function* readText(
  file: Blob,
  encoding: Encoding,
  pieceBytes: number,
): AsyncGenerator<{ piece: string; bytesRead: number; isLast: boolean }> {
  const decoder = new TextDecoder(encoding);
  // Slices, not file.stream(): its pieces are megabytes, and a bar that moves by megabytes stands still.
  for (let at = 0; ; at += pieceBytes) {
    const bytes = await file.slice(at, at + pieceBytes).arrayBuffer();
    const bytesRead = at + bytes.byteLength;
    const isLast = bytesRead >= file.size;
    yield { piece: decoder.decode(bytes, { stream: !isLast }), bytesRead, isLast };
    if (isLast) return;
  }
}
