-- The rules of a lease, for one record: the table of lib/lease/lease.c in Lua. Redis 5.0 or later.
--
-- KEYS[1]  the record: a hash without TTL
-- ARGV     verb, instance, participant, lease_ms, term, version, number, acked, meta, channel, reign,
--          guarded ('1' or '0'), ttl
--   term     renew, release: the term claimed; acquire: the highest term ever seen
--   version  acquire: seen unchanged for the whole wait; '' for none
--   number   renew, release: of this attempt; acquire: '1' when the server's clock shall not matter
--   acked    renew, release: number of the last attempt that was answered
--   channel  for messages, '' for none
--   ttl      of a test record, in ms; '0' for none
--   reign    to be used where INFO may not be called; '' when unknown
--
-- Answers outcome, version, now, the record's fields in the order below, fresh, listeners.
-- A call writes at most once, by keep(), and nothing that could fail comes after that.

local verb, instance, participant = ARGV[1], ARGV[2], ARGV[3]
local claimed, attempt, acked = tonumber(ARGV[5]), tonumber(ARGV[7]), tonumber(ARGV[8])
local reign, guarded = ARGV[11], ARGV[12] == '1'
local transient = ARGV[13] ~= '0'

-- Integers below 2^53 survive Lua's doubles only when they are written out like this.
local function digits(number)
  return string.format('%.0f', number)
end

-- Before Redis 7 an error of redis.pcall may begin with the name of the script.
local function failure(reply)
  return redis.error_reply((string.gsub(reply.err, '^@user_script:%s*%d+:%s*%-?', '')))
end

local clock = redis.call('TIME')
local now = tonumber(clock[1]) * 1000000 + tonumber(clock[2])
if now > 9007000000000000 then -- in 2255: no record of times near 2^53 us could be read again
  return redis.error_reply('CLOCK leaderd: the clock of this server is set beyond the year 2254')
end

local info = redis.pcall('INFO', 'replication')
if type(info) == 'string' then
  local role = string.match(info, 'role:([%w-]+)')
  if role and role ~= 'master' then
    return redis.error_reply('READONLY leaderd: the role of this server is ' .. role)
  end
  reign = string.match(info, 'master_replid:(%w+)') or reign
end

local FIELDS = {'s', 't', 'n', 'i', 'p', 'd', 'x', 'w', 'a', 'g', 'c', 'm'}
local NUMBERS = {t = true, n = true, d = true, x = true, w = true, a = true, c = true}
local LONGEST = {i = 32, p = 512, g = 64, m = 131072}

local stored = redis.pcall('HMGET', KEYS[1], unpack(FIELDS))
if stored.err then
  return failure(stored)
end

local function foreign(what)
  return redis.error_reply('FOREIGN leaderd: ' .. what)
end

-- What is wrong with a field of the record; nil when nothing is.
local function flaw(name, value)
  if not value then
    return 'field ' .. name .. ' is missing'
  end
  if NUMBERS[name] then
    local good = string.match(value, '^%d+$') and #value <= 16 and tonumber(value) < 9007199254740992
    return not good and 'field ' .. name .. ' is not a number from 0 to 2^53 - 1' or nil
  end
  if name == 's' then
    return not string.match(value, '^[hrgv]$') and 'field s is no state' or nil
  end
  return #value > LONGEST[name] and 'field ' .. name .. ' is too long' or nil
end

local record = {t = 0, n = 0, i = '', p = '', d = 0, x = 0, w = 0, a = 0, g = '', c = 0, m = ''}
local any = false
for place = 1, #FIELDS do
  any = any or stored[place]
end
if any then
  for place, name in ipairs(FIELDS) do
    local wrong = flaw(name, stored[place])
    if wrong then
      return foreign(wrong)
    end
    record[name] = NUMBERS[name] and tonumber(stored[place]) or stored[place]
  end
else
  local others = redis.pcall('HLEN', KEYS[1]) -- where it is not permitted we take the key for empty
  if type(others) == 'number' and others > 0 then
    return foreign('it is a hash of something else')
  end
end

local function is_fresh()
  return record.s ~= nil and (not guarded or (reign ~= '' and record.g == reign))
end

local function version()
  return reign .. ':' .. (record.s or '-') .. ':' .. record.i .. ':' .. digits(record.t) .. ':' ..
    digits(record.n)
end

local fresh = is_fresh()
local mine = record.s == 'h' and record.i == instance
local refusal -- the server's, when it would not write: OOM, NOREPLICAS, MISCONF, NOPERM
local listeners = 0

-- Asked before the record is written, too: whoever may not set a TTL leaves nothing behind.
local function expire()
  local reply = transient and redis.pcall('PEXPIRE', KEYS[1], ARGV[13])
  if type(reply) == 'table' and reply.err then
    refusal = failure(reply)
  end
end

local function keep()
  expire()
  if refusal then
    return
  end
  record.w, record.g = now, reign
  local write = {}
  for _, name in ipairs(FIELDS) do
    write[#write + 1] = name
    write[#write + 1] = NUMBERS[name] and digits(record[name]) or record[name]
  end
  local reply = redis.pcall('HSET', KEYS[1], unpack(write))
  if type(reply) == 'table' and reply.err then
    refusal = failure(reply)
  end
  expire()
end

local function announce(what)
  if not refusal and ARGV[10] ~= '' then
    local reached = redis.pcall('PUBLISH', ARGV[10], what .. ' ' .. digits(record.t) .. ' ' .. record.i)
    listeners = type(reached) == 'number' and reached or 0
  end
end

-- Nobody's: everybody waits one duration. Its number is the time, so that no two look alike.
local function guard(state)
  record.s, record.n, record.c, record.i, record.m = state, now, 0, instance, ''
  record.x, record.a = now + record.d * 1000, now
  keep()
  return 'guarded'
end

local function hold()
  record.s, record.i, record.p, record.m = 'h', instance, participant, ARGV[9]
  record.d = tonumber(ARGV[4])
  record.x = now + record.d * 1000
end

local function may_take()
  if not record.s or (record.s == 'r' and fresh) then
    return true
  end
  if mine and fresh and record.c == 0 and claimed >= record.t then
    return true -- the caller knows this term and says that it does not lead
  end
  return ARGV[6] ~= '' and ARGV[6] == version() and (now >= record.x or ARGV[7] == '1')
end

local function acquire()
  if not record.s and guarded then
    record.d = tonumber(ARGV[4])
    return guard('g')
  end
  if not may_take() then
    return 'seen'
  end
  record.t = math.max(record.t + 1, claimed + 1, now)
  record.n, record.c, record.a = 1, 0, now
  hold()
  keep()
  announce('acquired')
  return 'acquired'
end

-- By the holder, in the reign in which it last wrote.
local function continue()
  if record.n < acked or record.n >= attempt then
    return 'conflict' -- somebody else runs with this instance id
  end
  if acked >= record.c then
    record.c = 0
  end
  record.n = attempt
  if verb == 'renew' then
    hold()
    keep()
    return 'renewed'
  end
  if record.c ~= 0 then
    return guard('g')
  end
  record.s, record.x = 'r', now
  keep()
  announce('released')
  return 'released'
end

local function renew_or_release()
  mine = mine and record.t == claimed
  if mine and fresh then
    return continue()
  end
  local nobodys = not record.s or record.s == 'g'
  local older = not fresh and (mine or claimed > record.t)
  if verb == 'release' or not (nobodys or older) then
    return 'lost'
  end
  if not mine then
    record.a = now
  end
  record.t, record.n, record.c = claimed, attempt, attempt
  hold()
  keep()
  announce('reasserted')
  return 'reasserted'
end

local function bootstrap()
  if record.s and record.s ~= 'g' then
    return 'seen'
  end
  record.t = math.max(record.t + 1, now)
  record.n, record.c, record.a = 0, 0, now
  hold()
  record.s, record.x, record.m = 'r', now, ''
  keep()
  announce('released')
  return 'opened'
end

local function vacate()
  if record.s ~= 'h' then
    return 'seen'
  end
  record.p = participant
  guard('v')
  announce('vacated')
  return 'emptied'
end

local function observe()
  return 'seen'
end

local VERBS = {
  observe = observe, acquire = acquire, renew = renew_or_release, release = renew_or_release,
  bootstrap = bootstrap, vacate = vacate,
}
local outcome = VERBS[verb]()
if refusal then
  return refusal
end
return {
  outcome, version(), digits(now), record.s or '-', digits(record.t), digits(record.n), record.i,
  record.p, digits(record.d), digits(record.x), digits(record.w), digits(record.a), record.g,
  digits(record.c), record.m, is_fresh() and '1' or '0', listeners,
}
