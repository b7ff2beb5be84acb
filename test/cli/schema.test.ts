import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { buildSchema } from 'graphql';
import { expect, test, vi } from 'vitest';
import { Folder, taskwire } from './program.ts';

vi.setConfig({ testTimeout: 60_000 });

test('schema prints the sorted schema of all definitions', async () => {
  await using folder = await Folder.create({ 'tasks/double.ts': double });
  await using schema = taskwire(['schema'], { cwd: folder.path });

  expect(await schema.ended).toMatchObject({ code: 0 });
  const types = Object.keys(buildSchema(schema.stdout).getTypeMap()).filter((name) => !name.startsWith('__'));
  expect(types).toContain('DoubleInput');
  expect(types).toContain('AnalyzeDataInput');
  const declared = [...schema.stdout.matchAll(/^(?:type|input|enum|interface|scalar) (\w+)/gm)].map(
    ([, name = '']) => name,
  );
  expect(declared).toStrictEqual(declared.toSorted((a, b) => (a < b ? -1 : 1)));
});

test('schema --output writes it, and --check then finds nothing', async () => {
  await using folder = await Folder.create({ 'tasks/double.ts': double });
  await using write = taskwire(['schema', '--output', 'schema.graphql'], { cwd: folder.path });
  expect(await write.ended).toMatchObject({ code: 0 });
  expect(await readFile(join(folder.path, 'schema.graphql'), 'utf8')).toContain('input DoubleInput');

  await using check = taskwire(['schema', '--check', 'schema.graphql'], { cwd: folder.path });

  expect(await check.ended).toMatchObject({ code: 0 });
  expect(`${write.stdout}${check.stdout}${check.stderr}`).toBe('');
});

test('schema --check ends with 1 and shows the first difference and what to do', async () => {
  await using folder = await Folder.create({ 'tasks/double.ts': double });
  await using write = taskwire(['schema', '--output', 'schema.graphql'], { cwd: folder.path });
  await write.ended;
  await folder.write({
    'tasks/double.ts': double.replace('n: t.int({ required: true })', 'm: t.int({ required: true })'),
  });

  await using check = taskwire(['schema', '--check', 'schema.graphql'], { cwd: folder.path });

  expect(await check.ended).toMatchObject({ code: 1 });
  expect(check.stderr).toMatch(/in the file: +n: Int!\n +by the definitions: +m: Int!\n/);
  expect(check.stderr).toContain('taskwire schema --output schema.graphql');
});

test('schema --check says when there is no such file', async () => {
  await using check = taskwire(['schema', '--check', 'nowhere.graphql']);

  expect(await check.ended).toMatchObject({ code: 1 });
  expect(check.stderr).toMatch(/^taskwire: nowhere\.graphql can't be read/);
});

const double = `
import { defineTask } from 'taskwire';
export const double = defineTask({
  name: 'double',
  input: (t) => ({ n: t.int({ required: true }) }),
  output: (t) => ({ n: t.int() }),
  run: () => ({ n: 2 }),
});
`;
