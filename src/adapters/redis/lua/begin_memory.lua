-- Notes since when versions are remembered, unless that is known.
-- KEYS[1] where. Returns nothing of interest.
local time = redis.call('TIME')
redis.call('SET', KEYS[1], string.format('%.0f', time[1] * 1000000 + time[2]), 'NX')
return 1
