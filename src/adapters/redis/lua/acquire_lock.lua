-- Takes a lock nobody holds.
-- KEYS[1] lock; ARGV: token, lease in ms. Returns 1, or 0 when it is held.
if redis.call('SET', KEYS[1], ARGV[1], 'NX', 'PX', ARGV[2]) then return 1 end
return 0
