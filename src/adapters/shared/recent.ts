/** Most bytes in each half, about: some hundred texts of the usual length. */
const HALF_BYTES = 2 ** 18;

/**
 * What was used last, by text, bounded by count and by bytes: two halves, so that a hit moves nothing. When one is full, the
 * other is dropped. A text that is larger than a half is kept until another comes.
 */
export class Recent<Value> {
  #young: Map<string, Value> = new Map();
  #old: Map<string, Value> = new Map();
  #large: Map<string, Value> = new Map();
  #bytes = 0;
  /** What is asked for in a loop is mostly one text. */
  #lastText: string | undefined;
  #lastValue: Value | undefined;
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
    if (text === this.#lastText) return this.#lastValue!;
    let value = this.#young.get(text) ?? this.#large.get(text);
    if (this.#large.size > 0 && !this.#large.has(text)) this.#dropLarge();
    value ??= this.#add(text, sizeOf);
    this.#lastText = text;
    return (this.#lastValue = value);
  }

  #add(text: string, sizeOf: ((value: Value) => number) | undefined): Value {
    const value = this.#old.get(text) ?? this.#make(text);
    this.#old.delete(text);
    const bytes = 2 * text.length + (sizeOf?.(value) ?? 0);
    const isLarge = bytes > HALF_BYTES;
    if (!isLarge && (this.#young.size >= this.#half || (this.#bytes += bytes) > HALF_BYTES)) this.#turn(bytes);
    (isLarge ? this.#large : this.#young).set(text, value);
    return value;
  }

  clear(): void {
    this.#dropLarge();
    this.#turn(0);
    this.#turn(0);
  }

  #turn(bytes: number): void {
    this.#lastText = undefined;
    this.#old.forEach(this.#drop);
    this.#old = this.#young;
    this.#young = new Map();
    this.#bytes = bytes;
  }

  #dropLarge(): void {
    this.#large.forEach(this.#drop);
    this.#large.clear();
  }
}
