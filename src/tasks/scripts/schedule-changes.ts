import { defineScript } from '../../redis/connection.ts';
import { prelude } from './prelude.ts';
import { dormantMs, schedules } from './schedules.ts';

/**
 * KEYS: queue root
 * ARGV: id, revision it was read with ('' = to be made), next slot (ms, '' for none, '=' as it is), version and policy
 *       of its definition (for one to be made, else ''), field, value, …
 * Returns its fields, or [] where it has changed meanwhile
 */
export const put = defineScript(`${prelude}${schedules}
local id, revision, at, definition, policy = unpack(ARGV)
local values = {}
for i = 6, #ARGV do values[#values + 1] = ARGV[i] end
if not putSchedule(id, revision, at, values) then return {} end
if definition ~= '' then
  local key = scheduledKey(redis.call('HGET', scheduleKey(id), 'name'))
  -- The process that makes it may not have met this queue yet.
  if redis.call('HSETNX', key, 'definition', definition) == 1 then
    redis.call('HSET', key, 'policy', policy, 'since', '0', 'seen', int(now))
  end
end
return readSchedule(id)
`);

/**
 * KEYS: queue root
 * ARGV: id
 * Returns 1 taken away / 0 there is none
 */
export const drop = defineScript(`${prelude}${schedules}
return dropSchedule(ARGV[1]) and 1 or 0
`);

/**
 * A process says which definitions it has. The one that started last is right: while a new version is rolled out an old
 * process doesn't bring its own back.
 *
 * KEYS: queue root
 * ARGV: start of the process (ms), then for each definition: name, its version, policy (JSON), H it is of this queue /
 *       E of another one / C of this one and its code has schedules
 * Returns [now (ms), [name, 1 may say what its schedules are / 0 a newer process does, [id of one from code, its
 *          revision, times, fingerprint, 1 paused / 0, …], number of requested ones], …]; definitions without any are
 *          left out
 */
export const meet = defineScript(`${prelude}${schedules}
local since = tonumber(ARGV[1])
local met = { int(now) }
for i = 2, #ARGV, 4 do
  local name, definition, policy, where = unpack(ARGV, i, i + 3)
  local key = scheduledKey(name)
  if where == 'C' or redis.call('EXISTS', scheduleIdsKey(name)) == 1 then
    local stored, seen = unpack(redis.call('HMGET', key, 'since', 'seen'))
    local isNewest = since >= tonumber(stored or 0)
    if isNewest then redis.call('HSET', key, 'since', int(since)) end
    if where ~= 'E' then
      if isNewest then redis.call('HSET', key, 'definition', definition, 'policy', policy) end
      redis.call('HSET', key, 'seen', int(now))
      if not seen or now - seen > ${dormantMs} then
        for _, id in ipairs(redis.call('ZRANGE', scheduleIdsKey(name), 0, -1)) do
          setNextSlot(id, redis.call('HGET', scheduleKey(id), 'next') or '')
        end
      end
    end
    local known = {}
    for _, id in ipairs(isNewest and redis.call('SMEMBERS', codeSchedulesKey(name)) or {}) do
      local revision, times, fingerprint, paused =
        unpack(redis.call('HMGET', scheduleKey(id), 'revision', 'times', 'fingerprint', 'paused'))
      for _, value in ipairs({ id, revision or '', times or '', fingerprint or '', (paused or '') ~= '' and 1 or 0 }) do
        known[#known + 1] = value
      end
    end
    local requested = redis.call('ZCARD', scheduleIdsKey(name)) - redis.call('SCARD', codeSchedulesKey(name))
    met[#met + 1] = { name, isNewest and 1 or 0, known, requested }
  end
end
return met
`);

/**
 * What the schedules from code of a definition are.
 *
 * KEYS: queue root
 * ARGV: start of the process (ms), name of the definition, number of those to drop, id, …, then for each to write: id,
 *       revision, next slot as in `put`, number of values, field, value, …
 * Returns how many were written: 0 also where a newer process has its say
 */
export const register = defineScript(`${prelude}${schedules}
local since, name, drops = tonumber(ARGV[1]), ARGV[2], tonumber(ARGV[3])
if tonumber(redis.call('HGET', scheduledKey(name), 'since') or 0) > since then return 0 end
for i = 4, 3 + drops do dropSchedule(ARGV[i]) end
local i, written = 4 + drops, 0
while i <= #ARGV do
  local id, revision, at, count = unpack(ARGV, i, i + 3)
  local values = { unpack(ARGV, i + 4, i + 3 + count) }
  if putSchedule(id, revision, at, values, written) then written = written + 1 end
  i = i + 4 + count
end
return written
`);
