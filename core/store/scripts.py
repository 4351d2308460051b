"""The Lua scripts: each one step that must happen whole or not at all, in a single round trip."""

COMMIT = """
-- Writes one version of a record with everything that follows from it, and takes the right to tell its events.
-- KEYS: record, timeline, delivery, delivering, outbox, live, ended, owner [, request]
-- ARGV: id, expected version, commit id, record json, created ms, ended ms ('' while it lives), now ms, keep ms,
--       holder, lease ms, events...
local id, expected, commit, json = ARGV[1], tonumber(ARGV[2]), ARGV[3], ARGV[4]
local created, ended, now, keep = ARGV[5], ARGV[6], tonumber(ARGV[7]), tonumber(ARGV[8])
local holder, lease = ARGV[9], ARGV[10]
local current = redis.call('HMGET', KEYS[1], 'v', 'c')
if current[2] ~= commit then
  if KEYS[9] and not redis.call('SET', KEYS[9], id, 'NX') then
    return {'taken', redis.call('GET', KEYS[9])}
  end
  if tonumber(current[1] or 0) ~= expected then return {'conflict'} end
  redis.call('HSET', KEYS[1], 'v', expected + 1, 'c', commit, 'json', json)
  for i = 11, #ARGV do redis.call('RPUSH', KEYS[2], ARGV[i]) end
  if #ARGV > 10 then redis.call('ZADD', KEYS[5], now, id) end
  redis.call('ZADD', KEYS[8], created, id)
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
if #ARGV == 10 then return {'ok'} end
if not redis.call('SET', KEYS[4], holder, 'NX', 'PX', lease) and redis.call('GET', KEYS[4]) ~= holder then
  return {'ok'}
end
return {'leased', redis.call('GET', KEYS[3]) or '', redis.call('LRANGE', KEYS[2], 0, -1)}
"""

CLAIM = """
-- Takes the right to tell an instance's events, with all that is needed to do it.
-- KEYS: record, timeline, delivery, delivering, outbox    ARGV: id, holder, lease ms
local json = redis.call('HGET', KEYS[1], 'json')
if not json then
  redis.call('ZREM', KEYS[5], ARGV[1])
  return {'gone'}
end
if not redis.call('SET', KEYS[4], ARGV[2], 'NX', 'PX', ARGV[3]) and redis.call('GET', KEYS[4]) ~= ARGV[2] then
  return {'busy'}
end
return {'leased', redis.call('GET', KEYS[3]) or '', redis.call('LRANGE', KEYS[2], 0, -1), json}
"""

SETTLE = """
-- Notes how far the telling has come; gives the right back when nothing new has happened meanwhile.
-- KEYS: record, timeline, delivery, delivering, outbox
-- ARGV: id, holder, lease ms, delivery json, events seen, what next: 'keep', 'done' or the ms when it is due again
local id, holder, lease, seen, next = ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[5]), ARGV[6]
if redis.call('GET', KEYS[4]) ~= holder then return {'lost'} end
redis.call('SET', KEYS[3], ARGV[4])
local left = redis.call('PTTL', KEYS[1])
if left > 0 then redis.call('PEXPIRE', KEYS[3], left) end
if next == 'keep' then
  redis.call('PEXPIRE', KEYS[4], lease)
  return {'ok'}
end
if next == 'done' and redis.call('LLEN', KEYS[2]) > seen then
  redis.call('PEXPIRE', KEYS[4], lease)
  return {'more', redis.call('HGET', KEYS[1], 'json'), redis.call('LRANGE', KEYS[2], seen, -1)}
end
if next == 'done' then redis.call('ZREM', KEYS[5], id) else redis.call('ZADD', KEYS[5], next, id) end
redis.call('DEL', KEYS[4])
return {'ok'}
"""
