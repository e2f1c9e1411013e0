-- Sets an order's status unless it stands at the same version or a newer one (X-07), and renews its time to live.
-- KEYS[1] status key, KEYS[2] its version's key, in the same slot; ARGV: word, version, time to live in ms. Returns 1 when the word was
-- written. A status without a version was written by a pod of the release before.
local usual = { ACCEPTED = 1, PROCESSING = 2, COMPLETED = 3, FAILED = 3, CANCELLED = 2 }
local current = redis.call('GET', KEYS[1])
local version = tonumber(redis.call('GET', KEYS[2]) or (current and usual[current]) or 0)
if current and version >= tonumber(ARGV[2]) then
  redis.call('PEXPIRE', KEYS[1], ARGV[3])
  redis.call('PEXPIRE', KEYS[2], ARGV[3])
  return 0
end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[3])
redis.call('SET', KEYS[2], ARGV[2], 'PX', ARGV[3])
return 1
