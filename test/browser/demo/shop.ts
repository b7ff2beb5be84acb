import { pino } from 'pino';
import { connectTasks, createServer, startWorker } from '../../../src/index.ts';
import { startEmbedded } from '../../../src/redis/embedded.ts';
import { importOrders, monthlyReport, resizeImage, syncCustomer } from './tasks.ts';

/** A shop's API with its workers on an embedded store: something to look at. */
export interface Shop extends AsyncDisposable {
  readonly url: string;
  readonly tasks: Awaited<ReturnType<typeof connectTasks>>;
  /** Enqueues what such a shop does in a while. */
  trade(): Promise<void>;
}

/** Starts the shop; port 0 takes any free one. */
export async function openShop(port = 0): Promise<Shop> {
  const logger = pino({ level: 'warn' });
  const definitions = [resizeImage, monthlyReport, syncCustomer, importOrders];
  await using opened = new AsyncDisposableStack();
  const store = await startEmbedded({});
  opened.defer(async () => await store.close());
  const redis = { url: store.url };
  const tasks = await connectTasks({ redis, definitions, logger });
  opened.defer(async () => await tasks.close());
  for (const queues of [['images', 'imports'], ['images', 'reports'], ['crm']]) {
    const worker = await startWorker({ redis, definitions, queues, concurrency: 4, logger });
    opened.defer(async () => await worker.stop(0));
  }
  const server = await createServer({ tasks, auth: 'open', graphiql: true, logger });
  opened.defer(async () => await server.close(0));
  const { url } = await server.listen(port);
  const closing = opened.move();
  const trade = async (): Promise<void> => {
    for (let order = 0; order < 12; order += 1) {
      await tasks.enqueue(
        resizeImage,
        { url: new URL(`https://shop.example.com/products/${order}.jpg`), width: 200 + 100 * order },
        { tags: ['shop', order % 2 === 0 ? 'cover' : 'thumbnail'] },
      );
    }
    for (const customer of ['ann', 'bob', 'slow-carl', 'broken-dora', 'eve', 'slow-fay']) {
      await tasks.enqueue(syncCustomer, { customer }, { tags: ['crm'] });
    }
    await tasks.enqueue(importOrders, { day: '2026-11-27' }, { tags: ['shop'] });
  };
  return { url, tasks, trade, [Symbol.asyncDispose]: async () => await closing.disposeAsync() };
}
