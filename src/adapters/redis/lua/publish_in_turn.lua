-- Publishes the messages of one version unless their turn has passed or has not come (D5a).
-- KEYS[1] last version sent, KEYS[2] since when versions are remembered, in microseconds, in the same slot; ARGV: version, 1 to send
-- before its predecessor, time to live in ms, channel, for how many ms the sender has had the messages, then these.
-- Returns 0 when they were sent, -1 when they are not newer, else the last version sent + 1; and for how long versions have been
-- remembered, in ms.
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local since = redis.call('GET', KEYS[2])
if not since then redis.call('SET', KEYS[2], string.format('%.0f', now)) end
local remembered = math.max(0, math.floor((now - tonumber(since or now)) / 1000))

local last = tonumber(redis.call('GET', KEYS[1]) or 0)
local version = tonumber(ARGV[1])
if version <= last then return { -1, remembered } end
-- Forgotten since the sender has them: another server may have sent them.
if last == 0 and since and remembered < tonumber(ARGV[5]) then return { -1, remembered } end
if version > last + 1 and ARGV[2] ~= '1' then return { last + 1, remembered } end
-- Published first: where it is forbidden, no version may be left behind.
for i = 6, #ARGV do redis.call('PUBLISH', ARGV[4], ARGV[i]) end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[3])
return { 0, remembered }
