import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { double } from '../support/definitions.ts';
import { TestTokens } from '../support/tokens.ts';
import { TestApi } from './test-api.ts';

const tokens = new TestTokens();
const started: TestApi[] = [];
const apis = new Map<number, TestApi>();
beforeAll(async () => {
  for (const trustProxy of [0, 1, 2]) {
    const redis = started[0]?.tests.redis;
    const shared = redis === undefined ? {} : { redis };
    const api = await TestApi.start([double], { workers: 0, authenticator: tokens, trustProxy, ...shared });
    apis.set(trustProxy, api);
    started.push(api);
  }
});
afterEach(() => tokens.addresses.splice(0));
afterAll(async () => {
  for (const api of started.toReversed()) await api[Symbol.asyncDispose]();
});

describe.each([
  ['no proxy is trusted', 0, '203.0.113.7', '127.0.0.1'],
  ['there is no header', 1, undefined, '127.0.0.1'],
  ['the proxy tells it', 1, '203.0.113.7', '203.0.113.7'],
  ['the client has made up others', 1, '10.0.0.1, 198.51.100.1, 203.0.113.7', '203.0.113.7'],
  ['two proxies tell it', 2, '203.0.113.7, 192.0.2.9', '203.0.113.7'],
  ['the client has made up another before two', 2, '10.0.0.1,203.0.113.7,192.0.2.9', '203.0.113.7'],
  ['only one of two proxies was asked', 2, '203.0.113.7', '203.0.113.7'],
  ['the proxy writes a port', 1, '203.0.113.7:51234', '203.0.113.7'],
  ['it is an IPv6 address', 1, '2001:DB8::1', '2001:db8::1'],
  ['it is one in brackets', 1, '[2001:db8::1]:443', '2001:db8::1'],
  ['it is an IPv4 address in an IPv6 one', 1, '::ffff:203.0.113.7', '203.0.113.7'],
  ['the proxy does not know it', 1, '203.0.113.7, unknown', '127.0.0.1'],
  ['the first of two proxies does not know it', 2, 'unknown, 192.0.2.9', '192.0.2.9'],
])('where %s', (_, hops, forwarded, address) => {
  test('the address is that of the client', async () => {
    const headers = forwarded === undefined ? {} : { 'x-forwarded-for': forwarded };

    await apis.get(hops)?.http('{ __typename }', {}, headers);

    expect(tokens.addresses).toEqual([address]);
  });
});
