import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

interface Answer {
  readonly loaded?: readonly {
    readonly name: string;
    readonly source: string;
    readonly description?: string;
  }[];
  readonly same?: boolean;
  readonly problems?: readonly string[];
}

/** A folder outside of the project, so without `node_modules`, that is removed at the end of the test. */
async function folder(files: Readonly<Record<string, string>>) {
  const path = await realpath(await mkdtemp(join(tmpdir(), 'taskwire-load-')));
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(path, name)), { recursive: true });
    await writeFile(join(path, name), text);
  }
  return {
    path,
    async load(...paths: readonly string[]): Promise<Answer> {
      const runner = join(import.meta.dirname, '../fixtures/load-runner.ts');
      const { stdout } = await promisify(execFile)(process.execPath, [runner, ...paths], { cwd: path });
      // The runner prints what Answer says.
      return JSON.parse(stdout) as Answer;
    },
    [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }),
  };
}

const task = (name: string, more = '') =>
  `import { defineTask } from 'taskwire';\nexport const ${name} = defineTask({ name: '${name}', ${more} run() {} });\n`;

test('a folder of TypeScript and JavaScript files is loaded as it is, without a build or node_modules', async () => {
  await using tasks = await folder({
    'tasks/images.ts': `
      import { defineTask, type TaskContext } from 'taskwire';
      type Size = { width: number };
      export const resizeImage = defineTask({
        name: 'resizeImage',
        description: 'In TypeScript.',
        input: (t) => ({ width: t.int({ required: true }) }),
        output: (t) => ({ width: t.int() }),
        async run({ width }: Size, { log }: TaskContext) { log.info('hi'); return { width }; },
      });
      export const other = 5;`,
    'tasks/mail.mjs': task('sendMail').replace('export const sendMail =', 'export default'),
    'tasks/old.cjs': `const { defineTask } = require('taskwire');\nexports.oldTask = defineTask({ name: 'oldTask', run() {} });`,
    'tasks/_helper.ts': 'throw new Error("not a task file");',
    'tasks/images.test.ts': 'throw new Error("not a task file");',
    'tasks/types.d.ts': 'declare const x: number;',
    'tasks/README.md': '# Tasks',
    'tasks/lib/pixels.ts': 'export const pixels = 1;',
  });

  const { loaded } = await tasks.load('./tasks');

  expect(loaded).toEqual([
    {
      name: 'resizeImage',
      source: pathToFileURL(join(tasks.path, 'tasks/images.ts')).href,
      description: 'In TypeScript.',
    },
    { name: 'sendMail', source: pathToFileURL(join(tasks.path, 'tasks/mail.mjs')).href },
    { name: 'oldTask', source: pathToFileURL(join(tasks.path, 'tasks/old.cjs')).href },
  ]);
});

test("a task file's 'taskwire' is the running instance, so that its errors are the worker's", async () => {
  await using tasks = await folder({
    'a.ts': `import { NonRetryableError } from 'taskwire';\nglobalThis.errorClass = NonRetryableError;\n${task('a1')}`,
    // Another copy that must not be taken.
    'node_modules/taskwire/package.json': '{ "name": "taskwire", "exports": "./index.js", "type": "module" }',
    'node_modules/taskwire/index.js': 'export class NonRetryableError {}',
  });

  const { same } = await tasks.load('a.ts');

  expect(same).toBe(true);
});

test('files, folders and modules can be named together, and what is exported twice is one task', async () => {
  await using tasks = await folder({
    'one.ts': task('one1'),
    'more/two.ts': task('two2'),
    'more/all.ts': `export * from './two.ts';\nexport * from '../one.ts';`,
    'node_modules/@acme/tasks/package.json':
      '{ "name": "@acme/tasks", "exports": { "import": "./tasks.mjs" } }',
    'node_modules/@acme/tasks/tasks.mjs': task('three3'),
  });

  const { loaded } = await tasks.load('one.ts', 'more', '@acme/tasks');

  expect(loaded?.map(({ name }) => name)).toEqual(['one1', 'two2', 'three3']);
});

test('a task file may import CommonJS packages and files', async () => {
  await using tasks = await folder({
    'a.ts': `import leftPad from 'left';\nimport { one } from './one.cjs';\n${task('a1', 'description: leftPad(one),')}`,
    'one.cjs': 'exports.one = 1;',
    'node_modules/left/package.json': '{ "name": "left", "main": "left.js" }',
    'node_modules/left/left.js': 'module.exports = (n) => `padded ${n}`;',
  });

  const { loaded } = await tasks.load('a.ts');

  expect(loaded).toMatchObject([{ name: 'a1', description: 'padded 1' }]);
});

test('all problems of all files come in one report that names the files', async () => {
  await using tasks = await folder({
    'tasks/a-syntax.ts': 'export const x = ;\n',
    'tasks/b-import.ts': `import { y } from './gone.ts';\n${task('b1')}`,
    'tasks/c-package.ts': `import y from 'no-such-package';\n${task('c1')}`,
    'tasks/d-throws.ts': `\nthrow new Error('no database');`,
    'tasks/e-empty.ts': 'export const nothing = 1;',
    'tasks/f-options.ts': task('f1', `timeout: 'soon', queue: 'Bad Queue',`),
    'tasks/g-name.ts': task('BadName'),
    'tasks/h-first.ts': task('twice'),
    'tasks/i-second.ts': task('twice'),
    'tasks/j-shape.ts': task('j1', `input: (t) => ({ s: t.object('Size', (t) => ({ w: t.int() })) }),`),
    'tasks/k-shape.ts': task('k1', `input: (t) => ({ s: t.object('Size', (t) => ({ w: t.float() })) }),`),
    'tasks/l-case.ts': task('lIke'),
    'tasks/m-case.ts': task('like'),
    'tasks/n-enum.ts': task('n1', `output: (t) => ({ x: t.field({ type: 'Colour' }) }),`),
    'tasks/o-throws.ts': `throw 'a string';`,
    'tasks/p-helper.ts': `import './lib/broken.ts';`,
    'tasks/lib/broken.ts': 'const = 1;',
    'tasks/q-export.ts': `import { defineTasks } from 'taskwire';`,
  });

  const { problems } = await tasks.load('tasks', './nowhere', 'nowhere.ts', 'no-such-module', 'empty-folder');

  expect(problems).toEqual([
    expect.stringMatching(
      /^tasks\/a-syntax\.ts: .*Expression expected.* \(syntax error, tasks\/a-syntax\.ts:1\)\.$/,
    ),
    expect.stringMatching(/^tasks\/b-import\.ts: can't find module '.*gone\.ts'\.$/),
    `tasks/c-package.ts: can't find package 'no-such-package'.`,
    'tasks/d-throws.ts: threw Error: no database while it was imported (tasks/d-throws.ts:2).',
    "tasks/e-empty.ts: exports no task; write `export const name = defineTask({ … })`, or start a helper's file name with _.",
    `tasks/f-options.ts: Task "f1": queue must match ^[a-z][A-Za-z0-9-]{0,47}$, not "Bad Queue".`,
    expect.stringMatching(
      /^tasks\/f-options\.ts: Task "f1": timeout must be a duration such as '30s'.*, not "soon"\.$/,
    ),
    `tasks/g-name.ts: Task "BadName": name must match ^[a-z][A-Za-z0-9]{1,48}$, not "BadName".`,
    'tasks/o-throws.ts: threw a string while it was imported.',
    expect.stringMatching(/^tasks\/p-helper\.ts: .* \(syntax error, tasks\/lib\/broken\.ts:1\)\.$/),
    expect.stringMatching(
      /^tasks\/q-export\.ts: The requested module 'taskwire' does not provide an export named 'defineTasks'/,
    ),
    expect.stringMatching(/^\.\/nowhere: there is no such file or folder/),
    expect.stringMatching(/^nowhere\.ts: there is no such file or folder/),
    expect.stringMatching(/^no-such-module: there is no file, folder or module of this name here/),
    expect.stringMatching(/^empty-folder: there is no file, folder or module of this name here/),
    `Tasks 'twice' (tasks/h-first.ts) and 'twice' (tasks/i-second.ts) have the same name: rename one.`,
    `Tasks 'j1' (tasks/j-shape.ts) and 'k1' (tasks/k-shape.ts) use the type name 'Size' for two shapes, input { w: Int } and input { w: Float }: rename one.`,
    expect.stringMatching(
      /^Task 'n1' \(tasks\/n-enum\.ts\): the output uses the scalar 'Colour', which isn't known/,
    ),
    `The name 'LikeInput' of the task 'like' (tasks/m-case.ts) clashes with 'LIkeInput' of the task 'lIke' (tasks/l-case.ts): rename one.`,
  ]);
});

test('a folder without task files says so', async () => {
  await using tasks = await folder({ 'tasks/README.md': '' });

  const { problems } = await tasks.load('tasks');

  expect(problems).toEqual([
    'tasks: this folder has no task files (.ts, .mts, .js, .mjs, .cjs); put one in, or name another.',
  ]);
});
