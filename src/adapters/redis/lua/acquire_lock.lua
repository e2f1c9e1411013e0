-- Takes a lock nobody holds. The fencing number is the server's clock in microseconds: it grows from holder to holder and, other
-- than a counter, also after the server lost its memory.
-- KEYS[1] lock; ARGV: token, lease in ms. Returns the fencing number, or 0 when it is held.
if not redis.call('SET', KEYS[1], ARGV[1], 'NX', 'PX', ARGV[2]) then return 0 end
local now = redis.call('TIME')
return now[1] * 1000000 + now[2]
