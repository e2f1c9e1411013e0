-- Appends events unless the stream holds as many as it may.
-- KEYS[1] stream; ARGV: most entries, number of fields and values of each event, then these. Returns 1 when all were appended.
if redis.call('XLEN', KEYS[1]) >= tonumber(ARGV[1]) then return 0 end
local at = 2
while at <= #ARGV do
  local count = tonumber(ARGV[at])
  redis.call('XADD', KEYS[1], '*', unpack(ARGV, at + 1, at + count))
  at = at + count + 1
end
return 1
