/**
 * The names of all keys and channels. Everything of one queue carries the queue's hash tag, so that a
 * script touches one slot of a Redis Cluster. Below a queue's root, `tw:{images}`:
 *
 * | name | type | holds |
 * |---|---|---|
 * | `:task:ID` | hash | the record |
 * | `:input:ID` | string | its input: apart, so that the record of a task that waits stays small enough for a compact hash |
 * | `:output:ID` | string | its output, where that is too large to be part of the state |
 * | `:journals:ID` | hash | its log ('') and its streams (`:NAME`), each with the next index, bytes, the attempt that wrote last and where that began |
 * | `:journal:ID`, `:journal:ID:NAME` | stream | the entries of its log, of a stream of it; also the channel of new ones |
 * | `:policies` | hash | hash of a policy → its JSON, which many records share |
 * | `:backlog:LINE` | sorted set | ids that wait, by order; a line is `name:definitionVersion`, of suspects with `!limit` |
 * | `:backlog:LINE@KEY` | sorted set | the same for each limit key, where the line is one of keyed tasks: `…@` |
 * | `:ring:LINE@` | sorted set | the keys of a line that may start one, by whose turn it is |
 * | `:heads` | sorted set | lines in which something waits that no key's limit holds up, by the order of their first task |
 * | `:rules` | hash | pauses, limits and bounds of the queue and of its definitions, as JSON: absent where there are none |
 * | `:waiting` | hash | owner (JSON) → how many of its tasks are QUEUED or SCHEDULED; none of `anonymous` |
 * | `:rules:since` | hash | definition → start of the process that registered its limit (ms) |
 * | `:blocked` | sorted set | limits at which something waits (`NAME@KEY`, `NAME`, '' = the queue), by when their rate allows one (ms) |
 * | `:relook` | hash | definitions whose keys have another limit, and how far the clocks have come with looking at them again |
 * | `:waiters:NAME@KEY` | set | lines in which a blocked key waits |
 * | `:slots:NAME@KEY` | set | tasks that run under a key |
 * | `:rate:LIMIT` | string | when a limit's bucket will be full (µs) |
 * | `:parked:NAME`, `:resuming:LIMIT` | set | tasks that wait for their children, those of them that want to go on |
 * | `:children:ID` | hash | a task's children: what tells them apart → id, weight, and in which try they were linked |
 * | `:outbox` | sorted set | canceled tasks whose children are to be canceled, by when that was (ms) |
 * | `:pending:HASH` | string | the task that waits under a debounce or singleton key |
 * | `:batch:BATCH` | hash | how many tasks a batch has, and how many of them with each status |
 * | `:pace` | hash | definition → how long its recent attempts ran, on average (ms) |
 * | `:ends` | hash | `NAME:STATUS` → tasks that came to it without a worker's word, and that no process has counted yet |
 * | `:ends:TOKEN` | hash | those of them that the process with the token counts, kept for an hour |
 * | `:flow:BUCKET` | hash | final status → tasks that came to it in these ten seconds |
 * | `:minute:MINUTE` | hash | what happened in a minute since 1970, kept for an hour: `NAME:FIELD` → how often (`scripts/activity-counts.ts`) |
 * | `:workers` | sorted set | worker ids, by the end of their lease (ms); also the channel of those whose presence has changed, or a run of which waits for its children or goes on |
 * | `:worker:WORKER` | hash | a worker's presence: slots to wake, all its places, lines, host, pid, version, skew, startedAt, renewedAt, load, memory, and the drain where it is drained; also its channel |
 * | `:idle` | set | workers that had a free slot when they last took or ended something |
 * | `:local:WORKER` | hash | definition → how many of it the worker runs, where it may run only so many |
 * | `:runs:WORKER` | hash | fencing token → task id of each delivery that the worker holds |
 * | `:suspects:WORKER` | hash | fencing token → limit of each delivery whose task may have killed a worker |
 * | `:due` | sorted set | ids to which time does something by itself, by when (ms); also the channel of new first ones |
 * | `:hints` | sorted set | tasks with a hint under way, by the time it was promised (ms) |
 * | `:held` | hash | hints that a slot has taken → worker id |
 * | `:names` | set | names of definitions that ever had a task here |
 * | `:index:NAME`, `:index:NAME:STATUS` | sorted set | ids by creation time (µs) |
 * | `:tags`, `:tag:TAG` | set, sorted set | the tags in use; ids by creation time (µs) |
 * | `:key:HASH` | string | the task that holds an idempotency key, and the hash of its input |
 * | `:schedules` | sorted set | schedules by their next slot (ms); also the channel of the ids of those that changed, and of one that was deleted: '-' and what it was |
 * | `:schedule:SCHEDULE` | hash | a schedule |
 * | `:schedule-ids`, `:schedule-ids:NAME` | sorted set | schedules by creation time (µs); the same of an owner: `:OWNER`, `:OWNER:NAME` |
 * | `:code-schedules:NAME` | set | those that stand in a definition's code |
 * | `:scheduled:NAME` | hash | what the schedules of a definition have in common: its version and policy, who said so when |
 * | `:mending`, `:mending:pause` | hash, string | how far the search for what a crash left behind has come |
 * | `:removals` | sorted set | final tasks by the end of their retention (ms) |
 * | `:state:ID`, `:states` | channels | each new state of one task, of all tasks of the queue; and that a record was removed: '', `-ID` |
 */
export function queueRoot(prefix: string, queue: string): string {
  return `${prefix}:{${queue}}`;
}

/** The set of queues that any process has had a definition for. Also the channel on which it is told that there is a new one. */
export function queuesKey(prefix: string): string {
  return `${prefix}:queues`;
}

/** The string that is the key by which watch tokens are signed, in base64url. */
export function watchKeyName(prefix: string): string {
  return `${prefix}:watch-key`;
}

/**
 * The hash of API tokens: `ID` → the record as JSON, `used:ID` → when it was last used (ms), or ''. Also the channel on which
 * the ids of revoked ones are told.
 */
export function apiTokensKey(prefix: string): string {
  return `${prefix}:tokens`;
}

/** The hash that is a task's record. */
export function taskKey(root: string, id: string): string {
  return `${root}:task:${id}`;
}

/** The string that is a task's input. */
export function inputKey(root: string, id: string): string {
  return `${root}:input:${id}`;
}

/** The string that is a task's output, where its record doesn't hold it. */
export function outputKey(root: string, id: string): string {
  return `${root}:output:${id}`;
}

/** The channel of what is appended to a task's log, or to one of its streams. */
export function journalChannel(root: string, id: string, journal: string): string {
  return `${root}:journal:${id}${journal}`;
}

/** The channel of one task's states. */
export function stateChannel(root: string, id: string): string {
  return `${root}:state:${id}`;
}

/** The channel of all states of a queue. */
export function statesChannel(root: string): string {
  return `${root}:states`;
}

/** The channel on which changes of a queue's rules are told. */
export function rulesChannel(root: string): string {
  return `${root}:rules`;
}

/** The channel on which a worker hears of changes to the tasks that it runs. */
export function workerChannel(root: string, worker: string): string {
  return `${root}:worker:${worker}`;
}

/** The channel of the ids of workers whose presence has changed, or a run of which waits for its children or goes on. */
export function workersChannel(root: string): string {
  return `${root}:workers`;
}

/** The channel on which clocks hear of a time that comes before all others. */
export function dueChannel(root: string): string {
  return `${root}:due`;
}

/** The channel on which it is told which schedules of a queue have changed. */
export function schedulesChannel(root: string): string {
  return `${root}:schedules`;
}

/** The string that says when somebody's bucket will be full (µs): in a slot of its own, as it belongs to no queue. */
export function rateKey(prefix: string, kind: string, hash: string): string {
  return `${prefix}:rate:{${kind}:${hash}}`;
}

/** The stream of what was done through the API. */
export function auditKey(prefix: string): string {
  return `${prefix}:audit`;
}

/** The hash of how many tasks of each owner wait in a queue: owner (JSON) → number. */
export function waitingKey(root: string): string {
  return `${root}:waiting`;
}

/** The prefix that Bee-Queue puts before its queue names. */
export function lanePrefix(prefix: string): string {
  return `${prefix}:bee`;
}

/** Bee-Queue's name of a queue's lane: in braces, so that its keys share one slot. */
export function laneName(queue: string): string {
  return `{${queue}}`;
}

/** The same names for the scripts, whose first key is the queue's root. */
export const luaKeys = `
local root = KEYS[1]
local taskKey = function(id) return root .. ':task:' .. id end
local inputKey = function(id) return root .. ':input:' .. id end
local outputKey = function(id) return root .. ':output:' .. id end
local journalsKey = function(id) return root .. ':journals:' .. id end
local journalKey = function(which) return root .. ':journal:' .. which end
local policiesKey = root .. ':policies'
local backlogKey = function(line) return root .. ':backlog:' .. line end
local ringKey = function(line) return root .. ':ring:' .. line end
local rulesKey = root .. ':rules'
local waitingKey = root .. ':waiting'
local blockedKey = root .. ':blocked'
local relookKey = root .. ':relook'
local waitersKey = function(limit) return root .. ':waiters:' .. limit end
local slotsKey = function(limit) return root .. ':slots:' .. limit end
local rateKey = function(limit) return root .. ':rate:' .. limit end
local parkedKey = function(name) return root .. ':parked:' .. name end
local resumingKey = function(limit) return root .. ':resuming:' .. limit end
local childrenKey = function(id) return root .. ':children:' .. id end
local outboxKey = root .. ':outbox'
local pendingKey = function(hash) return root .. ':pending:' .. hash end
local batchKey = function(batch) return root .. ':batch:' .. batch end
local paceKey = root .. ':pace'
local endsKey = root .. ':ends'
local takenEndsKey = function(token) return root .. ':ends:' .. token end
local flowKey = function(bucket) return root .. ':flow:' .. bucket end
local minuteKey = function(minute) return root .. ':minute:' .. minute end
local idleKey = root .. ':idle'
local localKey = function(worker) return root .. ':local:' .. worker end
local schedulesKey = root .. ':schedules'
local scheduleKey = function(id) return root .. ':schedule:' .. id end
local scheduleIdsKey = function(name)
  return root .. ':schedule-ids' .. (name and ':' .. name or '')
end
local codeSchedulesKey = function(name) return root .. ':code-schedules:' .. name end
local scheduledKey = function(name) return root .. ':scheduled:' .. name end
local headsKey = root .. ':heads'
local workersKey = root .. ':workers'
local workerKey = function(worker) return root .. ':worker:' .. worker end
local runsKey = function(worker) return root .. ':runs:' .. worker end
local suspectsKey = function(worker) return root .. ':suspects:' .. worker end
local dueKey = root .. ':due'
local hintsKey = root .. ':hints'
local heldKey = root .. ':held'
local namesKey = root .. ':names'
local indexKey = function(name, status)
  return root .. ':index:' .. name .. (status and ':' .. status or '')
end
local tagsKey = root .. ':tags'
local keyKey = function(hash) return root .. ':key:' .. hash end
local mendingKey = root .. ':mending'
local tagKey = function(tag) return root .. ':tag:' .. tag end
local removalsKey = root .. ':removals'
local stateChannel = function(id) return root .. ':state:' .. id end
local statesChannel = root .. ':states'
`;
