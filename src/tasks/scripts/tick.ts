import { defineScript } from '../../redis/connection.ts';
import { timeUp } from './begin.ts';
import { settle } from './finish.ts';
import { itemsPerCall } from './bounds.ts';
import { prelude } from './prelude.ts';
import { dueSchedules } from './schedules.ts';
import { linesPerTick } from './wake.ts';

/** A task that the clock fails at is left alone for so long. */
const brokenPauseMs = 60_000;

/** A hint that nobody took within this time is lost; the task is woken again. */
export const hintLifeMs = 1_000;

/**
 * A lost worker's tasks are taken back. Who is to blame is known where one suspect ran there, or one task alone:
 * only that one is charged. Otherwise all who may have killed it become suspects (if there were none), of which a
 * quarter may run side by side from now on: so a task that kills its worker is alone in the end, and those
 * beside it are never charged.
 */
const loseWorker = `
local loseWorker = function(worker, lost)
  local blamed = redis.call('HGET', workerKey(worker), 'blamed')
  if not blamed then
    local suspects = redis.call('HLEN', suspectsKey(worker))
    local runs, parked = redis.call('HVALS', runsKey(worker)), 0
    for _, id in ipairs(runs) do parked = parked + redis.call('HEXISTS', taskKey(id), 'parked') end
    -- Those that waited for their children are to blame where nothing else ran.
    blamed = suspects > 0 and 'suspects:' .. suspects
      or #runs > parked and 'all:' .. #runs - parked or 'parked:' .. parked
    -- Alone in this queue, not in its process: suspected, not charged.
    if (blamed == 'all:1' or blamed == 'parked:1') and (redis.call('HGET', workerKey(worker), 'beside') or '0') ~= '0' then
      blamed = blamed:gsub('1', '2')
    end
    redis.call('HSET', workerKey(worker), 'blamed', blamed)
  end
  local whom, count = blamed:match('(%a+):(%d+)')
  local limit = int(math.max(1, math.floor(count / 4)))
  local runs = redis.call('HGETALL', runsKey(worker))
  local room = ${itemsPerCall} - #lost
  for i = 1, math.min(#runs, 2 * room), 2 do
    local task = load(runs[i + 1])
    if task and task.token == runs[i] then
      lost[#lost + 1] = task.id
      local isBlamed = whom == 'parked' or not task.parked and (whom == 'all' or whom == 'suspects' and task.suspect)
      if isBlamed and count == '1' then
        settle(task, 'LOST', { suspect = '1' })
      else
        settle(task, 'SUPERSEDED', { suspect = isBlamed and limit,
          brief = failureJson(task, 'WORKER_LOST', 'The worker of this attempt was lost.', true) })
      end
    else
      redis.call('HDEL', runsKey(worker), runs[i])
    end
  end
  if #runs <= 2 * room then
    redis.call('ZREM', workersKey, worker)
    redis.call('DEL', workerKey(worker), runsKey(worker), suspectsKey(worker), localKey(worker))
    redis.call('PUBLISH', workersKey, worker)
    moved[worker] = true
  end
end
`;

/** What time does to a task whose entry has come. */
const ring = `
local ring = function(id)
  local task = load(id)
  local at = task and clockOf(task)
  if not at then
    redis.call('ZREM', dueKey, id)
  elseif tonumber(at) > now then
    redis.call('ZADD', dueKey, at, id)
  elseif task.status == 'RUNNING' or task.status == 'CANCELING' then
    -- Its worker didn't: should that one be lost, this attempt is why, and nobody beside it is to blame.
    if redis.call('ZSCORE', workersKey, task.worker) then
      redis.call('HSET', workerKey(task.worker), 'blamed', 'none:0')
    end
    settle(task, 'TIMED_OUT', {})
  elseif not timeUp(task) then
    change(task, { status = 'QUEUED', due = false })
    wait(task)
  end
end
`;

/** Takes a record away with its index entries; shared with the search for what a crash left behind. */
const remove = `
local remove = function(task)
  redis.call('ZREM', indexKey(task.name), task.id)
  redis.call('ZREM', indexKey(task.name, task.status), task.id)
  for tag in (task.tagList or ''):gmatch('[^\\n]+') do
    redis.call('ZREM', tagKey(tag), task.id)
    if redis.call('EXISTS', tagKey(tag)) == 0 then redis.call('SREM', tagsKey, tag) end
  end
  redis.call('DEL', taskKey(task.id), inputKey(task.id), outputKey(task.id), childrenKey(task.id))
  removeJournals(task.id)
  if task.key then releaseKey(task) end
  redis.call('PUBLISH', stateChannel(task.id), '')
  redis.call('PUBLISH', statesChannel, '-' .. task.id)
end
`;

/** Looks again at keys whose limit has been changed, a piece at each call. Gives whether there are more. */
const lookAgain = `
local lookAgain = function()
  local cursor = redis.call('HGET', relookKey, '')
  if not cursor then return false end
  local scanned = redis.call('ZSCAN', blockedKey, cursor, 'COUNT', ${itemsPerCall})
  for i = 1, #scanned[2], 2 do
    local limit = scanned[2][i]
    local name = limit:match('^([^@]*)@')
    if name and redis.call('HEXISTS', relookKey, name) == 1 then unblock(limit) end
  end
  if scanned[1] == '0' then redis.call('DEL', relookKey) else redis.call('HSET', relookKey, '', scanned[1]) end
  return scanned[1] ~= '0'
end
`;

/**
 * The clock's work on one queue, done by every process once a second and when something is due: forget lost
 * hints, take back what lost workers held, do what time does to tasks, remove what outlived its retention,
 * look again at what waits for a rate, wake idle slots.
 *
 * KEYS: queue root
 * ARGV: lease (ms), since when the caller has been in touch (ms), when it last was (ms)
 * Returns [now (ms), when time does something next (ms) or '', [id of a task whose worker was lost, …],
 *          entries of records to remove that were dealt with, [error, …], [schedule whose slot has come with what
 *          `fire` needs, …], hint, id, delivery, …]
 *
 * Times are the store's. A caller that hasn't been in touch for a whole lease, or that slept, sweeps
 * nothing: after an outage the workers renew first, so that Redis being away loses nobody.
 */
export const tick =
  defineScript(`${prelude}${timeUp}${settle}${loseWorker}${ring}${remove}${lookAgain}${dueSchedules}
local lease, since, last = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local lost, removed, errors = {}, 0, {}
redis.call('ZREMRANGEBYSCORE', hintsKey, '-inf', int(now - ${hintLifeMs}))

if now - since >= lease and now - last < lease / 2 then
  for _, worker in ipairs(redis.call('ZRANGE', workersKey, '-inf', nowText, 'BYSCORE', 'LIMIT', 0, 10)) do
    loseWorker(worker, lost)
  end
end

for _, id in ipairs(redis.call('ZRANGE', dueKey, '-inf', nowText, 'BYSCORE', 'LIMIT', 0, ${itemsPerCall})) do
  -- A record that no script can read, by whatever hand, doesn't hold up the others.
  local fine, problem = pcall(ring, id)
  if not fine then
    errors[#errors + 1] = id .. ': ' .. (type(problem) == 'table' and problem.err or tostring(problem))
    redis.call('ZADD', dueKey, int(now + ${brokenPauseMs}), id)
  end
end

for _, id in ipairs(redis.call('ZRANGE', removalsKey, '-inf', nowText, 'BYSCORE', 'LIMIT', 0, ${itemsPerCall})) do
  local task = load(id)
  if task then remove(task) end
  removed = removed + 1
  redis.call('ZREM', removalsKey, id)
end

for _, limit in ipairs(redis.call('ZRANGE', blockedKey, '-inf', nowText, 'BYSCORE', 'LIMIT', 0, ${itemsPerCall})) do
  unblock(limit)
end
local isLooking = lookAgain()

local hints = wake(${linesPerTick})
local schedules, next = dueSchedules()
for _, key in ipairs({ dueKey, blockedKey }) do
  local at = tonumber(redis.call('ZRANGE', key, 0, 0, 'WITHSCORES')[2] or math.huge)
  if at < (next or math.huge) then next = at end
end
if isLooking then next = now end
return { nowText, next and int(next) or '', lost, removed, errors, schedules, unpack(hints) }
`);
