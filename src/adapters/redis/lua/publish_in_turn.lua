-- Publishes the messages of one version unless their turn has passed or has not come (D5a).
-- KEYS[1] last version sent; ARGV: version, 1 to send before its predecessor, time to live in ms, channel, then the messages.
-- Returns 0 when they were sent, -1 when they are not newer, else the last version sent + 1.
local last = tonumber(redis.call('GET', KEYS[1]) or 0)
local version = tonumber(ARGV[1])
if version <= last then return -1 end
if version > last + 1 and ARGV[2] ~= '1' then return last + 1 end
-- Published first: where it is forbidden, no version may be left behind.
for i = 5, #ARGV do redis.call('PUBLISH', ARGV[4], ARGV[i]) end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[3])
return 0
