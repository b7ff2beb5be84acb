import { openAuthenticator } from '../../src/auth/authenticator.ts';
import type { TaskDefinition } from '../../src/definition/definition.ts';
import { createServer, type Server, type ServerOptions } from '../../src/server/server.ts';
import { testLogger } from '../support/stores.ts';
import { TestTasks, type TestTasksOptions } from '../support/tasks.ts';
import { TestClient } from './test-client.ts';

/** The API and workers on a store of their own, and a client of it. */
export class TestApi extends TestClient {
  readonly tests: TestTasks;
  readonly server: Server;

  private constructor(tests: TestTasks, server: Server, origin: string) {
    super(origin);
    this.tests = tests;
    this.server = server;
  }

  static async start(
    definitions: readonly TaskDefinition[],
    options: TestTasksOptions & Partial<Omit<ServerOptions, 'tasks'>> = {},
  ): Promise<TestApi> {
    const tests = await TestTasks.start(definitions, options);
    const server = createServer({
      authenticator: openAuthenticator,
      logger: testLogger,
      ...options,
      tasks: tests.tasks,
    });
    const { url } = await server.listen(0);
    return new TestApi(tests, server, url);
  }

  /** Enqueues by the mutation of `double`, and gives the id. */
  async enqueueDouble(n: number): Promise<string> {
    const { data } = await this.http('mutation($n: Int!) { double(input: { n: $n }) { task { id } } }', {
      n,
    });
    return data.double.task.id;
  }

  override async [Symbol.asyncDispose](): Promise<void> {
    await super[Symbol.asyncDispose]();
    await this.server.close();
    await this.tests[Symbol.asyncDispose]();
  }
}
