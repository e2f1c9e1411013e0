-- Sets an order's status unless it stands at the same rank or further (X-07), and renews its time to live.
-- KEYS[1] status key; ARGV: word, rank, time to live in ms. Returns 1 when the word was written.
local ranks = { ACCEPTED = 0, PROCESSING = 1, COMPLETED = 2, FAILED = 2, CANCELLED = 2 }
local current = redis.call('GET', KEYS[1])
if current and (ranks[current] or -1) >= tonumber(ARGV[2]) then
  redis.call('PEXPIRE', KEYS[1], ARGV[3])
  return 0
end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[3])
return 1
