-- Stores a value in an area's hash unless the area was invalidated since the version was read.
-- KEYS[1] area; ARGV: version, field, value, longest life in ms, most fields. Returns 1 when stored.
if (redis.call('HGET', KEYS[1], 'version') or '0') ~= ARGV[1] then return 0 end
if redis.call('HLEN', KEYS[1]) >= tonumber(ARGV[5]) then return 0 end
redis.call('HSET', KEYS[1], ARGV[2], ARGV[3])
-- The first value's clock runs for all, so none gets older than this.
if redis.call('PTTL', KEYS[1]) < 0 then redis.call('PEXPIRE', KEYS[1], ARGV[4]) end
return 1
