import { defineScript } from '../../redis/connection.ts';
import { luaKeys } from '../../redis/keys.ts';
import { minuteMs } from './bounds.ts';

/** The most minutes of which one call tells, so that it doesn't hold up the store where many definitions are busy. */
export const minutesPerLook = 15;

/**
 * What happened in some minutes. Changes nothing.
 *
 * KEYS: queue root
 * ARGV: the newest minute since 1970 ('' = this one), how many
 * Returns [now (ms), the newest minute, [[field, value, …] as in activity-counts.ts, …] of each minute, the newest first]
 */
export const activity = defineScript(`${luaKeys}
local time = redis.call('TIME')
local now = math.floor(time[1] * 1000 + time[2] / 1000)
local newest = tonumber(ARGV[1]) or math.floor(now / ${minuteMs})
local minutes = {}
for back = 0, ARGV[2] - 1 do
  minutes[#minutes + 1] = redis.call('HGETALL', minuteKey(string.format('%.0f', newest - back)))
end
return { string.format('%.0f', now), newest, minutes }
`);
