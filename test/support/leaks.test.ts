import { expect, test } from 'vitest';
import { Leaks } from './leaks.ts';

const token = 'test-token-0123456789';

function found(leaks: Leaks): string[] {
  return leaks.found.map(({ what, kind, where }) => `${what} in ${kind} of ${where}`);
}

test('a secret is found in a log and in an answer, also where it is cut in two, and told without itself', () => {
  const leaks = new Leaks();
  const [socket, other] = [{}, {}];
  leaks.register(token, { what: 'a token' });

  leaks.see(socket, 'answer', 'an API', `{"data":"${token.slice(0, 9)}`);
  leaks.see(other, 'log', 'a worker', `nothing here`);
  expect(found(leaks)).toEqual([]);
  leaks.see(socket, 'answer', 'an API', `${token.slice(9)}"}`);
  leaks.see(socket, 'answer', 'an API', 'and so on');
  leaks.see(other, 'log', 'a worker', `here: ${token}!`);

  expect(found(leaks)).toEqual(['a token in answer of an API', 'a token in log of a worker']);
  expect(leaks.found.map(({ around }) => around)).toEqual(['{"data":"█"}', 'nothing herehere: █!']);
});

test('a secret that is told of late is found where it was seen before', () => {
  const leaks = new Leaks();
  leaks.see({}, 'log', 'a server', `made ${token}`);
  leaks.see({}, 'answer', 'an API', `made ${token}`);
  leaks.register(token);

  expect(found(leaks)).toEqual(['a secret in answer of an API', 'a secret in log of a server']);
});

test('the answer that makes a token may hold it, each further one and any log may not', () => {
  const leaks = new Leaks();
  leaks.see({}, 'answer', 'an API', `made ${token}`);
  leaks.register(token, { answers: 1 });
  leaks.register(token, { answers: 1 });
  expect(found(leaks)).toEqual([]);

  leaks.see({}, 'answer', 'an API', `made ${token}`);
  leaks.see({}, 'log', 'a server', `made ${token}`);
  expect(found(leaks)).toEqual(['a secret in answer of an API', 'a secret in log of a server']);
});

test('a secret is found as JSON and a URL have it', () => {
  const leaks = new Leaks();
  leaks.register('a "secret" & more');
  leaks.see({}, 'log', 'JSON', JSON.stringify({ text: 'a "secret" & more' }));
  leaks.see({}, 'log', 'a URL', `/?a=${encodeURIComponent('a "secret" & more')}`);

  expect(found(leaks)).toEqual(['a secret in log of JSON', 'a secret in log of a URL']);
});

test('what looks like a token or a password may be in no log, though nobody told of it', () => {
  const leaks = new Leaks();
  const lines = {
    ours: `tww_${'a1'.repeat(12)}`,
    jwt: `eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhIn0.c2lnbmF0dXJl`,
    url: 'redis://user:hunter2@127.0.0.1:6379/0',
    clean: 'redis://user:***@127.0.0.1:6379/0 and http://127.0.0.1:80/a:b@c',
  };
  for (const [where, line] of Object.entries(lines)) leaks.see({}, 'log', where, `${line}\n`);
  for (const line of Object.values(lines)) leaks.see({}, 'answer', 'an API', line);

  expect(found(leaks)).toEqual([
    'something like a token in log of ours',
    'something like a JWT in log of jwt',
    'something like a password in a URL in log of url',
  ]);
});

test('what is kept for later is bounded', () => {
  const leaks = new Leaks();
  leaks.see({}, 'log', 'a server', token);
  leaks.see({}, 'log', 'a server', 'x'.repeat(1_000_000));
  leaks.register(token);

  expect(found(leaks)).toEqual([]);
});
