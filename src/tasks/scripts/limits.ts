/**
 * What may start, by the rules of the queue and of its definitions. A limit has a name: `''` is the queue's,
 * `NAME` a definition's, `NAME@KEY` that of one key. A rule is what `rules.ts` writes:
 * `{ c: concurrency, n: starts, perMs, burst, whenFull }`.
 *
 * Runs of the queue and of definitions are counted from the indexes, those of a key from the slots that its
 * tasks hold: what ends a delivery frees its place, also where its worker was killed. A task that waits for
 * its children is parked and counts nowhere; room is kept for those that want to go on.
 *
 * Rates are GCRA (https://en.wikipedia.org/wiki/Generic_cell_rate_algorithm), by the time of Redis.
 */
export const limits = `
local anyRules
local hasRules = function()
  if anyRules == nil then anyRules = redis.call('EXISTS', rulesKey) == 1 end
  return anyRules
end
local rulesByName = {}
-- { paused, all = rule, key = rule }: of a definition, or of the queue where the name is ''.
local rulesOf = function(name)
  local known = rulesByName[name]
  if known then return known end
  known = {}
  if hasRules() then
    local suffix = name == '' and '' or ':' .. name
    local values = redis.call('HMGET', rulesKey, 'paused' .. suffix, 'limit' .. suffix)
    local limit = values[2] and cjson.decode(values[2]) or {}
    known = { paused = values[1], all = limit.all, key = limit.key }
  end
  rulesByName[name] = known
  return known
end
local isLimited = function(name)
  if not hasRules() then return false end
  local own, whole = rulesOf(name), rulesOf('')
  return own.all or own.key or whole.all
end

-- Runs that count: those of a definition, or of the whole queue.
local running = function(name)
  flush()
  local count = 0
  for _, one in ipairs(name == '' and redis.call('SMEMBERS', namesKey) or { name }) do
    count = count + redis.call('ZCARD', indexKey(one, 'RUNNING')) + redis.call('ZCARD', indexKey(one, 'CANCELING'))
      - redis.call('SCARD', parkedKey(one))
  end
  return count
end
local holdersOf = function(limit)
  return limit:find('@', 1, true) and redis.call('SCARD', slotsKey(limit)) or running(limit)
end

local fillUntil = function(limit, full)
  redis.call('SET', rateKey(limit), int(full), 'PXAT', int(math.ceil(full / 1000) + 1))
end
-- When a rate's bucket is full, and how long it takes to be refilled by one start (both µs).
local bucketOf = function(limit, rule)
  local interval = rule.perMs * 1000 / rule.n
  local full = math.max(nowUs, tonumber(redis.call('GET', rateKey(limit)) or 0))
  local latest = nowUs + rule.burst * interval
  -- Spent at a slower rate, or before the clock went back: as if it were empty now, and not for ever.
  if full > latest + 1000 then
    full = latest
    fillUntil(limit, full)
  end
  return full, interval
end
-- When a rate allows one more after so many others (ms).
local startAt = function(limit, rule, others)
  local full, interval = bucketOf(limit, rule)
  return math.ceil((full + (others + 1 - rule.burst) * interval) / 1000)
end
-- How many may start by a rate; where none, when the next one may (ms).
local startsBy = function(limit, rule)
  local full, interval = bucketOf(limit, rule)
  local starts = math.floor((nowUs - full) / interval + 0.000001) + rule.burst
  if starts > 0 then return starts end
  return 0, startAt(limit, rule, 0)
end
local spend = function(limit, rule)
  if not (rule and rule.n) then return end
  local full, interval = bucketOf(limit, rule)
  fillUntil(limit, full + interval)
end

-- How many more may start under a rule; where none, when the next one may (ms), or nil: when a run ends.
local roomBy = function(limit, rule)
  local room = math.huge
  if rule.c then room = rule.c - holdersOf(limit) - redis.call('SCARD', resumingKey(limit)) end
  if room > 0 and rule.n then
    local starts, at = startsBy(limit, rule)
    return math.min(room, starts), at
  end
  return room
end
local keyRoom = function(name, key)
  local rule = rulesOf(name).key
  if not rule then return math.huge end
  return roomBy(name .. '@' .. key, rule)
end
-- Of a definition, or of the queue where the name is ''.
local roomOf = function(name)
  if not hasRules() then return math.huge end
  local rules = rulesOf(name)
  if rules.paused then return 0 end
  if not rules.all then return math.huge end
  return roomBy(name, rules.all)
end

-- Remembers that something waits at a limit, so that the clocks look again when its rate allows one.
local block = function(limit, at)
  local changed = redis.call('ZADD', blockedKey, 'CH', at and int(at) or '+inf', limit)
  if at and changed == 1 then redis.call('PUBLISH', dueKey, int(at)) end
end
-- A start may have been the last one that a rate allowed: idle slots are woken for what waits when it allows another.
local awaitRates = function(name)
  if not hasRules() then return end
  for _, limit in ipairs({ name, '' }) do
    local rule = rulesOf(limit).all
    if rule and rule.n and redis.call('EXISTS', headsKey) == 1 then
      local _, at = startsBy(limit, rule)
      if at then block(limit, at) end
    end
  end
end
`;
