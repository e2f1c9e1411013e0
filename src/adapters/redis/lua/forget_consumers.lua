-- Removes consumers that have been idle for long and hold no entry. Looked at and removed in one go: a consumer that took an entry
-- in between would lose it.
-- KEYS[1] stream; ARGV: group, idle time in ms. Returns how many.
local forgotten = 0
for _, consumer in ipairs(redis.call('XINFO', 'CONSUMERS', KEYS[1], ARGV[1])) do
  local seen = {}
  for i = 1, #consumer, 2 do seen[consumer[i]] = consumer[i + 1] end
  if seen.pending == 0 and seen.idle >= tonumber(ARGV[2]) then
    forgotten = forgotten + 1
    redis.call('XGROUP', 'DELCONSUMER', KEYS[1], ARGV[1], seen.name)
  end
end
return forgotten
