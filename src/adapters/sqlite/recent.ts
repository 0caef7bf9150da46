/** What was used last, by text, and no more than that: two halves, so that a hit moves nothing. */
export class Recent<Value> {
  #young: Map<string, Value> = new Map();
  #old: Map<string, Value> = new Map();
  readonly #half: number;
  readonly #make: (text: string) => Value;
  readonly #drop: (value: Value) => void;

  /** @param half - most values in each half; when one is full, the other is dropped. */
  constructor(half: number, make: (text: string) => Value, drop: (value: Value) => void = () => undefined) {
    this.#half = half;
    this.#make = make;
    this.#drop = drop;
  }

  get(text: string): Value {
    let value = this.#young.get(text);
    if (value !== undefined) return value;
    value = this.#old.get(text) ?? this.#make(text);
    this.#old.delete(text);
    if (this.#young.size >= this.#half) this.#turn();
    this.#young.set(text, value);
    return value;
  }

  clear(): void {
    this.#turn();
    this.#turn();
  }

  #turn(): void {
    this.#old.forEach(this.#drop);
    this.#old = this.#young;
    this.#young = new Map();
  }
}
