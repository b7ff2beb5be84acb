import { expect, test } from 'vitest';
import { checks } from '../../../src/tasks/doctor/checks.ts';
import { examine } from '../../../src/tasks/doctor/examine.ts';
import { queueFindings } from '../../../src/tasks/doctor/queue.ts';
import { inspectQueue, type QueueState } from '../../../src/tasks/inspect.ts';
import { TestStore } from '../../support/store.ts';
import { freshSettings } from '../../support/stores.ts';

/** A queue that is known, in a prefix of its own. */
async function queue() {
  const settings = freshSettings();
  const tests = new TestStore(settings);
  await tests.store.registerQueues([tests.queue]);
  const look = (): Promise<QueueState> => inspectQueue(tests.redis, settings.prefix ?? '', tests.queue);
  return { tests, settings, look };
}

const ofCheck = (state: QueueState, check: string) =>
  queueFindings(state).filter((finding) => finding.check === check);

test('a worker that went away without a word is told, until its tasks are taken back', async () => {
  const { tests, look } = await queue();
  await using _ = tests;
  await tests.present(1);
  expect(ofCheck(await look(), 'leases')).toEqual([]);

  await tests.expire('w1');

  expect(ofCheck(await look(), 'leases')).toMatchObject([
    { mark: 'warn', found: expect.stringMatching(/^the lease of 1 worker ran out, w1 \(test\), .* ago$/) },
  ]);
  await tests.tick();
  expect(ofCheck(await look(), 'leases')).toEqual([]);
});

test('tasks that wait too long behind others of another version are told once, by their definition', async () => {
  const { tests, look } = await queue();
  await using _ = tests;
  await tests.present(1);
  await tests.create();
  await tests.delivery();
  await tests.create();
  const { task } = await tests.create({ priority: -60 });
  const state = await look();
  const [definition] = state.definitions;
  if (definition === undefined) throw new Error('something waits');
  const [line] = state.lines;
  if (line === undefined) throw new Error('something waits');
  const old = { ...definition, oldestId: task.id, waitingMs: 900_000 };
  const keyed = { ...line, isKeyed: true, waitingMs: 1_000 };
  const behind = { ...state, lines: [keyed], definitions: [old] };

  expect(ofCheck(behind, 'waiting')).toMatchObject([
    {
      mark: 'warn',
      definition: 'resize',
      found: expect.stringMatching(new RegExp(`^2 tasks of resize: the oldest \\(${task.id}\\) for 15 min`)),
    },
  ]);
  // It is told by its line already.
  const stuck = { ...line, isKeyed: true, waitingMs: 700_000 };
  expect(ofCheck({ ...behind, lines: [stuck] }, 'waiting')).toHaveLength(1);
  // Paused, that is what is said.
  const paused = { ...behind, rules: { ...behind.rules, pause: { at: 0 } } };
  for (const state of [paused, { ...paused, lines: [] }])
    expect(ofCheck(state, 'waiting')).toMatchObject([{ mark: 'ok' }]);
});

test('all that the doctor looks at is in the table of checks, once', async () => {
  const { tests, settings } = await queue();
  await using _ = tests;
  const names: readonly string[] = checks.map(({ name }) => name);

  expect(new Set(names).size).toBe(names.length);
  for (const { check } of await examine(settings)) expect(names).toContain(check);
});
