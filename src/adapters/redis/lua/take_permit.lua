-- Takes a permit by the generic cell rate algorithm, as RateLimit::decide does in the process. Times are microseconds.
-- KEYS[1] bucket: when all permits are back; ARGV: interval between permits, permits.
-- Returns allowed (0 or 1) and how long until all permits are back.
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local interval = tonumber(ARGV[1])
local before = math.max(tonumber(redis.call('GET', KEYS[1]) or 0), now)
local after = before + interval
if after - now > interval * tonumber(ARGV[2]) then return { 0, before - now } end
redis.call('SET', KEYS[1], string.format('%.0f', after), 'PX', math.ceil((after - now) / 1000))
return { 1, after - now }
