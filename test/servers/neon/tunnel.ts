import { connect, type Socket } from "node:net";
import { wrongPassword } from "./failures.ts";
import type { Faults } from "./faults.ts";
import { errorResponse, type Message, MessageReader, sqlOf, withText } from "./messages.ts";
import type { Fault, Kill, OpenTunnel, SeenRequest } from "./options.ts";
import type { Postgres } from "./postgres.ts";
import { type CancelKey, filterStartup, StartupAnswers, startupParameters } from "./startup.ts";

const [SSL_REQUEST, CANCEL_REQUEST] = [80_877_103, 80_877_102];
/** AuthenticationCleartextPassword, MD5Password, SASL and SASLContinue: PostgreSQL says nothing more before the client does. */
const ASKING = new Set([3, 5, 10, 11]);

/** The client's end: a WebSocket, or a socket. */
export interface TunnelClient {
  onData(listener: (data: Buffer) => void): void;
  onClose(listener: () => void): void;
  send(bytes: Buffer | string): void;
  /** Without a goodbye. */
  terminate(): void;
  close(): void;
}

/** What all tunnels of a server share. */
export interface TunnelHost {
  readonly postgres: Postgres;
  /** PostgreSQL's protocol as it is: nothing that Neon's proxy does to it. */
  readonly isPlain: boolean;
  readonly faults: Faults;
  /** Whether a host that the client named exists. */
  knows(host: string | undefined): boolean;
  log(seen: SeenRequest): void;
  onKey(told: string, key: CancelKey): void;
  /** A tunnel asks PostgreSQL for a session: one that cancels never does. */
  onStart(tunnel: Tunnel): void;
  /** @param key - as the client was told. */
  cancel(key: Buffer, onClose: () => void): void;
  onClose(tunnel: Tunnel): void;
}

/** A connection of a client, and one to PostgreSQL behind it. */
export class Tunnel {
  readonly number: number;
  readonly #host: TunnelHost;
  readonly #path: string;
  readonly #client: TunnelClient;
  readonly #server: Socket;
  readonly #asked = new MessageReader(false);
  readonly #answered = new MessageReader(true);
  #startup: StartupAnswers | undefined;
  #user = "";
  #status = "?";
  /** Whether the server has said something since the client's last message. */
  #hasAnswered = true;
  /** Syncs, queries and startups without their ReadyForQuery. */
  #unanswered = 0;
  /** A fault that lets PostgreSQL answer, and the client not hear it. */
  #deaf: Fault | undefined;
  /** What waits for the end of the login. */
  #held: (() => void)[] = [];
  /** By a fault. */
  #isHung = false;
  /** Nothing of what comes behind a message that hangs may overtake it: it would run without its BEGIN. */
  #isStuck = false;
  #isClosed = false;

  constructor(number: number, path: string, client: TunnelClient, host: TunnelHost) {
    this.number = number;
    this.#path = path;
    this.#client = client;
    this.#host = host;
    this.#server = connect({ host: "127.0.0.1", port: host.postgres.port, noDelay: true });
    client.onData((data) => this.#hear(data));
    this.#server.on("data", (chunk: Buffer) => this.#tell(chunk));
    const end = (): void => this.#close();
    client.onClose(end);
    this.#server.on("close", end);
    this.#server.on("error", end);
  }

  report(): OpenTunnel {
    return { number: this.number, status: this.#unanswered > 0 && this.#status !== "?" ? "Q" : this.#status };
  }

  isMeant({ which = "all" }: Kill): boolean {
    const { status } = this.report();
    if (which === "hung") return this.#isHung;
    const states = { all: status, idle: "I", transaction: "TE", active: "Q" };
    return states[which].includes(status);
  }

  kill({ how = "cut" }: Kill = {}): void {
    if (how === "terminate") {
      this.#client.send(errorResponse("terminating connection due to administrator command", "57P01"));
    }
    if (how === "cut") this.#cut();
    else this.#close();
  }

  /** From the client. */
  #hear(data: Buffer): void {
    const messages = this.#asked.read(data);
    // A part of one.
    if (messages.length === 0 || this.#isStuck) return;
    const letters = messages.map(({ type }) => type).join("");
    const sql = messages.map(sqlOf).filter((text) => text !== undefined);
    if (this.#isSpecial(messages, letters)) return;
    const fault = this.#host.faults.take({ on: "tunnel", sql, messages: letters });
    const isBye = letters.startsWith("X");
    // What is written at once may come in pieces, and be answered in between.
    const hasWaited = this.#hasAnswered && (this.#status === "?" || this.#unanswered === 0);
    this.#log(isBye ? "terminate" : "tunnel", letters, sql, fault?.action ?? "passed", hasWaited && !isBye);
    this.#hasAnswered = false;
    const { action } = fault ?? {};
    this.#isHung ||= action === "hang" || action === "hang-after";
    this.#isStuck = action === "hang";
    if (this.#isStuck) return;
    if (action === "drop-before") return this.#cut();
    if (action === "error") return this.#refuse(fault!.body ?? "something went wrong", fault!.code);
    this.#unanswered += letters.replace(/[^*QS]/g, "").length;
    if (action === "drop-after" || action === "hang-after") this.#deaf = fault;
    for (const message of messages) this.#pass(withText(message, (text) => this.#host.faults.textFor(text)));
    if (action === "drop-during") this.#send(Buffer.alloc(0), () => this.#cut());
  }

  /** TLS is not spoken here, as it is around the tunnel; and to cancel takes a tunnel of its own. */
  #isSpecial([message]: readonly Message[], letters: string): boolean {
    const code = letters === "*" ? message!.body.readInt32BE(0) : 0;
    if (code === SSL_REQUEST) {
      this.#asked.expectNoLetter();
      this.#client.send("N");
    } else if (code === CANCEL_REQUEST) {
      this.#log("cancel", letters, [], "passed", false);
      // Who leaves earlier may be taken at his word by a pooler, and the cancel with him.
      this.#host.cancel(message!.body.subarray(4), () => this.#close());
    }
    return code === SSL_REQUEST || code === CANCEL_REQUEST;
  }

  #pass(message: Message): void {
    if (message.type === "p") return void this.#server.write(message.raw);
    if (message.type !== "*") return this.#send(message.raw);
    this.#host.onStart(this);
    if (this.#host.isPlain) return void this.#server.write(message.raw);
    const parameters = startupParameters(message);
    this.#user = parameters["user"] ?? "";
    const address = new URLSearchParams(this.#path.split("?")[1]).get("address");
    if (!this.#host.knows(address?.split(":")[0])) return this.#refuse(wrongPassword(this.#user));
    this.#startup = new StartupAnswers(this.#user, this.#host.onKey);
    this.#server.write(filterStartup(parameters));
  }

  /**
   * To PostgreSQL, once it has let the session in, as Neon does: whoever is refused with something left unread has his
   * connection reset, and the reason may be lost on its way.
   */
  #send(bytes: Buffer, onSent?: () => void): void {
    if (this.#status === "?") this.#held.push(() => this.#send(bytes, onSent));
    else this.#server.write(bytes, onSent);
  }

  /** To the client. */
  #tell(chunk: Buffer): void {
    let isAsking = false;
    for (const { type, body } of this.#answered.read(chunk)) {
      isAsking ||= type === "R" && ASKING.has(body.readInt32BE(0));
      if (type !== "Z") continue;
      this.#status = body.toString();
      this.#unanswered--;
    }
    if (this.#status !== "?") for (const send of this.#held.splice(0)) send();
    const bytes = this.#startup?.rewrite(chunk) ?? chunk;
    if (this.#deaf !== undefined) {
      // What left together with the login is done first.
      if ((this.#unanswered === 0 || (isAsking && this.#unanswered === 1)) && this.#deaf.action === "drop-after")
        this.#cut();
      return;
    }
    if (bytes.length === 0) return;
    this.#hasAnswered = true;
    this.#client.send(bytes);
  }

  #refuse(message: string, code = "XX000"): void {
    this.#client.send(errorResponse(message, code));
    this.#close();
  }

  #log(
    via: SeenRequest["via"],
    messages: string,
    sql: readonly string[],
    status: SeenRequest["status"],
    isFlight: boolean,
  ): void {
    const { number: tunnel } = this;
    const seen = { via, tunnel, sql, params: [], messages, isBatch: false, headers: {}, path: this.#path, status };
    this.#host.log({ ...seen, isFlight });
  }

  /** Without a goodbye. */
  #cut(): void {
    this.#client.terminate();
    this.#close();
  }

  #close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#server.destroy();
    this.#client.close();
    this.#host.onClose(this);
  }
}
