-- host/lua/cli/remote.lua -- for commands that call methods of the control protocol on the server of this home, and
-- print what comes of it: as a table for people, or as JSON.
-- The server's control socket, which only its own user and group can open, gives the pass that makes a command the
-- operator; so commands work whatever the settings ask of clients.  The pass goes to a server that was greeted, only.

local cli = require "human.cli.words"
local host = require "human.core.host"
local json = require "human.json"
local own_server = require "human.cli.own_server"
local texts = require "human.text"

local M = {}
local CALL_S = 130                               -- longer than the server lets a call take
local CELL = 60                                  -- columns of a table's cell
local DETAILS = 20                               -- of a refusal that are shown
local server, pass
local asked = { says = {} }                      -- what this command calls things: see M.command

-- Finds the server and gets its pass, once; ends the command if there is none.
local function enter()
  if server then return end
  local found, why = own_server.find()
  if not found then cli.stop(why) end
  local text, code = host.native.control "pass"
  if code ~= 0 then
    cli.stop(code == 2 and "the server that runs is of an older version: restart it" or text)
  end
  server, pass = found, text:match "^%x+"
end

--- The address of the server, once something was called.
function M.url() return server and server.url end

--- Forgets the server: the next call looks for it again.
function M.leave() server, pass = nil, nil end

-- The answer's payload, or nil and its error.
local function read(answer)
  local frame = json.decode(answer.body)
  if type(frame) ~= "table" then
    local message = ("the server answers %d, and not as it should"):format(answer.status)
    return nil, { code = "UNAVAILABLE", message = message }
  end
  if frame.ok == true then return frame.payload end
  if type(frame.error) == "table" then return nil, frame.error end
  if answer.status == 404 then
    return nil, { code = "UNAVAILABLE", message = "the gateway is switched off (gateway.enabled)" }
  end
  return nil, { code = tostring(frame.error), message = tostring(frame.message) }
end

--- Calls a method: its payload, or nil and {code, message, reason, data} as the server refused it.  Ends the command
--- if no server answers.  Awaits.
function M.try(method, params)
  enter()
  local body = json.encode { type = "req", id = "1", method = method, params = params or {} }
  local answer, err = own_server.request(server, {
    path = "/rpc", method = "POST", timeout_s = CALL_S, body = body,
    headers = { ["content-type"] = "application/json", authorization = "Bearer " .. pass },
  })
  if not answer then cli.stop("no answer from the server: " .. err.message) end
  return read(answer)
end

-- What is wrong with a parameter, by the word that the person knows it by.
local function detail(one)
  local name, text = tostring(one.path), tostring(one.message)
  local joint = (text:find "^must " or text:find "^is ") and " " or ": "
  return (asked.says[name] or name) .. joint .. text
end

--- What a refusal says to the person who gave this command.
function M.reason(err)
  local lines, see = {}, asked.see and ("; see `human %s`"):format(asked.see) or ""
  local details = type(err.details) == "table" and err.details or {}
  if err.code ~= "INVALID_PARAMS" or not details[1] then lines[1] = err.message end
  for i = 1, math.min(#details, DETAILS) do
    if type(details[i]) == "table" then lines[#lines + 1] = detail(details[i]) end
  end
  if err.code == "NOT_FOUND" and asked.word then lines[1] = asked.word .. ": " .. lines[1] .. see end
  if err.code == "INVALID_PARAMS" and lines[1]:find("must be an id", 1, true) then lines[1] = lines[1] .. see end
  return M.plain(table.concat(lines, "\n"))
end

--- The same, and a refusal ends the command with its reason.
function M.call(method, params)
  local payload, err = M.try(method, params)
  if payload then return payload end
  cli.stop(M.reason(err))
end

--- What this command's answers speak of; see M.command.
function M.about(what) asked = { see = what.see, says = what.says or {}, word = what.word } end

-- ---- printing -------------------------------------------------------------------------------------------

--- A text without control characters: those of others must not control the terminal.
function M.plain(text)
  return (tostring(text):gsub("\194[\128-\159]", ""):gsub("[%z\1-\8\11-\31\127]", ""))
end

--- A text in which every character shows itself, for what somebody has to judge.
M.visible = texts.visible

local function cell(value)
  if value == nil or value == json.null or value == "" then return "-" end
  if type(value) == "boolean" then return value and "yes" or "no" end
  if type(value) == "number" then return ("%.14g"):format(value) end
  if type(value) == "table" then value = json.encode_sorted(value) end
  value = M.visible(tostring(value)):gsub("%s+", " ")
  local cut = texts.cut(value, CELL)
  return #cut < #value and cut .. "…" or value
end

-- Characters, not bytes: good enough for columns.
local function width(text) return select(2, text:gsub("[^\128-\191]", "")) end

--- Lines of a table.  columns: {{"ID", "id"}, {"WHEN", function(row) return .. end}}.
function M.table(rows, columns)
  local lines, widths = { {} }, {}
  for i, column in ipairs(columns) do lines[1][i] = column[1] end
  for _, row in ipairs(rows) do
    local line = {}
    for i, column in ipairs(columns) do
      line[i] = cell(type(column[2]) == "function" and column[2](row) or row[column[2]])
    end
    lines[#lines + 1] = line
  end
  for _, line in ipairs(lines) do
    for i, text in ipairs(line) do widths[i] = math.max(widths[i] or 0, width(text)) end
  end
  local out = {}
  for k, line in ipairs(lines) do
    for i = 1, #line - 1 do line[i] = line[i] .. (" "):rep(widths[i] - width(line[i])) end
    out[k] = table.concat(line, "  ")
  end
  return out
end

--- Unix seconds, or an ISO time, as text; "-" for none.
function M.when(value)
  if type(value) == "number" and value > 0 then return os.date("!%Y-%m-%d %H:%M:%SZ", value) end
  if type(value) ~= "string" then return nil end
  local date, time = value:match "^(%d+%-%d+%-%d+)T(%d+:%d+:%d+)"
  return date and date .. " " .. time .. "Z" or value
end

--- Writes one line, or many.
function M.say(text)
  if not io.stdout:write(M.plain(text), "\n") then cli.stop "nobody reads the output any more" end
end

--- Prints what a method answered: JSON with --json (o.json), else `text` (a line, lines, or a function that gives
--- them).  Returns 0.
function M.show(value, o, text)
  if o.json then
    io.stdout:write(json.encode_sorted(value, { "id", "key", "name" }), "\n")
    return 0
  end
  if type(text) == "function" then text = text() end
  for _, line in ipairs(type(text) == "table" and text or { text }) do M.say(line) end
  return 0
end

--- The same for a list: `value[field]` as a table, or `none` when it is empty.
function M.list(value, field, o, columns, none)
  local rows = value[field]
  return M.show(value, o, function() return #rows > 0 and M.table(rows, columns) or { none } end)
end

-- ---- commands with sub-commands ---------------------------------------------------------------------------

--- The function run(args) of a command.  subs: {[NAME] = {words = {"ID", ..}, least = n (default: all), run = fn(o,
--- words...) -> exit status}}; flags as in words.parse, beside --json; default: the sub-command when none is named.
--- about: {see = the command that lists what may be named, says = {[parameter of a method] = what it is called here}}.
function M.command(name, flags, subs, default, about)
  local known, names = { ["--json"] = true }, {}
  for flag, kind in pairs(flags) do known[flag] = kind end
  for sub in pairs(subs) do names[#names + 1] = sub end
  table.sort(names)
  return function(args)
    local words, o = cli.parse(name, args, known)
    local sub = table.remove(words, 1) or default
    if not sub then cli.misused(name, table.concat(names, ", ") .. ": which is missing") end
    local found = subs[sub]
    if not found then cli.misused(name, "unknown command: " .. sub .. cli.suggest(sub, names)) end
    local expected = found.words or {}
    cli.count(name, words, expected, found.least or #expected, #expected)
    about = about or {}
    M.about { see = about.see, says = about.says, word = words[1] }
    return found.run(o, unpack(words))
  end
end

return M
