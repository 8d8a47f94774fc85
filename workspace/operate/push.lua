-- Rings Roost's watcher right after each append, delivery, flag change and expunge, with the acting user. When nobody
-- answers, the same line goes into the spool, which the watcher reads later, so who appended is never lost.
-- ROOST_BELL_URL, ROOST_SPOOL and ROOST_SERVICE_USER are replaced when the file is written into the data directory.
-- Without these a watcher that hangs would hold each append for a minute; without the absolute one, which alone also
-- ends the wait for "100 Continue" (lib-http), for ever. 2.3 ignores names it does not know, 2.4 refuses.
local options = {
  request_timeout_msecs = 1500, request_absolute_timeout_msecs = 3000, connect_timeout_msecs = 1000, max_attempts = 1,
}
local known, client = pcall(dovecot.http.client, options)
if not known then
  client = dovecot.http.client({
    request_timeout = "1500ms", request_absolute_timeout = "3s", connect_timeout = "1s", request_max_attempts = 1,
  })
end

local function quoted(text)
  return '"' .. string.gsub(text or "", '[%c"\\\127]', function(char)
    return string.format("\\u%04x", string.byte(char))
  end) .. '"'
end

function dovecot_lua_notify_begin_txn(user)
  return { user = user.username, lines = {} }
end

local function add(context, event)
  if context.user == "ROOST_SERVICE_USER" then return end
  context.lines[#context.lines + 1] = string.format(
    '{"event":%s,"user":%s,"mailbox":%s,"uid":%d,"uid_validity":%d}',
    quoted(event.name), quoted(context.user), quoted(event.mailbox), event.uid or 0, event.uid_validity or 0)
end

function dovecot_lua_notify_event_message_new(context, event) add(context, event) end
function dovecot_lua_notify_event_message_append(context, event) add(context, event) end
function dovecot_lua_notify_event_message_expunge(context, event) add(context, event) end
function dovecot_lua_notify_event_flags_set(context, event) add(context, event) end
function dovecot_lua_notify_event_flags_clear(context, event) add(context, event) end

-- A file of its own, which bears its name when it is complete: the watcher may read and remove it at any moment.
local function keep(line)
  local random = io.open("/dev/urandom", "rb")
  local name = string.gsub(random:read(12), ".", function(char) return string.format("%02x", string.byte(char)) end)
  random:close()
  local path = "ROOST_SPOOL" .. "/" .. name
  local file = io.open(path .. ".new", "w")
  if file then
    file:write(line)
    file:close()
    os.rename(path .. ".new", path .. ".bell")
  end
end

function dovecot_lua_notify_end_txn(context, success)
  if not success or #context.lines == 0 then return end
  local line = "[" .. table.concat(context.lines, ",") .. "]"
  local answered = false
  local ok, response = pcall(function()
    local request = client:request({ url = "ROOST_BELL_URL", method = "POST" })
    request:add_header("Content-Type", "application/json")
    request:set_payload(line)
    return request:submit()
  end)
  if ok and response then
    local status = response:status()
    answered = status >= 200 and status < 300
  end
  if not answered then keep(line) end
end
