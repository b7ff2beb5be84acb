import { expect, test } from 'vitest';
import { UnavailableError } from '../../src/errors.ts';
import { Turns } from '../../src/tasks/turns.ts';
import { Gate } from '../support/definitions.ts';

test('no more happens at a time than may, and everything in its order', async () => {
  const turns = new Turns(2);
  const begun: number[] = [];
  let [running, most] = [0, 0];

  const results = await Promise.all(
    Array.from({ length: 20 }, (_, n) =>
      turns.take(async () => {
        begun.push(n);
        most = Math.max(most, (running += 1));
        await new Promise(setImmediate);
        running -= 1;
        return n;
      }),
    ),
  );

  expect(most).toBe(2);
  expect(begun).toEqual(results);
});

test('what fails lets the next one go on', async () => {
  const turns = new Turns(1);
  const failed = turns.take(() => Promise.reject(new Error('no')));
  const next = turns.take(async () => 'done');

  await expect(failed).rejects.toThrow('no');
  expect(await next).toBe('done');
});

test('a store that is away is told to all that wait, and the next one tries it again', async () => {
  const turns = new Turns(1);
  const gate = new Gate();
  const away = turns.take(async () => {
    await gate.opened;
    throw new UnavailableError();
  });
  const tried: number[] = [];
  const waiting = [1, 2].map((n) => turns.take(async () => tried.push(n)));
  gate.open();

  const ends = await Promise.allSettled([away, ...waiting]);
  expect(ends.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected']);
  expect(tried).toEqual([]);
  expect(await turns.take(async () => 'done')).toBe('done');
});
