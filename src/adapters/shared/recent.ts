/** Most bytes in each half, about: some hundred texts of the usual length. */
const HALF_BYTES = 2 ** 18;

/**
 * What was used last, by text, bounded by count and by bytes: two halves, so that a hit moves nothing. When one is full, the
 * other is dropped. A text that is larger than a half is kept until another comes.
 */
export class Recent<Value> {
  #young: Map<string, Value> = new Map();
  #old: Map<string, Value> = new Map();
  #bytes = 0;
  /** What was asked for last: in a loop, it is mostly one text. */
  #text: string | undefined;
  #value: Value | undefined;
  /** It is in neither half. */
  #isLarge = false;
  readonly #half: number;
  readonly #make: (text: string) => Value;
  readonly #drop: (value: Value) => void;

  /** @param half - most values in each half. */
  constructor(half: number, make: (text: string) => Value, drop: (value: Value) => void = () => undefined) {
    this.#half = half;
    this.#make = make;
    this.#drop = drop;
  }

  /** @param sizeOf - what the value keeps in memory besides its text, in bytes. */
  get(text: string, sizeOf?: (value: Value) => number): Value {
    if (text === this.#text) return this.#value!;
    this.#forget();
    let value = this.#young.get(text);
    if (value === undefined) {
      value = this.#old.get(text) ?? this.#make(text);
      this.#old.delete(text);
      const bytes = 2 * text.length + (sizeOf?.(value) ?? 0);
      this.#isLarge = bytes > HALF_BYTES;
      if (!this.#isLarge) {
        if (this.#young.size >= this.#half || (this.#bytes += bytes) > HALF_BYTES) this.#turn(bytes);
        this.#young.set(text, value);
      }
    }
    this.#text = text;
    return (this.#value = value);
  }

  clear(): void {
    this.#forget();
    this.#turn(0);
    this.#turn(0);
  }

  #turn(bytes: number): void {
    this.#old.forEach(this.#drop);
    this.#old = this.#young;
    this.#young = new Map();
    this.#bytes = bytes;
  }

  #forget(): void {
    if (this.#isLarge) this.#drop(this.#value!);
    this.#isLarge = false;
    this.#text = undefined;
  }
}
