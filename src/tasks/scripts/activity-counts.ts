import { keepMinuteMs, minuteMs } from './bounds.ts';

/**
 * What is counted in a minute of each definition, as `NAME:FIELD`: these, and the final status of tasks that came to it.
 * Times go into the piece of a histogram that they belong to, as `w12`. Each start has a `wait`, so that it isn't counted
 * apart, and each success a `success`: how long it ran. Other runs are in `run`.
 */
export const activityFields = {
  enqueued: 'e',
  attemptsFailed: 'a',
  wait: 'w',
  success: 's',
  run: 'r',
} as const;

/** The longest times share the last piece, which begins at 397 days. */
export const lastPiece = 71;

/**
 * Counts what happens by the minute of the store's clock, in the script that does it: so the counts and the records can't
 * disagree. Piece 0 of a histogram holds what took 1 ms at most, each other one √2 times as much as the one before.
 */
export const activityCounts = `
local thisMinute
local countActivity = function(name, field)
  thisMinute = thisMinute or minuteKey(int(math.floor(now / ${minuteMs})))
  countOne(thisMinute, name .. ':' .. field, ${keepMinuteMs})
end
-- Numbers print slowly: each once.
local pieceTexts = {}
local noteTime = function(name, kind, ms)
  -- Less a little, as a power of two must not be in the next piece where its logarithm isn't exact.
  local piece = ms <= 1 and 0 or math.min(${lastPiece}, math.ceil(2 * math.log(ms) / math.log(2) - 1e-12))
  local text = pieceTexts[piece] or int(piece)
  pieceTexts[piece] = text
  countActivity(name, kind .. text)
end
`;
