import { createHmac, createPublicKey } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { exportJWK } from 'jose';
import { afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { type JwtOptions, JwtWay } from '../../src/auth/jwt.ts';
import { ConfigurationError, UnauthenticatedError, UnavailableError } from '../../src/errors.ts';
import { bearer } from '../support/auth.ts';
import { audience, goodClaims, issuer, type Keys, newKeys, secret, sign, unsigned } from '../support/jwt.ts';
import { testLogger } from '../support/stores.ts';

const shared = { issuer, audience };
const now = () => Math.floor(Date.now() / 1_000);
let rsa: Keys;
let ec: Keys;
let ed: Keys;

beforeAll(async () => {
  [rsa, ec, ed] = await Promise.all([newKeys('rsa'), newKeys('ec'), newKeys('ed25519')]);
});
afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

function wayOf(options: Partial<JwtOptions> = { secret }): JwtWay {
  return new JwtWay({ ...shared, ...options }, testLogger);
}

async function signIn(way: JwtWay, token: string) {
  return await way.authenticate(bearer(token));
}

test('a JWT signs its subject in with the scopes that are known here, and other claims for authorize', async () => {
  const claims = { scope: 'openid tasks:read tasks:write', org: { id: 7 }, role: 'editor' };

  const session = await signIn(wayOf(), await sign({ ...claims, jti: 'x', nbf: now() - 1 }));

  expect(session?.viewer).toMatchObject({
    owner: 'acme',
    scopes: new Set(['tasks:read', 'tasks:write']),
    claims: { org: { id: 7 }, role: 'editor' },
  });
  expect(Object.keys(session?.viewer.claims ?? {})).toEqual(['org', 'role']);
  expect(session).toMatchObject({ credential: 'jwt', expiresAt: (now() + 60) * 1_000 });
});

test.each([
  [{ scope: undefined, scopes: ['admin', 7, 'x'] }, ['admin']],
  [{ scope: undefined, scp: ['tasks:read'] }, ['tasks:read']],
  [{ scope: undefined, scp: 'tasks:read queues:manage' }, ['queues:manage', 'tasks:read']],
  [{ scope: undefined }, []],
  [{ scope: { admin: true } }, []],
])('scopes are read from %j', async (claims, scopes) => {
  const session = await signIn(wayOf(), await sign(claims));

  expect([...(session?.viewer.scopes ?? [])]).toEqual(scopes);
});

test('keys of each kind have one algorithm', async () => {
  const by = async (keys: Keys, alg: string, algorithm?: string) =>
    (await signIn(wayOf({ publicKey: keys.publicKey, algorithm }), await sign({}, keys.privateKey, { alg })))
      ?.viewer.owner;

  expect(await by(rsa, 'RS256')).toBe('acme');
  expect(await by(rsa, 'PS256', 'PS256')).toBe('acme');
  expect(await by(ec, 'ES256')).toBe('acme');
  expect(await by(ed, 'EdDSA')).toBe('acme');
  await expect(by(rsa, 'PS256')).rejects.toThrow('its algorithm is not the allowed one');
  await expect(by(rsa, 'RS512')).rejects.toThrow(UnauthenticatedError);
});

describe('a forged token is refused', () => {
  const forgeries: [string, () => string | Promise<string>][] = [
    ['that says it needs no signature', () => unsigned({ alg: 'none' }, goodClaims())],
    ['that says so in other letters', () => unsigned({ alg: 'nOnE' }, goodClaims())],
    ['without its signature', async () => (await sign()).replace(/[^.]*$/, '')],
    ['with the signature of another', async () => swapped(await sign(), await sign({ sub: 'shop' }))],
    ['by another secret', () => sign({}, Buffer.from('x'.repeat(32)))],
    ['by an empty secret', () => hmac(goodClaims(), '')],
    ['by another algorithm', () => sign({}, Buffer.from(secret), { alg: 'HS512' })],
    ['of another issuer', () => sign({ iss: 'https://evil.example.com' })],
    ['of no issuer', () => sign({ iss: undefined })],
    ['for another audience', () => sign({ aud: 'shop' })],
    ['for no audience', () => sign({ aud: undefined })],
    ['that has expired', () => sign({ iat: now() - 600, exp: now() - 31 })],
    ['that is not valid yet', () => sign({ nbf: now() + 60 })],
    ['that was made in the future', () => sign({ iat: now() + 60, exp: now() + 120 })],
    ['that lives for longer than an hour', () => sign({ exp: now() + 3_660 })],
    ['that has lived for longer than an hour', () => sign({ iat: now() - 7_200 })],
    ['that never ends', () => sign({ exp: undefined })],
    ['that ends at no time', () => hmac({ ...goodClaims(), exp: '99999999999' }, secret)],
    ['that was made at no time', () => hmac({ ...goodClaims(), iat: 'now' }, secret)],
    ['that does not say when it was made', () => sign({ iat: undefined })],
    ['of nobody', () => sign({ sub: undefined })],
    ['of an empty name', () => sign({ sub: '' })],
    ['of a name that is none', () => sign({ sub: 7 })],
    ['of a name with a line break', () => sign({ sub: 'a\nb' })],
    ['with claims that are no JSON', () => 'eyJhbGciOiJIUzI1NiJ9.e30x.x'],
    [
      'that must be understood in another way',
      () => hmac(goodClaims(), secret, { alg: 'HS256', crit: ['x'], x: 1 }),
    ],
  ];
  test.each(forgeries)('%s', async (_, forge) => {
    const way = wayOf();
    const token = await forge();

    await expect(signIn(way, token)).rejects.toThrow(UnauthenticatedError);
    expect(way.cached).toBe(0);
  });

  test('by the public key, taken for a secret', async () => {
    const way = wayOf({ publicKey: rsa.publicKey });
    const token = hmac(goodClaims(), rsa.publicKey);

    await expect(signIn(way, token)).rejects.toThrow('its algorithm is not the allowed one');
  });

  test('by another key of the same kind', async () => {
    const other = await newKeys('ec');
    const way = wayOf({ publicKey: ec.publicKey });

    await expect(signIn(way, await sign({}, other.privateKey, { alg: 'ES256' }))).rejects.toThrow(
      'not signed by the expected key',
    );
  });

  test('by a key that it brings along', async () => {
    const other = await newKeys('ec');
    const jwk = await exportJWK(createPublicKey(other.publicKey));
    const way = wayOf({ publicKey: ec.publicKey });

    await expect(
      signIn(way, await sign({}, other.privateKey, { alg: 'ES256', jwk, jku: 'https://evil.example.com' })),
    ).rejects.toThrow(UnauthenticatedError);
  });
});

test('no refusal repeats what stands in a token', async () => {
  const token = await sign({ iss: 'topsecret', org: 'topsecret' });

  const refusal = await signIn(wayOf(), token).catch((error: unknown) => error);

  expect(refusal).toBeInstanceOf(UnauthenticatedError);
  expect(String(refusal)).not.toContain('topsecret');
});

test('clocks may differ by half a minute', async () => {
  expect(await signIn(wayOf(), await sign({ iat: now() - 60, exp: now() - 20 }))).toBeDefined();
  expect(await signIn(wayOf(), await sign({ iat: now() + 20, nbf: now() + 20 }))).toBeDefined();
});

test('what is no JWT is left to the other ways', async () => {
  for (const token of [undefined, '', 'secret', 'a.b.c', 'twk_x', 'eyJ.x', 'eyJ.x.y.z.w']) {
    expect(await wayOf().authenticate(bearer(token))).toBeUndefined();
  }
});

test('a token that was checked is remembered for two seconds, and never beyond its end', async () => {
  const way = wayOf();
  const token = await sign();
  await signIn(way, token);
  expect(way.authenticate(bearer(token))).not.toBeInstanceOf(Promise);

  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 91_000 });
  await expect(signIn(way, token)).rejects.toThrow('This JWT has expired.');
});

test.each<[string, Partial<JwtOptions>, RegExp]>([
  [
    'a secret that is too short',
    { secret: 'x'.repeat(31) },
    /at least 32 bytes, got 31; make one with: openssl/,
  ],
  ['no key', {}, /expected one of secret, publicKey and jwks, got none/],
  ['two keys', { secret, jwks: 'https://x.example.com' }, /got secret and jwks/],
  ['no issuer', { secret, issuer: '' }, /expected issuer/],
  ['no audience', { secret, audience: undefined as unknown as string }, /expected audience/],
  ['a key that is none', { publicKey: 'topsecret' }, /expected a public key as PEM/],
  ['the algorithm none', { secret, algorithm: 'none' }, /can have \(HS256\), got 'none'/],
  ['a JWKS in the clear', { jwks: 'http://login.example.com/jwks' }, /by https:/],
  ['a JWKS that is no address', { jwks: 'jwks.json' }, /by https:/],
])('nothing starts with %s', (_, options, message) => {
  expect(() => wayOf(options)).toThrow(ConfigurationError);
  expect(() => wayOf(options)).toThrow(message);
  expect(() => wayOf(options)).not.toThrow(/topsecret/);
});

test('nothing starts with a weak or a private key, or with an algorithm that the key does not have', async () => {
  const weak = await newKeys('rsa', 1_024);
  const privateKey = String(rsa.privateKey.export({ type: 'pkcs8', format: 'pem' }));

  expect(() => wayOf({ publicKey: weak.publicKey })).toThrow('at least 2048 bits, got 1024');
  expect(() => wayOf({ publicKey: privateKey })).toThrow('got a private one');
  expect(() => wayOf({ publicKey: rsa.publicKey, algorithm: 'HS256' })).toThrow("got 'HS256'");
  expect(() => wayOf({ publicKey: ec.publicKey, algorithm: 'RS256' })).toThrow("(ES256), got 'RS256'");
});

describe('a JWKS', () => {
  /** Serves keys under their names; its status can be changed. */
  async function serve(keys: Readonly<Record<string, Keys>>) {
    const state = { status: 200, asked: 0, keys };
    const server: Server = createServer((_, response) => {
      state.asked += 1;
      void Promise.all(
        Object.entries(state.keys).map(async ([kid, { publicKey }]) => ({
          ...(await exportJWK(createPublicKey(publicKey))),
          kid,
          use: 'sig',
        })),
      ).then((jwks) => response.writeHead(state.status).end(JSON.stringify({ keys: jwks })));
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    return {
      state,
      url: `http://127.0.0.1:${port}/jwks`,
      [Symbol.asyncDispose]: async () => {
        server.close();
        server.closeAllConnections();
        await once(server, 'close');
      },
    };
  }

  test('tells the keys by which tokens are checked', async () => {
    await using jwks = await serve({ one: rsa, two: ec });
    const way = wayOf({ jwks: jwks.url });

    const session = await signIn(way, await sign({}, ec.privateKey, { alg: 'ES256', kid: 'two' }));
    await signIn(way, await sign({ sub: 'shop' }, rsa.privateKey, { alg: 'RS256', kid: 'one' }));

    expect(session?.viewer.owner).toBe('acme');
    expect(jwks.state.asked).toBe(1);
  });

  test('refuses what is signed by a key that it does not have, under the name of one that it has, or by a secret', async () => {
    await using jwks = await serve({ one: rsa });
    const other = await newKeys('rsa');
    const way = wayOf({ jwks: jwks.url });
    const forged = [
      await sign({}, other.privateKey, { alg: 'RS256', kid: 'one' }),
      await sign({}, other.privateKey, { alg: 'RS256', kid: 'other' }),
      hmac(goodClaims(), rsa.publicKey, { alg: 'HS256', kid: 'one' }),
      unsigned({ alg: 'none', kid: 'one' }, goodClaims()),
    ];

    for (const token of forged) await expect(signIn(way, token)).rejects.toThrow(UnauthenticatedError);
    // However many keys a forger makes up, the issuer isn't asked again and again.
    expect(jwks.state.asked).toBe(1);
  });

  test('that is away turns nobody away: it is for later', async () => {
    await using jwks = await serve({ one: rsa });
    jwks.state.status = 500;
    const way = wayOf({ jwks: jwks.url });
    const token = await sign({}, rsa.privateKey, { alg: 'RS256', kid: 'one' });
    await expect(signIn(way, token)).rejects.toThrow(UnavailableError);

    jwks.state.status = 200;

    expect((await signIn(way, token))?.viewer.owner).toBe('acme');
  });

  test('that nothing serves turns nobody away either', async () => {
    const jwks = await serve({});
    await jwks[Symbol.asyncDispose]();
    const way = wayOf({ jwks: jwks.url });

    await expect(signIn(way, await sign({}, rsa.privateKey, { alg: 'RS256', kid: 'one' }))).rejects.toThrow(
      UnavailableError,
    );
  });
});

/** Claims that `jose` wouldn't sign, by a secret. */
function hmac(claims: object, key: string, header: object = { alg: 'HS256' }): string {
  const [head = '', body = ''] = unsigned(header, claims).split('.');
  const signature = createHmac('sha256', key).update(`${head}.${body}`).digest('base64url');
  return `${head}.${body}.${signature}`;
}

/** The claims of one token under the signature of another. */
function swapped(claims: string, signature: string): string {
  return claims.replace(/[^.]*$/, signature.split('.')[2] ?? '');
}
