"""The Lua scripts: each one step that must happen whole or not at all, in a single round trip."""

COMMIT = """
-- Writes one version of a record with everything that follows from it, and takes the right to tell its events.
-- KEYS: record, timeline, delivery, delivering, outbox, live, ended [, request]
-- ARGV: id, expected version, commit id, record json, created ms, ended ms ('' while it lives), now ms, keep ms,
--       holder, hold ms, events...
local id, expected, commit, json = ARGV[1], tonumber(ARGV[2]), ARGV[3], ARGV[4]
local created, ended, now, keep = ARGV[5], ARGV[6], tonumber(ARGV[7]), tonumber(ARGV[8])
local holder, hold = ARGV[9], ARGV[10]
local current = redis.call('HMGET', KEYS[1], 'v', 'c')
if current[2] ~= commit then
  if KEYS[8] and not redis.call('SET', KEYS[8], id, 'NX') then
    return {'taken', redis.call('GET', KEYS[8])}
  end
  if tonumber(current[1] or 0) ~= expected then return {'conflict'} end
  redis.call('HSET', KEYS[1], 'v', expected + 1, 'c', commit, 'json', json)
  for i = 11, #ARGV do redis.call('RPUSH', KEYS[2], ARGV[i]) end
  if #ARGV > 10 then redis.call('ZADD', KEYS[5], now, id) end
  if ended == '' then
    redis.call('ZADD', KEYS[6], created, id)
    redis.call('ZREM', KEYS[7], id)
    for i = 1, 3 do redis.call('PERSIST', KEYS[i]) end
  else
    redis.call('ZREM', KEYS[6], id)
    redis.call('ZADD', KEYS[7], ended, id)
    redis.call('ZREMRANGEBYSCORE', KEYS[7], '-inf', now - keep)
    for i = 1, 3 do redis.call('PEXPIRE', KEYS[i], keep) end
  end
end
if #ARGV == 10 or not redis.call('SET', KEYS[4], holder, 'NX', 'PX', hold) then return {'ok'} end
return {'held', redis.call('GET', KEYS[3]) or '', redis.call('LRANGE', KEYS[2], 0, -1)}
"""

NEWEST = """
-- The greater of a stamp and the greatest one noted before under this name.    KEYS: name    ARGV: stamp, keep ms
local known = tonumber(redis.call('GET', KEYS[1]) or '0')
if tonumber(ARGV[1]) > known then
  redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
  return ARGV[1]
end
return tostring(redis.call('GET', KEYS[1]))
"""

CLAIM = """
-- Takes the right to tell an instance's events, with all that is needed to do it.
-- KEYS: record, timeline, delivery, delivering, outbox    ARGV: id, holder, hold ms, '1' to go on with a hold of ours
local json = redis.call('HGET', KEYS[1], 'json')
if not json then
  redis.call('ZREM', KEYS[5], ARGV[1])
  return {'gone'}
end
if not redis.call('SET', KEYS[4], ARGV[2], 'NX', 'PX', ARGV[3]) then
  if ARGV[4] ~= '1' or redis.call('GET', KEYS[4]) ~= ARGV[2] then return {'busy'} end
  redis.call('PEXPIRE', KEYS[4], ARGV[3])
end
return {'held', redis.call('GET', KEYS[3]) or '', redis.call('LRANGE', KEYS[2], 0, -1), json}
"""

SETTLE = """
-- Notes how far the telling has come; gives the right back when nothing new has happened meanwhile.
-- KEYS: record, timeline, delivery, delivering, outbox
-- ARGV: id, holder, hold ms, delivery json, events seen, what next: 'keep', 'done' or the ms when it is due again
local id, holder, hold, seen, next = ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[5]), ARGV[6]
if redis.call('GET', KEYS[4]) ~= holder then return {'lost'} end
redis.call('SET', KEYS[3], ARGV[4])
local left = redis.call('PTTL', KEYS[1])
if left > 0 then redis.call('PEXPIRE', KEYS[3], left) end
if next == 'keep' then
  redis.call('PEXPIRE', KEYS[4], hold)
  return {'ok'}
end
if next == 'done' and redis.call('LLEN', KEYS[2]) > seen then
  redis.call('PEXPIRE', KEYS[4], hold)
  return {'more', redis.call('HGET', KEYS[1], 'json'), redis.call('LRANGE', KEYS[2], seen, -1)}
end
if next == 'done' then
  redis.call('ZREM', KEYS[5], id)
else
  -- One notifier has to wait; news that came meanwhile does not, for the others.
  redis.call('ZADD', KEYS[5], redis.call('LLEN', KEYS[2]) > seen and 0 or next, id)
end
redis.call('DEL', KEYS[4])
return {'ok'}
"""
