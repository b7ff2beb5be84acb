import { createConnection, Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { AbstractConnector, Redis as IORedis } from 'ioredis';
import type { Sentinel, SentinelAddress } from './address.ts';

/** How long one Sentinel may take to answer. */
const answerMs = 1_000;

/**
 * How often a Sentinel is asked whether the master is still the same. After a failover the old one may stay up
 * and take writes for ten seconds, all of which are lost.
 */
const followMs = 2_000;

type Master = Sentinel;
type Stream = Awaited<ReturnType<AbstractConnector['connect']>>;

/**
 * What has a connection lead to the master that the Sentinels name, and end when they name another.
 *
 * ioredis' own one isn't used: word of a failover that comes while it asks for the master ends the connection for
 * good, and it prints what befalls its own links to the Sentinels.
 */
export function sentinelConnector(address: SentinelAddress): new () => AbstractConnector {
  return class extends SentinelConnector {
    constructor() {
      super(address);
    }
  };
}

class SentinelConnector extends AbstractConnector {
  readonly #address: SentinelAddress;
  /** The one that answered last is asked first: others may be behind. */
  #sentinels: readonly Sentinel[];

  constructor(address: SentinelAddress) {
    super(2_000);
    this.#address = address;
    this.#sentinels = address.sentinels;
  }

  /** Refuses what isn't the master (any more): ioredis then starts over. */
  override check(info: { readonly role?: string }): boolean {
    return info.role === undefined || info.role === 'master';
  }

  override async connect(): Promise<Stream> {
    this.connecting = true;
    const { tls } = this.#address;
    let master: Master;
    try {
      master = await this.#ask();
      if (!this.connecting) throw new Error('Connection is closed.');
    } catch (error) {
      // ioredis takes a rejection for its end, but tries again after a stream that broke.
      this.firstError = error instanceof Error ? error : new Error(String(error));
      return new Socket().destroy();
    }
    const stream = tls ? connectTls({ ...master }) : createConnection({ ...master });
    this.stream = stream;
    stream.once('error', (error) => {
      this.firstError = error;
    });
    this.#follow(stream, master);
    return stream;
  }

  #follow(stream: Stream, master: Master): void {
    const ask = async (): Promise<void> => {
      // While no Sentinel answers the master stays who it is.
      const now = await this.#ask().catch(() => master);
      if (stream.destroyed) return;
      if (now.host !== master.host || now.port !== master.port) {
        stream.destroy(new Error(`the master is now ${now.host}:${now.port}`));
      } else timer = setTimeout(() => void ask(), followMs).unref();
    };
    let timer = setTimeout(() => void ask(), followMs).unref();
    stream.once('close', () => clearTimeout(timer));
  }

  /** @throws Error with what the last Sentinel said, where none names a master */
  async #ask(): Promise<Master> {
    let reason = '';
    for (const sentinel of this.#sentinels) {
      try {
        const master = await masterAt(sentinel, this.#address);
        this.#sentinels = [sentinel, ...this.#sentinels.filter((other) => other !== sentinel)];
        return master;
      } catch (error) {
        reason = `${sentinel.host}:${sentinel.port}: ${error instanceof Error ? error.message : String(error)}`;
      }
    }
    throw new Error(`no Sentinel names a master '${this.#address.name}' (${reason})`);
  }
}

async function masterAt({ host, port }: Sentinel, address: SentinelAddress): Promise<Master> {
  const client = new IORedis({
    ...address.sentinelLogin,
    host,
    port,
    ...(address.tls ? { tls: {} } : {}),
    retryStrategy: () => null,
    enableReadyCheck: false,
    disableClientInfo: true,
    protocol: 2,
    connectTimeout: answerMs,
    commandTimeout: answerMs,
    disconnectTimeout: 500,
  });
  // A connection that fails only says of its commands that it is closed.
  let failure: Error | undefined;
  client.on('error', (error: Error) => {
    failure ??= error;
  });
  try {
    const reply = await client.call('SENTINEL', 'get-master-addr-by-name', address.name);
    if (!Array.isArray(reply)) throw new Error('knows no such master');
    return { host: String(reply[0]), port: Number(reply[1]) };
  } catch (error) {
    throw failure ?? error;
  } finally {
    client.disconnect();
  }
}
