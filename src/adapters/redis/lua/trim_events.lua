-- Removes the entries that the group has dealt with: those before the oldest that is pending, or, when none is, up to the last
-- delivered. Looked at and removed in one go, so that no entry is delivered in between. Nothing else of ours removes entries, so
-- what is missing beside was removed by somebody else, read or not.
-- KEYS[1] stream, KEYS[2] what is known of removals, in the same slot; ARGV: group. Returns length, pending entries, and how often
-- somebody else was found to have removed entries (Redis 7 and newer tell).
if redis.call('EXISTS', KEYS[1]) == 0 then return { 0, 0, 0 } end

local function fields(list)
  local found = {}
  for i = 1, #list, 2 do found[list[i]] = list[i + 1] end
  return found
end

local function removed()
  local stream = fields(redis.call('XINFO', 'STREAM', KEYS[1]))
  return stream['entries-added'] and stream['entries-added'] - stream.length
end

local foreign = tonumber(redis.call('HGET', KEYS[2], 'foreign') or 0)
local before = removed()
if before and before ~= tonumber(redis.call('HGET', KEYS[2], 'removed') or 0) then
  foreign = redis.call('HINCRBY', KEYS[2], 'foreign', 1)
end

local pending, keep = 0, nil
for _, group in ipairs(redis.call('XINFO', 'GROUPS', KEYS[1])) do
  local group = fields(group)
  if group.name == ARGV[1] then pending, keep = group.pending, group['last-delivered-id'] end
end
if keep then
  if pending > 0 then
    keep = redis.call('XPENDING', KEYS[1], ARGV[1])[2]
  else
    local time, number = string.match(keep, '^(%d+)-(%d+)$')
    keep = time .. '-' .. string.format('%.0f', tonumber(number) + 1)
  end
  redis.call('XTRIM', KEYS[1], 'MINID', '=', keep)
end
if before then redis.call('HSET', KEYS[2], 'removed', removed()) end
return { redis.call('XLEN', KEYS[1]), pending, foreign }
