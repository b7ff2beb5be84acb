import { defineScript } from '../../redis/connection.ts';
import { prelude } from './prelude.ts';
import { schedules } from './schedules.ts';

/**
 * KEYS: queue root
 * ARGV: id, …
 * Returns [now (ms), [field, value, …] or [] where there is none, …]
 */
export const readSchedules = defineScript(`${prelude}${schedules}
local found = { int(now) }
for _, id in ipairs(ARGV) do found[#found + 1] = readSchedule(id) end
return found
`);

/**
 * The newest first.
 *
 * KEYS: queue root
 * ARGV: how many, those made up to then (µs or '+inf'), tag of an owner ('' = of all), name of a definition, … (none = of all)
 * Returns [[field, value, …], …]
 */
export const listSchedules = defineScript(`${prelude}${schedules}
local limit, from, owner = tonumber(ARGV[1]), ARGV[2], ARGV[3] ~= '' and ARGV[3]
local keys = {}
for i = 4, #ARGV do keys[#keys + 1] = scheduleIdsKey(owner and owner .. ':' .. ARGV[i] or ARGV[i]) end
if #keys == 0 then keys = { scheduleIdsKey(owner) } end
local found = {}
for _, key in ipairs(keys) do
  local part = redis.call('ZRANGE', key, from, '-inf', 'BYSCORE', 'REV', 'LIMIT', 0, limit, 'WITHSCORES')
  for i = 1, #part, 2 do found[#found + 1] = { id = part[i], created = tonumber(part[i + 1]) } end
end
table.sort(found, function(a, b) return a.created > b.created end)
local listed = {}
for i = 1, math.min(#found, limit) do listed[i] = readSchedule(found[i].id) end
return listed
`);
