import { defineScript } from '../../redis/connection.ts';
import { attemptsShown, prelude } from './prelude.ts';

/**
 * Takes the best claimable task for a slot. Shared by `begin` and by `finish`, whose slot goes on at once.
 *
 * The token is the caller's, so that a repeated call answers with the same task.
 */
export const claim = `
-- The order of the lines that this worker serves decides; a foreign task is never taken and put back.
local claim = function(worker, token, served)
  local running = redis.call('HGET', runsKey(worker), token)
  local task = running and load(running)
  if not task then
    -- Without a lease nobody would ever look at what this worker holds; its next renewal wakes it.
    if not redis.call('ZSCORE', workersKey, worker) then return nil end
    local id
    for _, line in ipairs(redis.call('ZRANGE', headsKey, 0, -1)) do
      if served[line] then
        id = redis.call('ZPOPMIN', backlogKey(line))[1]
        updateHead(line)
        break
      end
    end
    if not id then return nil end
    task = load(id)
    local number = task.attempt + 1
    redis.call('HSET', runsKey(worker), token, id)
    redis.call('HSET', taskKey(id), 'attempt:' .. int(number),
      '{"number":' .. int(number) .. ',"worker":"' .. worker .. '","startedAt":' .. int(now))
    if number > ${attemptsShown} then
      redis.call('HDEL', taskKey(id), 'attempt:' .. int(number - ${attemptsShown}))
    end
    change(task, { status = 'RUNNING', attempt = int(number), token = token, worker = worker,
      started = task.started or int(now), progress = false })
  end
  return { task.id, token, task.attempt, state(task), redis.call('HGET', taskKey(task.id), 'input') }
end
local served = {}
`;

/**
 * KEYS: queue root
 * ARGV: worker, token, hint, hinted task, may wake (1/0), line, …
 * Returns [[id, token, attempt, state, input] or '', hint, id, delivery, …]
 */
export const begin = defineScript(`${prelude}${claim}
local worker, token, hint, hinted, mayWake = unpack(ARGV)
for i = 6, #ARGV do served[ARGV[i]] = true end
redis.call('ZREM', hintsKey, hinted)
local delivery = claim(worker, token, served)
if delivery then
  redis.call('HSET', heldKey, hint, worker)
  return { delivery }
end
-- Nothing for this slot, but perhaps for another worker's, whose hint it took.
return { '', unpack(mayWake == '1' and wake() or {}) }
`);
