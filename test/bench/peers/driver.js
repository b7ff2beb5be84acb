// What changes tasks for the socket servers of others: `driver.js REDIS_URL`.
import { Redis } from 'ioredis';
import { now, serveCalls } from '../harness/child.ts';
import { pace } from '../load/pace.ts';

const redis = new Redis(process.argv[2]);
const tasks = new Map();
let emitter;
let version = 0;

serveCalls(
  {},
  {
    /** Makes tasks; gives their ids. The label begins with the server's name. */
    begin(label, count) {
      const from = 100_000 + [...tasks.values()].flat().length;
      const ids = Array.from({ length: count }, (_, n) => `watched:01KB2V5Y8Z0000000000${from + n}`);
      tasks.set(label, ids);
      return ids;
    },

    /** Changes the tasks of a label in turn. */
    async change(label, options) {
      const ids = tasks.get(label);
      const emit = await emitOf(label);
      await pace(options, async (turn) => {
        version += 1;
        const progress = { fraction: (version % 1_000) / 1_000, message: `step ${version}` };
        const id = ids[turn % ids.length];
        await emit(id, { id, status: 'RUNNING', version, progress });
      });
    },

    /** Tells the time as progress of the first task of a label. */
    async tick(label, options) {
      const [id] = tasks.get(label);
      const emit = await emitOf(label);
      await pace(options, async () => {
        version += 1;
        await emit(id, { id, status: 'RUNNING', version, progress: { data: now() } });
      });
    },
  },
);

async function emitOf(label) {
  return label.startsWith('socket.io') ? await toRoom() : publish;
}

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
