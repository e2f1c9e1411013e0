-- Removes the entries that the group has dealt with: those before the oldest that is pending, or, when none is, up to the last
-- delivered. Looked at and removed in one go, so that no entry is delivered in between.
-- KEYS[1] stream; ARGV: group. Returns length and pending entries.
if redis.call('EXISTS', KEYS[1]) == 0 then return { 0, 0 } end
local pending, keep = 0, nil
for _, group in ipairs(redis.call('XINFO', 'GROUPS', KEYS[1])) do
  local seen = {}
  for i = 1, #group, 2 do seen[group[i]] = group[i + 1] end
  if seen.name == ARGV[1] then
    pending, keep = seen.pending, seen['last-delivered-id']
  end
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
return { redis.call('XLEN', KEYS[1]), pending }
