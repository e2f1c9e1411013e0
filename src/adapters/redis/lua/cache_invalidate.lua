-- Drops every value of an area, counts its version up and tells the processes.
-- KEYS[1] area; ARGV: longest life in ms, channel, area's name.
local version = (redis.call('HGET', KEYS[1], 'version') or 0) + 1
redis.call('DEL', KEYS[1])
redis.call('HSET', KEYS[1], 'version', version)
redis.call('PEXPIRE', KEYS[1], ARGV[1])
redis.call('PUBLISH', ARGV[2], ARGV[3])
return version
