import { connect, type NetConnectOpts, type Socket } from "node:net";
import { HttpFailure, PostgresFailure } from "./failures.ts";
import { encode, int16, int32, type Message, MessageReader, texts } from "./messages.ts";

export const PROTOCOL = int32(196_608);
const CANCEL = int32(80_877_102);

export interface Login {
  readonly user: string;
  /** Over the socket of a file, none is asked for. */
  readonly password?: string;
  readonly database: string;
}

/** A column of a RowDescription. */
export interface Field {
  readonly name: string;
  readonly tableID: number;
  readonly columnID: number;
  readonly dataTypeID: number;
  readonly dataTypeSize: number;
  readonly dataTypeModifier: number;
}

/** An answer in PostgreSQL's own texts. */
export interface Answer {
  readonly fields: readonly Field[];
  readonly rows: readonly (readonly (string | null)[])[];
  /** `INSERT 0 1`; empty for an empty text. */
  readonly tag: string;
}

/** How many bytes of rows may still come. */
export interface Budget {
  left: number;
  readonly max: number;
}

/** A connection of the proxy to PostgreSQL: one question at a time. */
export class Backend {
  readonly #socket: Socket;
  readonly #reader = new MessageReader(true);
  readonly #target: NetConnectOpts;
  #isDead = false;
  #pid = 0;
  #secret: Buffer = Buffer.alloc(0);
  #status = "?";
  #hear: (message: Message) => void = () => {};
  #fail: (error: Error) => void = () => {};

  private constructor(target: NetConnectOpts) {
    this.#target = target;
    this.#socket = connect(target);
    this.#socket.setNoDelay(true);
    this.#socket.on("data", (chunk: Buffer) => {
      for (const message of this.#reader.read(chunk)) this.#hear(message);
    });
    this.#socket.on("error", (error) => this.#die(error));
    this.#socket.on("close", () => this.#die(new HttpFailure(500, "connection closed")));
  }

  /** @throws PostgresFailure when PostgreSQL refuses. */
  static async connect(target: NetConnectOpts, { user, password = "", database }: Login): Promise<Backend> {
    const backend = new Backend(target);
    const settings = ["user", user, "database", database, "client_encoding", "UTF8"];
    const bytes = [encode("*", PROTOCOL, ...settings, Buffer.of(0)), encode("p", password)];
    try {
      await backend.#ask(Buffer.concat("path" in target ? bytes.slice(0, 1) : bytes), () => {});
    } catch (error) {
      backend.close();
      throw error;
    }
    return backend;
  }

  get isDead(): boolean {
    return this.#isDead;
  }

  get pid(): number {
    return this.#pid;
  }

  /** Of the last ReadyForQuery. */
  get status(): string {
    return this.#status;
  }

  /** Runs a text of any number of statements; gives the rows of the last that had some. */
  async run(sql: string): Promise<Answer> {
    return this.#query(encode("Q", sql));
  }

  /** Runs one statement as an unnamed one: parameters are texts without a type, and so are the results. */
  async query(sql: string, params: readonly (string | null)[], budget?: Budget): Promise<Answer> {
    const values = params.map((param) => {
      if (param === null) return int32(-1);
      const bytes = Buffer.from(param);
      return Buffer.concat([int32(bytes.length), bytes]);
    });
    const parse = encode("P", "", sql, int16(0));
    const bind = encode("B", "", "", int16(0, params.length), ...values, int16(0));
    const rest = [encode("D", Buffer.from("P"), ""), encode("E", "", int32(0)), encode("S")];
    return this.#query(Buffer.concat([parse, bind, ...rest]), budget);
  }

  /** Asks PostgreSQL, by a connection of its own, to end what runs here. */
  cancel(): void {
    cancelBackend(this.#target, int32(this.#pid), this.#secret);
  }

  close(): void {
    if (!this.#isDead) this.#socket.end(encode("X"));
    this.#isDead = true;
  }

  async #query(bytes: Buffer, budget?: Budget): Promise<Answer> {
    let [fields, tag] = [[] as Field[], ""];
    const rows: (string | null)[][] = [];
    await this.#ask(bytes, (message) => {
      if (message.type === "T") {
        fields = fieldsOf(message);
        rows.length = 0;
      } else if (message.type === "D") {
        rows.push(cellsOf(message));
        if (budget !== undefined && (budget.left -= message.raw.length) < 0) {
          throw new HttpFailure(507, `response is too large (max is ${budget.max} bytes)`);
        }
      } else if (message.type === "C") [tag] = texts(message.body) as [string];
      // COPY cannot work here.
      else if ("GHW".includes(message.type)) throw new HttpFailure(400, "unexpected message from server");
    });
    return { fields, rows, tag };
  }

  /** Sends, and hears what comes until PostgreSQL is ready; throws its error, or the listener's after hanging up. */
  #ask(bytes: Buffer, listener: (message: Message) => void): Promise<void> {
    if (this.#isDead) return Promise.reject(new HttpFailure(500, "connection closed"));
    return new Promise((resolve, reject) => {
      let failure: PostgresFailure | undefined;
      this.#fail = (error) => reject(failure ?? error);
      this.#hear = (message) => {
        try {
          if (message.type === "E") failure ??= new PostgresFailure(message);
          else if (message.type === "Z") {
            this.#status = message.body.toString();
            if (failure === undefined) resolve();
            else reject(failure);
          } else if (message.type === "K") {
            this.#pid = message.body.readInt32BE(0);
            this.#secret = Buffer.from(message.body.subarray(4));
          } else listener(message);
        } catch (error) {
          this.#isDead = true;
          reject(error);
          this.#socket.destroy();
        }
      };
      this.#socket.write(bytes);
    });
  }

  #die(error: Error): void {
    this.#isDead = true;
    this.#fail(error);
  }
}

/** Sends a CancelRequest: it has no answer. @param onClose - told when it was carried out. */
export function cancelBackend(target: NetConnectOpts, pid: Buffer, secret: Buffer, onClose = (): void => {}): void {
  const socket = connect(target, () => socket.write(encode("*", CANCEL, pid, secret)));
  socket.on("error", () => {});
  socket.on("close", onClose);
}

function fieldsOf({ body }: Message): Field[] {
  let at = 2;
  return Array.from({ length: body.readInt16BE(0) }, () => {
    const end = body.indexOf(0, at);
    const name = body.toString("utf8", at, end);
    at = end + 19;
    return {
      name,
      tableID: body.readUInt32BE(end + 1),
      columnID: body.readInt16BE(end + 5),
      dataTypeID: body.readUInt32BE(end + 7),
      dataTypeSize: body.readInt16BE(end + 11),
      dataTypeModifier: body.readInt32BE(end + 13),
    };
  });
}

function cellsOf({ body }: Message): (string | null)[] {
  let at = 2;
  return Array.from({ length: body.readInt16BE(0) }, () => {
    const length = body.readInt32BE(at);
    const start = at + 4;
    at = start + Math.max(0, length);
    return length < 0 ? null : body.toString("utf8", start, at);
  });
}
