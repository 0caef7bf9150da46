// The databases that this browser keeps, and which one was open last: what a reload begins with.

const KEY = "isopool.databases";

export interface Kept {
  /** Its name in the storage. */
  readonly id: string;
  /** What a person calls it. */
  readonly name: string;
  readonly fileName: string;
  readonly isSample: boolean;
}

export const SAMPLE: Kept = { id: "shop", name: "Sample shop", fileName: "sample-shop.sqlite", isSample: true };

interface Shelf {
  readonly current: string;
  readonly files: readonly Kept[];
}

function read(): Shelf {
  try {
    const { current, files } = JSON.parse(localStorage.getItem(KEY) ?? "{}") as Partial<Shelf>;
    const known = (Array.isArray(files) ? files : []).filter(({ id, name }) => Boolean(id && name));
    return { current: current ?? SAMPLE.id, files: known };
  } catch {
    // Refused or damaged: the sample is always there.
    return { current: SAMPLE.id, files: [] };
  }
}

function write(shelf: Shelf): void {
  try {
    localStorage.setItem(KEY, JSON.stringify(shelf));
  } catch {
    // A browser that keeps nothing begins with the sample again.
  }
}

export const shelf = {
  /** The sample first, then files as they were opened. */
  get all(): readonly Kept[] {
    return [SAMPLE, ...read().files];
  },

  /** The one to begin with. */
  get current(): Kept {
    return this.all.find(({ id }) => id === read().current) ?? SAMPLE;
  },

  choose(kept: Kept): void {
    const { files } = read();
    const isThere = kept.isSample || files.some(({ id }) => id === kept.id);
    write({ current: kept.id, files: isThere ? files : [...files, kept] });
  },

  forget({ id }: Kept): void {
    const { current, files } = read();
    write({ current: current === id ? SAMPLE.id : current, files: files.filter((kept) => kept.id !== id) });
  },
};
