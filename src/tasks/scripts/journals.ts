import { defineScript } from '../../redis/connection.ts';
import { luaKeys } from '../../redis/keys.ts';
import { entryBytes, mostStreams } from '../journal.ts';
import { prelude } from './prelude.ts';

/** Pages are read in pieces of so many entries, so that their bytes are bounded. */
const pieceSize = 50;

/** What is appended where: whether it may be, what there is, and whether the record names it. */
const asked = `
local id, token, journal, begun, place, mostEntries, mostBytes = unpack(ARGV, 1, 7)
local holder, status, attempt, streams = unpack(redis.call('HMGET', taskKey(id), 'token', 'status', 'attempt', 'streams'))
if holder ~= token then return {} end
local isNamed = function(name)
  return name == '' or streams and streams:find('"' .. name:sub(2) .. '"', 1, true)
end
local numbers = redis.call('HGET', journalsKey(id), journal)
`;

const appending = `local next, size, lastAttempt, lastBegun = (numbers or '0 0 0 0'):match('(%d+) (%d+) (%d+) (%d+)')
next, size, mostEntries, mostBytes = tonumber(next), tonumber(size), tonumber(mostEntries), tonumber(mostBytes)
if begun == '' then begun = lastAttempt == attempt and lastBegun or next end
local from, count = begun + place, #ARGV - 7
local first = math.max(0, next - from) + 1
if first > count then return { status, tostring(begun) } end

local key, added = journalKey(id .. journal), 0
for i = first, count do
  local entry = ARGV[7 + i]
  redis.call('XADD', key, '0-' .. from + i, 'a', attempt, 'd', entry)
  added = added + #entry + ${entryBytes}
end
local length = redis.call('XLEN', key)
-- What was counted may have ended meanwhile, by its retention.
size = length > count - first + 1 and size + added or added
-- The oldest go.
while length > mostEntries or size > mostBytes do
  local kept
  local oldest = redis.call('XRANGE', key, '-', '+', 'COUNT', ${pieceSize})
  if #oldest == 0 then break end
  for _, entry in ipairs(oldest) do
    kept = entry[1]
    if length <= mostEntries and size <= mostBytes then break end
    length, size, kept = length - 1, size - #entry[2][4] - ${entryBytes}, '0-' .. entry[1]:sub(3) + 1
  end
  redis.call('XTRIM', key, 'MINID', kept)
end
redis.call('HSET', journalsKey(id), journal, from + count .. ' ' .. size .. ' ' .. attempt .. ' ' .. begun)
redis.call('PUBLISH', key, '{"from":' .. from + first - 1 .. ',"attempt":' .. attempt .. ',"values":['
  .. table.concat(ARGV, ',', 7 + first) .. ']}')`;

/**
 * Appends to a task's log or to one of its streams. Entries are opaque. That of index i has the id 0-(i + 1) in the
 * Redis stream, with the attempt (a) and the entry (d).
 *
 * KEYS: queue root
 * ARGV: id, token, journal, index of this delivery's first entry ('' where the caller doesn't know), the place of the
 *       first of these entries among the delivery's, most entries kept, most bytes kept, entry (JSON), …
 * Returns [status, index of this delivery's first entry, or 'new' where `append` is asked for a stream that the record doesn't
 *         name, or '' where `appendToNew` is and it has too many] or [] where the token is stale
 *
 * A repeated call appends nothing that is there. Later places than the next one leave a hole: what came between was
 * dropped by the caller, or by a failover.
 */
export const append = defineScript(`${luaKeys}${asked}
if not isNamed(journal) then return { status, 'new' } end
${appending}
return { status, tostring(begun) }
`);

/**
 * The same for a stream that the record doesn't name yet: the task's state tells its name, to all who watch it. So it does of
 * those that began before records named them.
 */
export const appendToNew = defineScript(`${prelude}${asked}
if not numbers
  and redis.call('HLEN', journalsKey(id)) - redis.call('HEXISTS', journalsKey(id), '') >= ${mostStreams} then
  return { status, '' }
end
${appending}
if not isNamed(journal) then
  for _, name in ipairs(redis.call('HKEYS', journalsKey(id))) do
    if not isNamed(name) then
      streams = (streams and streams:sub(1, -2) .. ',' or '[') .. cjson.encode(name:sub(2)) .. ']'
    end
  end
  change(load(id), { streams = streams })
end
return { status, tostring(begun) }
`);

/**
 * KEYS: queue root
 * ARGV: id, journal, index of the first entry that is wanted, most entries, bytes after which no more are read
 * Returns [the task's status, the next index, index, attempt, entry (JSON), …] or [] where there is no such task
 */
export const readJournal = defineScript(`${luaKeys}
local id, journal, from, most, bytes = unpack(ARGV)
local status = redis.call('HGET', taskKey(id), 'status')
if not status then return {} end
local reply = { status, (redis.call('HGET', journalsKey(id), journal) or '0'):match('%d+') }
from, most, bytes = from + 1, tonumber(most), tonumber(bytes)
while most > 0 and bytes > 0 do
  local wanted = math.min(most, ${pieceSize})
  local entries = redis.call('XRANGE', journalKey(id .. journal), '0-' .. from, '+', 'COUNT', wanted)
  for _, entry in ipairs(entries) do
    if bytes <= 0 then break end
    from = entry[1]:sub(3) + 1
    bytes = bytes - #entry[2][4]
    reply[#reply + 1] = from - 2
    reply[#reply + 1] = entry[2][2]
    reply[#reply + 1] = entry[2][4]
  end
  if #entries < wanted then break end
  most = most - wanted
end
return reply
`);
