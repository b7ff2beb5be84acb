import { describe, expect, test, vi } from 'vitest';
import { defineTask } from '../../src/index.ts';
import { forever, Gate } from '../support/definitions.ts';
import { freshSettings, sharedStores } from '../support/stores.ts';
import { TestTasks } from '../support/tasks.ts';

describe.each(sharedStores)('what a task says in $name', (shared) => {
  test('is its log, line by line', async () => {
    const said = defineTask({
      name: 'said',
      retry: { attempts: 2, backoff: { initial: 0 } },
      run(_input, { attempt, log }) {
        log.debug('a detail');
        log.info('with fields', { at: [1], error: Object.assign(new Error('no'), { code: 'E_NO' }) });
        if (attempt === 1) throw new Error('again');
        log.warn('x'.repeat(10_000));
        log.error('the end', { large: 'y'.repeat(10_000) });
      },
    });
    await using tests = await TestTasks.start([said], { redis: freshSettings(shared) });
    const { id } = await tests.tasks.enqueue(said, {});
    await tests.finished(id);

    const { entries, ...rest } = await tests.tasks.logs.read(id);
    expect(rest).toEqual({ dropped: 0, lastIndex: 5, hasMore: false });
    expect(entries.map(({ index, attempt, level }) => [index, attempt, level])).toEqual([
      [0, 1, 'DEBUG'],
      [1, 1, 'INFO'],
      [2, 2, 'DEBUG'],
      [3, 2, 'INFO'],
      [4, 2, 'WARN'],
      [5, 2, 'ERROR'],
    ]);
    expect(entries[1]).toMatchObject({
      message: 'with fields',
      fields: { at: [1], error: { name: 'Error', message: 'no', code: 'E_NO' } },
    });
    expect(entries[0]?.at).toSatisfy((at: number) => Math.abs(at - Date.now()) < 60_000);
    expect(entries[4]?.message).toBe(`${'x'.repeat(8_192)}… (cut, 10000 bytes)`);
    expect(entries[5]?.fields).toEqual({ cut: '10012 bytes, more than 8192' });

    const warnings = await Array.fromAsync(tests.tasks.logs.follow(id, { after: 1, level: 'WARN' }));
    expect(warnings.flatMap(({ entries }) => entries.map(({ index }) => index))).toEqual([4, 5]);
    expect(await tests.tasks.logs.read(id, { after: 1, first: 2 })).toMatchObject({
      entries: [{ index: 2 }, { index: 3 }],
      lastIndex: 3,
      hasMore: true,
    });
  });

  test('tells a reader what it has missed for good', async () => {
    const gate = new Gate();
    const short = defineTask({
      name: 'short',
      logs: { lines: 10, chunks: 100, bytes: 10_000 },
      async run(_input, { stream, log }) {
        await stream('numbers').write('first');
        log.info('first');
        await gate.opened;
        for (let index = 1; index <= 500; index += 1) {
          await stream('numbers').write(String(index));
          log.info(String(index));
        }
      },
    });
    await using tests = await TestTasks.start([short], { redis: freshSettings(shared) });
    const { id } = await tests.tasks.enqueue(short, {});
    const { logs } = tests.tasks;
    const slow = logs.followStream(id, 'numbers');
    for (let first; first !== 'first'; first = (await slow.next()).value?.chunks[0]);
    gate.open();
    await tests.finished(id);

    const rest = await Array.fromAsync(slow);
    expect(rest.at(-1)?.lastIndex).toBe(500);
    expect(rest.reduce((sum, { chunks, dropped }) => sum + chunks.length + dropped, 0)).toBe(500);
    expect(rest.flatMap(({ chunks }) => chunks).slice(-100)).toEqual(
      Array.from({ length: 100 }, (_, index) => String(401 + index)),
    );
    expect(await logs.readStream(id, 'numbers')).toMatchObject({
      dropped: 401,
      lastIndex: 500,
      hasMore: false,
    });
    expect(await logs.readStream(id, 'numbers', { first: 10 })).toMatchObject({
      lastIndex: 410,
      hasMore: true,
    });
    expect(await logs.read(id, { after: 100 })).toMatchObject({ dropped: 390, lastIndex: 500 });
    expect(await Array.fromAsync(logs.follow(id))).toMatchObject([{ dropped: 491, lastIndex: 500 }]);
  });

  test('goes on with its numbers when the task is retried', async () => {
    const again = defineTask({
      name: 'again',
      retry: { attempts: 1 },
      async run(_input, { attempt, stream }) {
        await stream('tokens').write(`attempt ${attempt}`);
        if (attempt === 1) throw new Error('no');
      },
    });
    await using tests = await TestTasks.start([again], { redis: freshSettings(shared) });
    const { id } = await tests.tasks.enqueue(again, {});
    await tests.finished(id);
    const { logs } = tests.tasks;
    expect(await Array.fromAsync(logs.followStream(id, 'tokens'))).toEqual([
      { chunks: ['attempt 1'], attempt: 1, dropped: 0, lastIndex: 0 },
    ]);

    await tests.tasks.retry(id);
    await tests.finished(id);

    expect(await Array.fromAsync(logs.followStream(id, 'tokens', { after: 0 }))).toEqual([
      { chunks: ['attempt 2'], attempt: 2, dropped: 0, lastIndex: 1 },
    ]);
    expect(await logs.readStream(id, 'tokens')).toMatchObject({ chunks: ['attempt 1'], hasMore: true });
  });

  test('is TASK_NOT_FOUND where there is no such task', async () => {
    await using tests = await TestTasks.start([forever], { redis: freshSettings(shared), workers: 0 });
    const { logs } = tests.tasks;
    for (const id of ['default_00000000000000000000000000', 'nonsense', '']) {
      await expect(logs.read(id)).rejects.toMatchObject({ code: 'TASK_NOT_FOUND' });
      await expect(Array.fromAsync(logs.follow(id))).rejects.toMatchObject({ code: 'TASK_NOT_FOUND' });
    }
    await vi.waitFor(() => expect(tests.tasks.channels).toBe(0));
  });

  test('is refused where it is no text, too large, or one stream too many', async () => {
    const wrong = defineTask({
      name: 'wrong',
      output: (t) => ({ problems: t.stringList() }),
      async run(_input, { stream }) {
        const problems: string[] = [];
        const attempt = async (write: () => Promise<void>): Promise<void> => {
          await write().catch((error: unknown) => problems.push(String(error)));
        };
        for (const chunk of [1, null, { token: 'a' }, 'x'.repeat(16_385)])
          await attempt(() => stream('tokens').write(chunk as string));
        await attempt(() => stream('tokens').write('ä'.repeat(8_192)));
        await attempt(() => stream('tokens').write(''));
        for (const name of ['', 'Tokens', 'a b', 7 as unknown as string])
          await attempt(async () => stream(name).write('a'));
        for (let count = 2; count <= 17; count += 1)
          await attempt(async () => stream(`s${count}`).write('a'));
        return { problems };
      },
    });
    await using tests = await TestTasks.start([wrong], { redis: freshSettings(shared) });
    const { id } = await tests.tasks.enqueue(wrong, {});
    const { output, streams } = await tests.finished(id);

    expect((output as { problems: string[] }).problems).toEqual([
      "TypeError: stream('tokens').write: a chunk must be a string, got number; write data as JSON.stringify(data)",
      "TypeError: stream('tokens').write: a chunk must be a string, got null; write data as JSON.stringify(data)",
      "TypeError: stream('tokens').write: a chunk must be a string, got object; write data as JSON.stringify(data)",
      "TypeError: stream('tokens').write: a chunk may have 16384 bytes, got 16385; write it in pieces",
      "TypeError: stream: the name must match ^[a-z][A-Za-z0-9_-]{0,31}$, got ''",
      "TypeError: stream: the name must match ^[a-z][A-Za-z0-9_-]{0,31}$, got 'Tokens'",
      "TypeError: stream: the name must match ^[a-z][A-Za-z0-9_-]{0,31}$, got 'a b'",
      'TypeError: stream: the name must match ^[a-z][A-Za-z0-9_-]{0,31}$, got number',
      "TypeError: stream: a task may have 16 streams, and 's17' is one more",
    ]);
    expect(await tests.tasks.logs.readStream(id, 'tokens')).toMatchObject({ chunks: ['ä'.repeat(8_192)] });
    expect(streams).toHaveLength(16);
  });
});
