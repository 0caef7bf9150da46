// How the bytes of a text file are read: by its mark, by zeros in it, or as UTF-8, and where that fails as Windows has it.

export const ENCODINGS = {
  "utf-8": "UTF-8",
  "utf-16le": "UTF-16, little-endian",
  "utf-16be": "UTF-16, big-endian",
  "windows-1252": "Windows-1252 (Western)",
  "windows-1250": "Windows-1250 (Central Europe)",
  "windows-1251": "Windows-1251 (Cyrillic)",
  "iso-8859-15": "ISO 8859-15",
  macintosh: "Mac Roman",
  shift_jis: "Shift JIS",
  gb18030: "GB 18030",
} as const;

export type Encoding = keyof typeof ENCODINGS;

const LOOKED_AT = 1 << 20;

/** Looks at the file's first megabyte, and for letters that are not UTF-8 at its last one too. */
export async function findEncoding(file: Blob): Promise<Encoding> {
  const head = new Uint8Array(await file.slice(0, LOOKED_AT).arrayBuffer());
  if (head[0] === 0xff && head[1] === 0xfe) return "utf-16le";
  if (head[0] === 0xfe && head[1] === 0xff) return "utf-16be";
  const zeros = [0, 0];
  const looked = Math.min(head.length, 4_096);
  for (let at = 0; at < looked; at++) if (head[at] === 0) zeros[at % 2]!++;
  // Western text in UTF-16 has a zero in every second byte.
  if (zeros[1]! > looked / 5 && zeros[0]! < looked / 50) return "utf-16le";
  if (zeros[0]! > looked / 5 && zeros[1]! < looked / 50) return "utf-16be";
  return (await isUtf8(file)) ? "utf-8" : "windows-1252";
}

/** All of it is looked at: one letter in the last line is enough. */
async function isUtf8(file: Blob): Promise<boolean> {
  const decoder = new TextDecoder("utf-8", { fatal: true });
  try {
    for (let at = 0; at < file.size; at += LOOKED_AT) {
      const bytes = await file.slice(at, at + LOOKED_AT).arrayBuffer();
      decoder.decode(bytes, { stream: at + LOOKED_AT < file.size });
    }
    return true;
  } catch {
    return false;
  }
}
