-- KEYS[1] lock; ARGV: token, lease in ms. Returns 1 when it was still the token's.
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('PEXPIRE', KEYS[1], ARGV[2])
