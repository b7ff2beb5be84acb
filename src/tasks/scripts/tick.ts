import { defineScript } from '../../redis/connection.ts';
import { settle } from './finish.ts';
import { itemsPerCall, prelude } from './prelude.ts';

/** A hint that nobody took within this time is lost; the task is woken again. */
export const hintLifeMs = 1_000;

/**
 * The clock's work on one queue, done by every process once a second: forget lost hints, take back what
 * lost workers held, remove what outlived its retention, wake idle slots.
 *
 * KEYS: queue root
 * ARGV: lease (ms), since when the caller has been in touch (ms), when it last was (ms)
 * Returns [now (ms), [id of a task whose worker was lost, …], records removed, hint, id, delivery, …]
 *
 * Times are the store's. A caller that hasn't been in touch for a whole lease, or that slept, sweeps
 * nothing: after an outage the workers renew first, so that Redis being away loses nobody.
 */
export const tick = defineScript(`${prelude}${settle}
local lease, since, last = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local lost, removed = {}, 0
redis.call('ZREMRANGEBYSCORE', hintsKey, '-inf', int(now - ${hintLifeMs}))

if now - since >= lease and now - last < lease / 2 then
  for _, worker in ipairs(redis.call('ZRANGE', workersKey, '-inf', int(now), 'BYSCORE', 'LIMIT', 0, 10)) do
    local runs = redis.call('HGETALL', runsKey(worker))
    local room = ${itemsPerCall} - #lost
    for i = 1, math.min(#runs, 2 * room), 2 do
      local task = load(runs[i + 1])
      if task and task.token == runs[i] then
        lost[#lost + 1] = task.id
        local failure
        if (task.lost or 0) + 1 > tonumber(task.maxDeliveries) then
          failure = '{"code":"WORKER_LOST","message":"The worker of this task was lost '
            .. int((task.lost or 0) + 1) .. ' times.","retryable":false,"attempt":' .. task.attempt .. '}'
        end
        settle(task, 'LOST', nil, failure, failure)
      else
        redis.call('HDEL', runsKey(worker), runs[i])
      end
    end
    if #runs <= 2 * room then
      redis.call('ZREM', workersKey, worker)
      redis.call('DEL', workerKey(worker), runsKey(worker))
    end
  end
end

for _, id in ipairs(redis.call('ZRANGE', removalsKey, '-inf', int(now), 'BYSCORE', 'LIMIT', 0, ${itemsPerCall})) do
  local task = load(id)
  if task then
    redis.call('ZREM', indexKey(task.name), id)
    redis.call('ZREM', indexKey(task.name, task.status), id)
    local tags = redis.call('HGET', taskKey(id), 'tagList')
    if tags then
      for tag in tags:gmatch('[^\\n]+') do redis.call('ZREM', tagKey(tag), id) end
    end
    redis.call('DEL', taskKey(id))
    redis.call('PUBLISH', stateChannel(id), '')
    removed = removed + 1
  end
  redis.call('ZREM', removalsKey, id)
end

return { int(now), lost, removed, unpack(wake()) }
`);
