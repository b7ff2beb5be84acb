// What changes tasks for the socket servers of others: `driver.js REDIS_URL`.
import { Redis } from 'ioredis';
import { serveCalls } from '../harness/child.ts';
import { pace } from '../load/pace.ts';

const redis = new Redis(process.argv[2]);
const tasks = new Map();
let emitter;
let version = 0;

serveCalls(
  {},
  {
    /** Tasks of one server, which only that server's sockets watch; gives their ids. */
    begin(server, count) {
      const from = 100_000 + [...tasks.values()].flat().length;
      const ids = Array.from(
        { length: count },
        (_, n) => `watched:01KB2V5Y8Z0000000000${from + n + 100_000}`,
      );
      tasks.set([server, count].join(), ids);
      return ids;
    },

    /** Changes tasks of one server in turn. */
    async change(server, tasksOfServer, options) {
      const ids = tasks.get([server, tasksOfServer].join());
      const emit = server.startsWith('socket.io') ? await toRoom() : publish;
      await pace(options, async (turn) => {
        version += 1;
        const progress = { fraction: (version % 1_000) / 1_000, message: `step ${version}` };
        const id = ids[turn % ids.length];
        await emit(id, { id, status: 'RUNNING', version, progress });
      });
    },
  },
);

async function publish(id, task) {
  await redis.publish(`peers:${id}`, JSON.stringify(task));
}

/** As its page has it: for processes that have no sockets of their own. */
async function toRoom() {
  const { Emitter } = await import('@socket.io/redis-emitter');
  emitter ??= new Emitter(redis);
  return async (id, task) => {
    emitter.to(id).emit('task', task);
  };
}
