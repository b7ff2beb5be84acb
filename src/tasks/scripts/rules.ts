import { defineScript } from '../../redis/connection.ts';
import { prelude } from './prelude.ts';

/** Sets and takes away the rules of a queue; what waited for them is looked at again. */
export const setRule = `
local setRule = function(field, value)
  local was = redis.call('HGET', rulesKey, field)
  if (was or '') == value then return end
  if value == '' then redis.call('HDEL', rulesKey, field) else redis.call('HSET', rulesKey, field, value) end
  anyRules, rulesByName = nil, {}
  local name = field == 'limit' and '' or field:match('^limit:(.*)$')
  if name and redis.call('EXISTS', blockedKey) == 1 then
    -- Its time is now. Its keys are looked at by the clocks, piece by piece from the start, as there may be very many.
    redis.call('ZADD', blockedKey, 'XX', nowText, name)
    if name ~= '' then redis.call('HSET', relookKey, name, 1, '', '0') end
    redis.call('PUBLISH', dueKey, nowText)
  end
  redis.call('PUBLISH', rulesKey, field)
end
`;

/**
 * `registerLimit(name, since, rules)`: what a process says of the limits of a definition (JSON, or ''). The process
 * that started last is right: while a new version is rolled out an old one doesn't bring its own back.
 */
export const registerLimit = `${setRule}
local registerLimit = function(name, since, rules)
  local was = redis.call('HGET', rulesKey .. ':since', name)
  if not was and rules == '' then return end
  if was and tonumber(was) > tonumber(since) then return end
  if was ~= int(since) then redis.call('HSET', rulesKey .. ':since', name, int(since)) end
  setRule('limit:' .. name, rules)
end
`;

/**
 * KEYS: queue root
 * ARGV: start of the process (ms), name, limits (JSON, or ''), name, …
 * Returns [hint, id, delivery, …]
 */
export const register = defineScript(`${prelude}${registerLimit}
for i = 2, #ARGV, 2 do registerLimit(ARGV[i], ARGV[1], ARGV[i + 1]) end
return wake()
`);

/**
 * Pauses, drains, limits, and the contrary: each word is about a field of the rules.
 *
 * KEYS: queue root
 * ARGV: field, value (JSON without its first member 'at', from a comma on; or as it is; or '': takes it away), …
 * Returns [hint, id, delivery, …]
 */
export const rule = defineScript(`${prelude}${setRule}
for i = 1, #ARGV, 2 do
  local value = ARGV[i + 1]
  if value:sub(1, 1) == ',' then value = '{"at":' .. nowText .. (value == ',' and '' or value) .. '}' end
  setRule(ARGV[i], value)
end
return wake()
`);
