import { ClientChannel } from "../postgres/client-channel.ts";
import type { Failures } from "../shared/failures.ts";
import type { Part } from "../postgres/pipeline.ts";
import type { Answering } from "../postgres/wire.ts";
import type { PgClient, PgClientClass, PgConfig } from "./driver.ts";
import { failures, toConnectError, wordsOf } from "./errors.ts";
import { RESET_SETTINGS, withReset } from "./reset.ts";
import type { Route } from "./route.ts";

/** @throws DbError `CONNECT_FAILED` | `AUTH_FAILED`; or the signal's own reason. */
export async function openPg(
  Client: PgClientClass,
  route: Route,
  signal: AbortSignal | undefined,
): Promise<ClientChannel> {
  const channel = new PgChannel(Client, route);
  await channel.connect(signal);
  return channel;
}

/** A Client of `pg`, whose messages leave together. */
class PgChannel extends ClientChannel<PgClient> {
  override readonly failures: Failures = failures;
  readonly #anew: () => PgClient;
  readonly #secret: string | undefined;
  readonly #reset: string | undefined;

  constructor(Client: PgClientClass, route: Route) {
    super(toClient(Client, route));
    this.#anew = () => toClient(Client, route);
    this.#secret = route.address.password;
    this.#reset = route.isHyperdrive ? RESET_SETTINGS : undefined;
  }

  override words(thrown: unknown): string {
    return wordsOf(thrown, this.#secret);
  }

  override toRefusal(thrown: unknown): Error {
    return toConnectError(this.words(thrown), (Object(thrown) as { code?: string }).code);
  }

  override cancel(isOver: Promise<unknown>): Promise<void> {
    return cancel(this.raw, this.#anew(), isOver);
  }

  override run(segments: readonly (readonly Part[])[], isKept: boolean): Answering {
    return super.run(withReset(segments, this.#reset), isKept);
  }
}

/** By a connection of its own, encrypted as that one is; nothing comes back but that it is closed. */
async function cancel(client: PgClient, { connection }: PgClient, isOver: Promise<unknown>): Promise<void> {
  const { host, port, ssl, sslNegotiation, processID, secretKey } = client;
  const isClosed = new Promise((resolve) => {
    connection.on("error", resolve);
    connection.on("end", resolve);
  });
  const send = (): void => connection.cancel(processID!, secretKey);
  connection.on("connect", () => {
    if (!ssl) send();
    else if (sslNegotiation !== "direct") connection.requestSsl();
  });
  connection.on("sslconnect", send);
  connection.connect(port, host);
  await Promise.race([isClosed, isOver]);
  connection.stream.destroy();
}

function toClient(Client: PgClientClass, { address, tls, ssl }: Route): PgClient {
  const { host, port, user, password = "", database, applicationName, connectionString } = address;
  const config: PgConfig = { host: host.replace(/^\[|\]$/g, ""), port, user, password, database };
  if (applicationName) config.application_name = applicationName;
  if (ssl !== undefined) config.ssl = ssl;
  // The driver reads them: files of certificates, too, where there are files.
  else if (tls) config.connectionString = `${connectionString}?${tls}`;
  const client = new Client(config) as PgClient;
  if (!client.connection)
    throw new TypeError("Expected `Client` of `pg` in JavaScript, which has a `connection`: pg.native has none");
  // Else the driver looks for one in the environment and in files.
  client.password = password;
  return client;
}
