import { defineScript } from '../../redis/connection.ts';
import { luaKeys } from '../../redis/keys.ts';
import { isFinal, taskStatuses } from '../task.ts';

/** Those whose tasks a look counts, in the order of its answer. */
export const activeStatuses = taskStatuses.filter((status) => !isFinal(status));

/** The most lines, and the most workers, that one look describes. */
const itemsPerLook = 200;

/** The most names of definitions whose tasks are counted. */
const namesPerLook = 1_000;

/**
 * A look at a queue that changes nothing, in bounded work whatever the queue holds.
 *
 * KEYS: queue root
 * Returns [now (ms), [tasks of each active status, …], number of lines, [[line, tasks, id of its first task,
 *          creation of that (µs), its version], …], number of workers, [[worker, end of lease (ms), tasks it runs,
 *          suspects it runs, slots, lines, host, pid, version, skew], …], end of the lease that ends first (ms),
 *          when the first task is due (ms), when the first record is to be removed (ms)]; what isn't there is null
 *
 * Lines come by the order of their first task, workers with the freshest lease first.
 */
export const inspect = defineScript(`${luaKeys}
local time = redis.call('TIME')
local counts = {}
local names = redis.call('SRANDMEMBER', namesKey, ${namesPerLook})
for i, status in ipairs({ ${activeStatuses.map((status) => `'${status}'`).join(', ')} }) do
  counts[i] = 0
  for _, name in ipairs(names) do counts[i] = counts[i] + redis.call('ZCARD', indexKey(name, status)) end
end

local lines = {}
for _, line in ipairs(redis.call('ZRANGE', headsKey, 0, ${itemsPerLook - 1})) do
  local first = redis.call('ZRANGE', backlogKey(line), 0, 0)[1]
  local record = first and redis.call('HMGET', taskKey(first), 'created', 'version') or { false, false }
  lines[#lines + 1] = { line, redis.call('ZCARD', backlogKey(line)), first or false, unpack(record) }
end

local workers = {}
local leases = redis.call('ZRANGE', workersKey, 0, ${itemsPerLook - 1}, 'REV', 'WITHSCORES')
for i = 1, #leases, 2 do
  local worker = leases[i]
  workers[#workers + 1] = { worker, leases[i + 1], redis.call('HLEN', runsKey(worker)),
    redis.call('HLEN', suspectsKey(worker)),
    unpack(redis.call('HMGET', workerKey(worker), 'slots', 'lines', 'host', 'pid', 'version', 'skew')) }
end

local first = function(key) return redis.call('ZRANGE', key, 0, 0, 'WITHSCORES')[2] or false end
return { string.format('%.0f', time[1] * 1000 + math.floor(time[2] / 1000)), counts,
  redis.call('ZCARD', headsKey), lines, redis.call('ZCARD', workersKey), workers,
  first(workersKey), first(dueKey), first(removalsKey) }
`);
