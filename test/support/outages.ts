import { expect, vi } from 'vitest';
import { connect, type Redis } from '../../src/redis/connection.ts';
import { Network } from './network.ts';
import { RedisServer } from './redis-server.ts';
import { redisServerPath, testLogger } from './stores.ts';

/** A redis-server that keeps its data, the network to it, and an operator who is connected by another way. */
export class Outages implements AsyncDisposable {
  readonly redis: RedisServer;
  readonly network: Network;
  readonly operator: Redis;

  private constructor(redis: RedisServer, network: Network) {
    this.redis = redis;
    this.network = network;
    this.operator = connect({ url: redis.url }, 'worker', testLogger);
  }

  static async start(): Promise<Outages> {
    const redis = await RedisServer.start(redisServerPath ?? '', [
      '--busy-reply-threshold',
      '100',
      ...durable,
    ]);
    return new Outages(redis, await Network.start(redis.port));
  }

  get url(): string {
    return this.network.url;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.operator.disconnect();
    await this.network[Symbol.asyncDispose]();
    await this.redis[Symbol.asyncDispose]();
  }
}

/** Not `expect.poll`: of tests side by side it doesn't know which one asks. */
const patience = { timeout: 10_000, interval: 20 };

const durable = ['--appendonly', 'yes', '--appendfsync', 'always'];

/** How Redis goes away and comes back. */
export interface Outage {
  /** What an enqueue meanwhile may come to. */
  readonly answers: readonly string[];
  begin(outages: Outages): Promise<void> | void;
  end(outages: Outages): Promise<void> | void;
}

export const outages = {
  'was killed and started again': {
    answers: ['UNAVAILABLE'],
    begin: ({ redis }) => redis.end('SIGKILL'),
    end: ({ redis }) => redis.run(),
  },
  'was frozen': {
    answers: ['UNAVAILABLE'],
    async begin({ redis, operator }) {
      redis.signal('SIGSTOP');
      await vi.waitFor(() => expect(operator.status).not.toBe('ready'), { timeout: 10_000 });
    },
    end: ({ redis }) => redis.signal('SIGCONT'),
  },
  'was cut off without a word': {
    answers: ['UNAVAILABLE'],
    begin: ({ network }) => network.vanish(),
    end: ({ network }) => network.return(),
  },
  'was cut off until that was noticed': {
    answers: ['UNAVAILABLE'],
    async begin({ network }) {
      network.vanish();
      await network.tried();
    },
    end: ({ network }) => network.return(),
  },
  'was full': {
    answers: ['UNAVAILABLE'],
    begin: ({ operator }) => set(operator, 'maxmemory', '1'),
    end: ({ operator }) => set(operator, 'maxmemory', '0'),
  },
  'was read-only': {
    answers: ['UNAVAILABLE'],
    begin: async ({ operator }) => void (await operator.replicaof('127.0.0.1', 1)),
    end: async ({ operator }) => void (await operator.replicaof('NO', 'ONE')),
  },
  'had too few replicas': {
    answers: ['UNAVAILABLE'],
    begin: ({ operator }) => set(operator, 'min-replicas-to-write', '1'),
    end: ({ operator }) => set(operator, 'min-replicas-to-write', '0'),
  },
  'was busy with a script': {
    answers: ['UNAVAILABLE'],
    async begin({ operator }) {
      const endless = operator.duplicate();
      endless.eval('while true do end', 0).catch(() => endless.disconnect());
      await vi.waitFor(async () => expect(await operator.ping().catch(String)).toContain('BUSY'), patience);
    },
    async end({ operator }) {
      await operator.script('KILL');
      // It ends a moment after the answer.
      await vi.waitFor(async () => expect(await operator.ping().catch(String)).toBe('PONG'), patience);
    },
  },
  'forgot its scripts': {
    answers: ['QUEUED'],
    async begin({ operator }) {
      await operator.script('FLUSH');
      await operator.function('FLUSH');
    },
    end: () => undefined,
  },
  'closed all connections': {
    answers: ['QUEUED', 'UNAVAILABLE'],
    async begin({ operator }) {
      for (const type of ['PUBSUB', 'NORMAL']) await operator.call('CLIENT', 'KILL', 'TYPE', type);
    },
    end: () => undefined,
  },
} satisfies Record<string, Outage>;

async function set(operator: Redis, name: string, value: string): Promise<void> {
  await operator.config('SET', name, value);
}
