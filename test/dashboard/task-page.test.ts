import { expect, test } from 'vitest';
import { applyChanges } from '../../src/dashboard/client/apply-changes.ts';
import { issuesOf, writePath } from '../../src/dashboard/parts/schema-form/issue.ts';

test('a list of children is what its changes make of it, in their order', () => {
  const changes = [
    { kind: 'INSERTED', index: 1, task: 'x' },
    { kind: 'CHANGED', index: 0, task: 'A' },
    { kind: 'REMOVED', index: 2, task: null },
  ] as const;

  expect(applyChanges(['a', 'b', 'c'], changes)).toEqual(['A', 'x', 'c']);
});

test('what is wrong with an input is told by where it is', () => {
  const issues = [
    { path: ['items', 2, 'price'], message: 'Expected a number.' },
    { message: 'All of it.' },
    7,
  ];

  const told = issuesOf({ code: 'BAD_USER_INPUT', issues });
  expect(told.map(({ path, message }) => ({ path: writePath(path), message }))).toEqual([
    { path: 'items.2.price', message: 'Expected a number.' },
    { path: '', message: 'All of it.' },
  ]);
  expect(issuesOf({ code: 'UNAVAILABLE' })).toEqual([]);
});
