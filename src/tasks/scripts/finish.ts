import { defineScript } from '../../redis/connection.ts';
import { claim } from './begin.ts';
import { prelude } from './prelude.ts';

/** How a delivery ends, shared by the outcome that a worker reports and by the sweep of lost leases. */
export const settle = `
-- Ends the open attempt and moves the record on. 'failure' is for the record, 'brief' for the attempt.
-- 'reported' tells a worker's own word, which it may repeat, from a loss.
local settle = function(task, outcome, output, failure, brief, reported)
  local status
  if outcome == 'SUCCEEDED' then
    status = 'SUCCEEDED'
  elseif task.status == 'CANCELING' then
    -- Asked to stop, and stopped, however: never a retry.
    status, outcome, failure, brief = 'CANCELED', 'CANCELED', nil, nil
  elseif outcome == 'FAILED' then
    status = 'FAILED'
  elseif outcome == 'LOST' and failure then
    status = 'FAILED'
  else
    status = 'QUEUED'
  end
  local attempt = 'attempt:' .. task.attempt
  local open = redis.call('HGET', taskKey(task.id), attempt)
  redis.call('HSET', taskKey(task.id), attempt, open .. ',"finishedAt":' .. int(now) .. ',"outcome":"' .. outcome
    .. '"' .. (brief and ',"failure":' .. brief or '') .. '}')
  redis.call('HDEL', runsKey(task.worker), task.token)
  local changes = { status = status, token = false, worker = false, endedToken = reported and task.token }
  if isFinal[status] then changes.finished = int(now) end
  if status == 'SUCCEEDED' then
    redis.call('HSET', taskKey(task.id), 'output', output)
    changes.outputBytes = int(#output)
  elseif status == 'FAILED' then
    changes.failure = failure
  elseif status == 'QUEUED' then
    changes.progress = false
    if outcome == 'LOST' then changes.lost = int((task.lost or 0) + 1) end
    wait(task)
  end
  return change(task, changes)
end
`;

/**
 * KEYS: queue root
 * ARGV: worker, id, token, outcome (SUCCEEDED, FAILED, SUPERSEDED), output (JSON), failure (JSON),
 *       brief failure (JSON), token of the slot's next delivery ('' = the slot stops), hint, line, …
 * Returns [1 counted / 0 stale, next delivery as in begin or '', hint, id, delivery, …]
 *
 * A repeat with the same tokens answers as the first call did, including the same next task.
 */
export const finish = defineScript(`${prelude}${claim}${settle}
local worker, id, token, outcome, output, failure, brief, nextToken, hint = unpack(ARGV)
for i = 10, #ARGV do served[ARGV[i]] = true end
local task = load(id)
local counted = 0
if task and task.token == token then
  settle(task, outcome, output, failure ~= '' and failure, brief ~= '' and brief, true)
  counted = 1
elseif task and task.endedToken == token then
  counted = 1
end
redis.call('HDEL', runsKey(worker), token)
local delivery = nextToken ~= '' and claim(worker, nextToken, served)
if delivery then return { counted, delivery } end
redis.call('HDEL', heldKey, hint)
return { counted, '', unpack(wake()) }
`);
