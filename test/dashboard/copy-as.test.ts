import { execFile } from 'node:child_process';
import { createServer } from 'node:http';
import { text } from 'node:stream/consumers';
import { promisify } from 'node:util';
import * as fc from 'fast-check';
import { buildSchema, parse, validate } from 'graphql';
import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { asCurl, asGraphql, quoted } from '../../src/dashboard/client/operation-text.ts';
import { operationToCopy } from '../../src/dashboard/pages/enqueue/operation.ts';
import { enqueueAgain, followTask } from '../../src/dashboard/pages/task/copy-as.ts';

const run = promisify(execFile);
const task = {
  id: 'default_01',
  mutation: 'analyzeData',
  inputType: 'AnalyzeDataInput',
  input: { csv: `it's "1"\n$HOME \`id\`` },
  priority: 5,
  tags: ['eu'],
};

test('what is copied is valid for the API, whatever the task has', async () => {
  const schema = buildSchema(await readFile(new URL('../../schema.graphql', import.meta.url), 'utf8'));
  const operations = [
    enqueueAgain(task),
    enqueueAgain({ ...task, priority: 0, tags: [] }),
    enqueueAgain({ ...task, mutation: undefined }),
    enqueueAgain({ ...task, mutation: undefined, priority: 0, tags: [] }),
    followTask(task),
    operationToCopy(task, task.input, { priority: 5 }),
    operationToCopy({ ...task, replayOf: task.id }, task.input, {}),
  ];

  const errors = operations.flatMap((operation) => validate(schema, parse(asGraphql(operation))));

  expect(errors).toEqual([]);
});

test('a task is enqueued again with its input, priority and tags', () => {
  const { query, variables } = enqueueAgain(task);

  expect(query).toContain('mutation Enqueue($input: AnalyzeDataInput!, $options: TaskOptions)');
  expect(query).toContain('analyzeData(input: $input, options: $options)');
  expect(variables).toEqual({ input: task.input, options: { priority: 5, tags: ['eu'] } });
});

test('one that takes no input has no argument', () => {
  const { query, variables } = enqueueAgain({ ...task, inputType: null, input: null, priority: 0, tags: [] });

  expect(query).toMatch(/^mutation Enqueue \{\n {2}analyzeData \{/);
  expect(variables).toEqual({});
});

test('what is no name of GraphQL comes into no document', () => {
  expect(() => enqueueAgain({ ...task, mutation: 'a { id } b' })).toThrow('Expected a name of GraphQL');
  expect(() => enqueueAgain({ ...task, inputType: 'A!) { id } #' })).toThrow('Expected a name of GraphQL');
});

test('a task with secrets, which nobody is shown, is replayed', () => {
  const { query, variables } = enqueueAgain({ ...task, input: { list: [{ token: '[secret]' }] } });

  expect(query).toContain('replayTask(id: $id, options: $options)');
  expect(variables).toEqual({ id: 'default_01', options: { priority: 5, tags: ['eu'] } });
});

test('a shell takes any text for one word, and does nothing with it', async () => {
  // No NUL is in a word of a shell, and none in JSON.
  const anything = fc.string({ unit: 'binary', maxLength: 60 }).map((text) => text.replaceAll('\0', ''));
  await fc.assert(
    fc.asyncProperty(anything, async (text) => {
      const { stdout } = await run('/bin/sh', ['-c', `printf %s ${quoted(text)}`]);
      expect(stdout).toBe(text);
    }),
    { numRuns: 60, examples: [["it's"], ["'"], ['\\'], ['$(id) `id` "!"'], ['-n'], ['\n\n']] },
  );
});

test('the command sends the operation and the token of its environment, which is not in it', async () => {
  const seen = Promise.withResolvers<{ readonly headers: Record<string, unknown>; readonly body: string }>();
  const server = createServer((request, response) => {
    void text(request).then((body) => {
      response.end('{}');
      seen.resolve({ headers: request.headers, body });
    });
  });
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  try {
    // A server that listens on a port.
    const { port } = server.address() as { readonly port: number };
    const operation = enqueueAgain(task);
    const command = asCurl(operation, { url: `http://127.0.0.1:${port}/it's/graphql`, hasToken: true });
    const env = { ...process.env, TASKWIRE_TOKEN: 'of the environment' };

    await run('/bin/sh', ['-c', command], { env });

    const { headers, body } = await seen.promise;
    expect(command).not.toContain('of the environment');
    expect(headers).toMatchObject({
      authorization: 'Bearer of the environment',
      'content-type': 'application/json',
    });
    expect(JSON.parse(body)).toEqual({ query: operation.query, variables: operation.variables });
  } finally {
    server.close();
  }
});

test('where nobody signs in, the command names no token', () => {
  const command = asCurl(followTask(task), { url: 'http://x/graphql', hasToken: false, follows: true });

  expect(command).not.toContain('TASKWIRE_TOKEN');
  expect(command).toContain('text/event-stream');
});
