import { ApiTokenWay } from '../../src/auth/api-token-way.ts';
import { ApiTokens } from '../../src/auth/api-tokens.ts';
import type { Credentials } from '../../src/auth/authenticator.ts';
import { connect, whenReady } from '../../src/redis/connection.ts';
import { freshSettings, testLogger } from './stores.ts';

/** What a client shows that sends this token as a header. */
export function bearer(token: string | undefined, more: Partial<Credentials> = {}): Credentials {
  return { token, headers: {}, params: undefined, address: '127.0.0.1', ...more };
}

/** API tokens as one process has them; on the same settings another one's. */
export class TestApiTokens implements AsyncDisposable {
  readonly settings;
  readonly redis;
  readonly tokens;
  readonly way;

  private constructor(settings: ReturnType<typeof freshSettings>) {
    this.settings = settings;
    this.redis = connect(settings, 'producer', testLogger);
    this.tokens = new ApiTokens(this.redis, settings.prefix ?? 'tw');
    this.way = new ApiTokenWay(this.tokens, settings, testLogger);
  }

  static async start(settings = freshSettings()): Promise<TestApiTokens> {
    const started = new TestApiTokens(settings);
    await whenReady(started.redis, AbortSignal.timeout(5_000));
    return started;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.way.close();
    this.redis.disconnect();
  }
}
