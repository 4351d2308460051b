"""The Lua scripts: each one step that must happen whole or not at all, in a single round trip."""

WITH_ROOM = """
-- Before a script: a write that needs no memory and changes nothing. After it a script may write with memory full too.
do
  local left = redis.call('PTTL', KEYS[1])
  if left > 0 then redis.call('PEXPIRE', KEYS[1], left) else redis.call('PERSIST', KEYS[1]) end
end
"""

ANY_WRITE = """
-- One command.    KEYS: its key    ARGV: its name, what follows the key
return redis.call(ARGV[1], KEYS[1], unpack(ARGV, 2))
"""

COMMIT = """
-- Writes one version of a record with everything that follows from it, and takes the right to tell its events.
-- Of a new record it answers 'taken' when its request key has led to another, or the record is there although the key
-- is not: Redis had lost both, and the instance was found at Novita. It answers 'named' when its name is to be its own
-- and is that of another that lives.
-- Else it tells how many commits there have been, when a worker last looked (0 when not lately), and the time.
-- Under the keys of its story may stand what is not ours. The record goes on all the same, for else what runs could not
-- be stopped: 'lost' says that the events are kept nowhere.
-- KEYS: record, timeline, delivery, delivering, outbox, live, ended, looked, names, cards, threads [, request]
-- ARGV: id, expected version, commit id, record json, created ms, ended ms ('' while it lives), now ms, keep ms,
--       holder, hold ms, how fresh a look must be in ms, name, '1' when that is to be its own, events...
local id, expected, commit, json = ARGV[1], tonumber(ARGV[2]), ARGV[3], ARGV[4]
local created, ended, now, keep = ARGV[5], ARGV[6], tonumber(ARGV[7]), tonumber(ARGV[8])
local holder, hold, fresh, name = ARGV[9], ARGV[10], tonumber(ARGV[11]), ARGV[12]
local function error_in(said) return type(said) == 'table' and said.err end
local kind = 'ok'
local current = redis.call('HMGET', KEYS[1], 'v', 'c')
if current[2] ~= commit then
  local namesake = redis.call('HGET', KEYS[9], name)
  local is_other = namesake and namesake ~= id and redis.call('ZSCORE', KEYS[6], namesake)
  if KEYS[12] then
    local led_to = redis.call('GET', KEYS[12])
    if led_to or current[1] then return {'taken', led_to or id} end
    if is_other and ARGV[13] == '1' then return {'named', namesake} end
    redis.call('SET', KEYS[12], id)
  end
  if tonumber(current[1] or 0) ~= expected then return {'conflict'} end
  redis.call('HSET', KEYS[1], 'v', expected + 1, 'c', commit, 'json', json)
  redis.call('HINCRBY', KEYS[8], 'commits', 1)
  if #ARGV > 13 and redis.pcall('LLEN', KEYS[2]) == 0 then
    -- A timeline that was removed begins anew after what all have been told.
    redis.call('HSET', KEYS[1], 'b', redis.call('HGET', KEYS[1], 't') or '0')
  end
  for i = 14, #ARGV do
    local problem = error_in(redis.pcall('RPUSH', KEYS[2], ARGV[i]))
    if problem and not string.find(problem, 'WRONGTYPE', 1, true) then return redis.error_reply(problem) end
    if problem then kind = 'lost' end
  end
  if #ARGV > 13 then redis.call('ZADD', KEYS[5], now, id) end
  if ended == '' then
    redis.call('ZADD', KEYS[6], created, id)
    redis.call('ZREM', KEYS[7], id)
    if not is_other then redis.call('HSET', KEYS[9], name, id) end
    for i = 1, 3 do redis.call('PERSIST', KEYS[i]) end
  else
    redis.call('ZREM', KEYS[6], id)
    if namesake == id then redis.call('HDEL', KEYS[9], name) end
    redis.call('ZADD', KEYS[7], ended, id)
    for _, forgotten in ipairs(redis.call('ZRANGEBYSCORE', KEYS[7], '-inf', now - keep)) do
      local card = redis.pcall('HGET', KEYS[10], forgotten)
      if type(card) == 'string' then
        redis.pcall('HDEL', KEYS[11], string.match(card, '^%S*'))
        redis.call('HDEL', KEYS[10], forgotten)
      end
    end
    redis.call('ZREMRANGEBYSCORE', KEYS[7], '-inf', now - keep)
    for i = 1, 3 do redis.call('PEXPIRE', KEYS[i], keep) end
  end
end
local looks, time = redis.call('HMGET', KEYS[8], 'commits', 'at'), redis.call('TIME')
local clock = time[1] * 1000 + math.floor(time[2] / 1000)
local age = looks[2] and clock - looks[2] or -1
local at = age >= 0 and age <= fresh and looks[2] or '0'
local answer = {kind, looks[1] or '0', at, string.format('%d', clock)}
if #ARGV == 13 or kind == 'lost' then return answer end
local note, card = redis.pcall('GET', KEYS[3]), redis.pcall('HGET', KEYS[10], id)
if error_in(note) or error_in(card) then return answer end
if not redis.call('SET', KEYS[4], holder, 'NX', 'PX', hold) then return answer end
local places = redis.call('HMGET', KEYS[1], 't', 'b')
local told, gone = tonumber(places[1] or '0'), tonumber(places[2] or '0')
answer[1] = 'held'
answer[5], answer[6] = note or '', told
answer[7] = redis.call('LRANGE', KEYS[2], told - gone, -1)
answer[8] = card or ''
return answer
"""

LOOKED = """
-- Everything at Novita has been looked at just now, by Redis's own clock, which never goes back here.
-- KEYS: looked    ARGV: how many instances were made outside this bot
local time, before = redis.call('TIME'), redis.call('HGET', KEYS[1], 'at')
local now = math.max(time[1] * 1000 + math.floor(time[2] / 1000), tonumber(before or '0'))
redis.call('HSET', KEYS[1], 'at', string.format('%d', now), 'outside', ARGV[1])
return {string.format('%d', now)}
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

ADD_NEWS = """
-- Adds an event to an instance's timeline that changes nothing of its record.
-- KEYS: record, timeline, outbox    ARGV: id, event json, now ms, how many newest it may be among
if not redis.call('HGET', KEYS[1], 'v') then return {'gone'} end
for _, line in ipairs(redis.call('LRANGE', KEYS[2], -ARGV[4], -1)) do
  if line == ARGV[2] then return {'ok'} end
end
if redis.call('LLEN', KEYS[2]) == 0 then redis.call('HSET', KEYS[1], 'b', redis.call('HGET', KEYS[1], 't') or '0') end
redis.call('RPUSH', KEYS[2], ARGV[2])
local left = redis.call('PTTL', KEYS[1])
if left > 0 then redis.call('PEXPIRE', KEYS[2], left) end
redis.call('ZADD', KEYS[3], ARGV[3], ARGV[1])
return {'ok'}
"""

CLAIM = """
-- Takes the right to tell an instance's events, with all that is needed to do it.
-- KEYS: record, timeline, delivery, delivering, outbox, cards, threads
-- ARGV: id, holder, hold ms, '1' to go on with a hold of ours
local json = redis.call('HGET', KEYS[1], 'json')
if not json then
  redis.call('ZREM', KEYS[5], ARGV[1])
  return {'gone'}
end
local note, card = redis.call('GET', KEYS[3]) or '', redis.call('HGET', KEYS[6], ARGV[1]) or ''
redis.call('LLEN', KEYS[2]) -- What is not ours under any of these keys is an error before anything is taken.
if not redis.call('SET', KEYS[4], ARGV[2], 'NX', 'PX', ARGV[3]) then
  if ARGV[4] ~= '1' or redis.call('GET', KEYS[4]) ~= ARGV[2] then return {'busy'} end
  redis.call('PEXPIRE', KEYS[4], ARGV[3])
end
local places = redis.call('HMGET', KEYS[1], 't', 'b')
local told, gone = tonumber(places[1] or '0'), tonumber(places[2] or '0')
return {'held', note, told, redis.call('LRANGE', KEYS[2], told - gone, -1), json, card}
"""

SETTLE = """
-- Notes how far the telling has come; gives the right back when nothing new has happened meanwhile.
-- KEYS: record, timeline, delivery, delivering, outbox, cards, threads
-- ARGV: id, holder, hold ms, delivery json, events told to all, events seen,
--       what next: 'keep', 'look', 'done' or the ms when it is due again; events kept although all have heard them,
--       the card's place ('-' for nowhere, '' to leave the card as it is), the card as json,
--       then for each notifier its name and the events told to it
local id, holder, hold, next, kept = ARGV[1], ARGV[2], ARGV[3], ARGV[7], tonumber(ARGV[8])
if redis.call('GET', KEYS[4]) ~= holder then return {'lost'} end
redis.call('SET', KEYS[3], ARGV[4])
local left = redis.call('PTTL', KEYS[1])
if left > 0 then redis.call('PEXPIRE', KEYS[3], left) end
local places = redis.call('HMGET', KEYS[1], 't', 'b')
local told = math.max(tonumber(places[1] or '0'), tonumber(ARGV[5]))
local gone, length = tonumber(places[2] or '0'), redis.call('LLEN', KEYS[2])
redis.call('HSET', KEYS[1], 't', told)
for i = 11, #ARGV, 2 do redis.call('HSET', KEYS[1], 't:' .. ARGV[i], ARGV[i + 1]) end
if ARGV[9] ~= '' then
  local was = string.match(redis.call('HGET', KEYS[6], id) or '', '^%S+')
  if was and was ~= ARGV[9] then redis.pcall('HDEL', KEYS[7], was) end
  redis.call('HSET', KEYS[6], id, ARGV[9] .. ' ' .. ARGV[10])
  if ARGV[9] ~= '-' then redis.pcall('HSET', KEYS[7], ARGV[9], id) end
end
if length > 2 * kept then
  local drop = math.min(told - gone, length - kept)
  redis.call('LTRIM', KEYS[2], drop, -1)
  gone, length = gone + drop, length - drop
  redis.call('HSET', KEYS[1], 'b', gone)
end
if next == 'keep' then
  redis.call('PEXPIRE', KEYS[4], hold)
  return {'ok'}
end
local seen = tonumber(ARGV[6])
local more = gone + length > seen
if next == 'look' or (next == 'done' and more) then
  redis.call('PEXPIRE', KEYS[4], hold)
  local news = more and redis.call('LRANGE', KEYS[2], seen - gone, -1) or {}
  return {'more', redis.call('HGET', KEYS[1], 'json'), news}
end
if next == 'done' then
  redis.call('ZREM', KEYS[5], id)
else
  -- One notifier has to wait; news that came meanwhile does not, for the others.
  redis.call('ZADD', KEYS[5], more and 0 or next, id)
end
redis.call('DEL', KEYS[4])
return {'ok'}
"""

ADOPT_NOTE = """
-- Notes where a card stands, and how far each notifier has come, as an earlier version of this program has written it
-- elsewhere; nothing where somebody else has written a card meanwhile.
-- KEYS: record, cards, threads
-- ARGV: id, the card as it was read here, its place and the card as json, then as with SETTLE
local id, place = ARGV[1], ARGV[3]
if not redis.call('HGET', KEYS[1], 'v') then return {'gone'} end
for i = 5, #ARGV, 2 do
  local heard = tonumber(redis.call('HGET', KEYS[1], 't:' .. ARGV[i]) or '0')
  if tonumber(ARGV[i + 1]) > heard then redis.call('HSET', KEYS[1], 't:' .. ARGV[i], ARGV[i + 1]) end
end
local before = redis.call('HGET', KEYS[2], id) or ''
if before ~= ARGV[2] then return {'ok'} end
local was = string.match(before, '^%S+')
if was and was ~= place then redis.call('HDEL', KEYS[3], was) end
redis.call('HSET', KEYS[2], id, place .. ' ' .. ARGV[4])
if place ~= '-' then redis.call('HSET', KEYS[3], place, id) end
return {'ok'}
"""

COUNT_REPORT = """
-- Counts one more report of a machine's: whether it is to be shown, and how many never were. It is not when it is over
-- the pace, nor while too much waits to be told already: behind reports stands news that matters more.
-- KEYS: reports, left out, record, timeline
-- ARGV: id, call id, now ms, window ms, limit, left out at the least, keep ms, audience, waiting limit, untold limit
local was = redis.call('HMGET', KEYS[1], 'call', 'shown', 'since', 'n', 'over')
if was[1] == ARGV[2] then return {tonumber(was[2]), tonumber(was[5])} end
local now, window, limit = tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5])
local since, n = tonumber(was[3] or '0'), tonumber(was[4] or '0')
local over, shown = math.max(tonumber(was[5] or '0'), tonumber(ARGV[6])), 0
if now >= since + window then since, n = now, 0 end
if since > now then since = now end -- noted by a clock that was ahead
local places = redis.call('HMGET', KEYS[3], 't', 'b', 't:' .. ARGV[8])
local told, last = tonumber(places[1] or '0'), tonumber(places[2] or '0') + redis.call('LLEN', KEYS[4])
local heard = math.max(told, tonumber(places[3] or '0'))
if n < limit and last - heard < tonumber(ARGV[9]) and last - told < tonumber(ARGV[10]) then
  n, shown = n + 1, 1
else
  over = over + 1
  redis.call('ZADD', KEYS[2], since + window, ARGV[1])
end
redis.call('HSET', KEYS[1], 'call', ARGV[2], 'shown', shown, 'since', since, 'n', n, 'over', over)
redis.call('PEXPIRE', KEYS[1], ARGV[7])
return {shown, over}
"""

SUMMED_UP = """
-- The reports that were left out have been summed up, unless there are more by now.
-- KEYS: reports, left out    ARGV: id, how many
local over = redis.call('HGET', KEYS[1], 'over')
if not over or tonumber(over) <= tonumber(ARGV[2]) then redis.call('ZREM', KEYS[2], ARGV[1]) end
return 0
"""

AGREE = """
-- Agrees on whose turn each background task is. A task's field: holder ('-' for nobody), held until ms, due ms.
-- KEYS: tasks    ARGV: holder, hold ms, then for each task: name, interval ms, wish ('take', 'keep', 'give'), left ms
local time = redis.call('TIME')
local now, hold = time[1] * 1000 + math.floor(time[2] / 1000), tonumber(ARGV[2])
local names, answers, written = {}, {}, {}
for i = 3, #ARGV, 4 do names[#names + 1] = ARGV[i] end
local fields = redis.call('HMGET', KEYS[1], unpack(names))
for n, name in ipairs(names) do
  local interval, wish, left = tonumber(ARGV[4 * n]), ARGV[4 * n + 1], tonumber(ARGV[4 * n + 2])
  local holder, till, due = string.match(fields[n] or '', '^(%S+) (%d+) (%d+)$')
  till, due = tonumber(till or '0'), tonumber(due or '0')
  local is_free = not holder or holder == '-' or till <= now or till > now + hold
  if holder ~= ARGV[1] and not is_free then
    answers[n] = {0, till - now}
  else
    if wish == 'take' then -- by who has it already: after an answer that was lost
      left = due <= now + interval and math.max(due - now, 0) or 0
    end
    local ours = wish ~= 'give'
    if ours or holder == ARGV[1] then
      local by, to = ours and ARGV[1] or '-', ours and now + hold or 0
      written[#written + 1] = name
      written[#written + 1] = string.format('%s %.0f %.0f', by, to, now + left)
    end
    answers[n] = {ours and 1 or 0, left}
  end
end
if #written > 0 then redis.call('HSET', KEYS[1], unpack(written)) end
return answers
"""

TRY_WRITE = """
-- Tries what a new record is written with, and leaves nothing behind.
-- KEYS: a string, a hash, a list and a sorted set that nobody has    ARGV: word, keep ms
redis.call('SET', KEYS[1], ARGV[1], 'NX', 'PX', ARGV[2])
redis.call('HSET', KEYS[2], 'json', ARGV[1])
redis.call('RPUSH', KEYS[3], ARGV[1])
redis.call('ZADD', KEYS[4], 0, ARGV[1])
local word = redis.call('GET', KEYS[1])
redis.call('DEL', unpack(KEYS))
return word
"""
