-- etc/scripting_doc.lua -- the reference part of docs/scripting.md, from the comments in host/lua.
-- `make docs` writes it; spec/lua/scripting_doc_spec.lua fails when it is not what the code says, when
-- scripts see a function that has no comment, or when a comment has no function.
--   luajit etc/scripting_doc.lua        prints docs/scripting.md with its reference part made anew

local M = {}
M.MARK = "<!-- reference: written by `make docs`; edit the comments in host/lua instead -->"

-- What scripts may require, in the order of the page, and what a script calls the module.
M.modules = {
  "api", "schema", "fail", "db", "decisions", "cursor", "files", "task", "fetch", "dns", "exec", "llm", "sio", "ws", "rpc", "bus", "feed", "jobs",
  "queue", "backlog", "outbox", "embed", "state", "log", "metrics", "json", "text", "time", "id", "crypto", "config", "document", "guard",
  "idempotency", "operations", "system", "sources", "exposure", "console",
}

-- Objects that scripts are handed: title, where they are made, file, the prefix of their functions.
M.objects = {
  { "g", "a group of routes, from `api.group`", "api", "Group:" },
  { "ctx", "the request that a handler answers", "http/ctx", "methods:" },
  { "root", "a directory for files, from `files.root`", "files", "Root:" },
  { "tx", "a transaction, from `db.tx` or `ctx:tx`", "pg/transaction", "Tx:" },
  { "process", "a program to talk to, from `exec.start`", "exec", "Process:" },
  { "row", "of a kind of `human.queue`, and a batch of `human.outbox`", "queue/run", "Row:" },
  { "stream", "server-sent events, from `ctx:stream()`", "http/event_stream", "Out:" },
  { "conn", "a WebSocket, in the handlers of `g:websocket`", "http/websocket", "Conn:" },
  { "keyset", "the order of a list, from `cursor.keyset`", "cursor", "Keyset:" },
  { "page", "a page of a list, from `keyset:page`", "cursor", "Page:" },
  { "room", "connections to send to, from `ws.to`", "ws", "Room:" },
  { "ctx.conn", "the connection of a call, in the handlers of `g:rpc`; it also has what a `conn` has", "http/rpc_conn",
    "Conn:" },
  { "rpc room", "connections of an RPC socket to send to, from `rpc.to`", "rpc", "Room:" },
  { "node", "a schema; each of these gives a changed copy", "schema", "Node:" },
  { "io", "a Socket.IO server, from `sio.server`", "sio", "Server:" },
  { "namespace", "a Socket.IO namespace, from `io:of`", "sio/namespace", "Namespace:" },
  { "target", "sockets to send to, from `to` and `except`", "sio/namespace", "Target:" },
  { "socket", "one client in one namespace, in the handlers of `io:namespace`", "sio/socket", "methods:" },
}

local function read(path)
  local f = assert(io.open(path))
  local text = f:read "*a"
  f:close()
  return text
end

-- "--- text" -> "text"; a rule such as "-- Statements ------" is no comment on what follows.
local function comment_of(line)
  local text = line:match "^%-%-%-? ?(.*)$"
  if text and not text:find "%-%-%-%-%-$" then return text end
end

local function joined(lines)
  local text = table.concat(lines, " "):gsub("%s+", " "):gsub("<", "&lt;")
  return text:gsub("^%s", ""):gsub("%s$", "")
end

-- name, signature of what a line of code exports under `prefix` ("M." or "Tx:").
local function exported(line, prefix)
  local p = prefix:gsub("%p", "%%%0")
  local name, args = line:match("^function " .. p .. "([%w_]+)(%b())")
  if not name and prefix:sub(-1) == ":" then -- a method that needs no self
    name, args = line:match("^function " .. p:gsub("%%:$", "%%.") .. "([%w_]+)(%b())")
  end
  if name then return name, args end
  if prefix ~= "M." then return nil end
  return line:match "^M%.([%w_]+) *=", ""
end

-- Everything that `text` exports under `prefix`: {{name, args, comment}}, in the order of the file.  A
-- comment holds for the lines that follow it without an empty one between.
function M.exports(text, prefix)
  local list, block, fresh = {}, {}, true
  for line in text:gmatch "([^\n]*)\n" do
    local comment = comment_of(line)
    local name, args = exported(line, prefix)
    if comment then
      if not fresh then block = {} end
      fresh = true
      block[#block + 1] = comment
    elseif name then
      local beside = args == "" and line:match "%-%- (.+)$"
      list[#list + 1] = { name = name, args = args, comment = beside or joined(block) }
      fresh = false
      if args == "" then block = {} end -- a comment holds for one value, or for several functions
    elseif line == "" or line:find "^%S" and not line:find "^end" then
      block, fresh = {}, true
    else
      fresh = false
    end
  end
  return list
end

-- What a module is for: the first sentence of its header.
local function purpose(text)
  local lines = {}
  for line in text:gmatch "([^\n]*)\n" do
    local comment = comment_of(line)
    if not comment or comment == "" then break end
    lines[#lines + 1] = comment
  end
  local all = joined(lines):gsub("^host/lua/[%w_/]+%.lua %-%- ", "")
  local first = all:match "^(.-%.) " or all
  return first:sub(1, 1):upper() .. first:sub(2)
end

local function entry(out, call, e)
  out[#out + 1] = ("- `%s%s`%s"):format(call, e.args, e.comment ~= "" and " — " .. e.comment or "")
end

local function module_part(out, name, hidden)
  local text = read("host/lua/" .. name .. ".lua")
  local list = M.exports(text, "M.")
  out[#out + 1] = ("\n### human.%s\n\n%s\n"):format(name, purpose(text))
  for _, e in ipairs(list) do
    if not (hidden and hidden[e.name]) then entry(out, name .. "." .. e.name, e) end
  end
end

-- human.fetch is a function, not a table.
local function function_part(out, name)
  local text = read("host/lua/" .. name .. ".lua")
  local lines = {}
  out[#out + 1] = ("\n### human.%s\n\n%s\n"):format(name, purpose(text))
  for line in text:gmatch "([^\n]*)\n" do
    if line:find("^local function " .. name .. "%(") then break end
    lines[#lines + 1] = comment_of(line)
    if not comment_of(line) then lines = {} end
  end
  entry(out, name, { args = "(request)", comment = joined(lines) })
end

-- Methods that scripts do not call are left out of the page, and hidden by nothing but that.
M.internal = {
  ["methods:"] = { on_abort = true, on_drained = true },
  ["Out:"] = { on_abort = true, on_drained = true, fail = true, abandon = true, put = true, handled = true,
              refuse = true },
  ["Conn:"] = { transmit = true, on_message = true, on_close = true },
  ["Server:"] = { on_http = true },
  ["Tx:"] = { nested = true },
}

-- g:get() and its like are made in a loop.
local function more(prefix)
  if prefix ~= "Group:" then return {} end
  local list = {}
  for _, method in ipairs { "get", "post", "put", "patch", "delete" } do
    list[#list + 1] = { name = method, args = "(path, spec, fn)",
                        comment = "Declares a route: fn(ctx, body) -> status, value [, headers]." }
  end
  return list
end

-- The methods of an object: {{name, args, comment}}.
function M.methods(object)
  local list, internal = more(object[4]), M.internal[object[4]] or {}
  for _, e in ipairs(M.exports(read("host/lua/" .. object[3] .. ".lua"), object[4])) do
    if not internal[e.name] then list[#list + 1] = e end
  end
  return list
end

-- The reference as Markdown.  hidden: {["human.jobs"] = {stop = true}}, what scripts do not see.
function M.reference(hidden)
  local out = { M.MARK, "\n## Modules" }
  for _, name in ipairs(M.modules) do
    if name == "fetch" then function_part(out, name) else module_part(out, name, hidden["human." .. name]) end
  end
  out[#out + 1] = "\n## Objects"
  for _, object in ipairs(M.objects) do
    out[#out + 1] = ("\n### %s: %s\n"):format(object[1], object[2])
    for _, e in ipairs(M.methods(object)) do entry(out, object[1] .. ":" .. e.name, e) end
  end
  return table.concat(out, "\n") .. "\n"
end

-- docs/scripting.md as it should be.
function M.page(hidden)
  local text = read "docs/scripting.md"
  local at = assert(text:find(M.MARK, 1, true), "docs/scripting.md: the mark of the reference is missing")
  return text:sub(1, at - 1) .. M.reference(hidden)
end

if arg and arg[0] and arg[0]:find "scripting_doc%.lua$" then
  -- Outside of the host only the lists in sandbox.lua are wanted, not what it does.
  for _, name in ipairs { "human.core.host", "human.scripts.library" } do package.preload[name] = function() return {} end end
  io.stdout:write(M.page(dofile("host/lua/scripts/sandbox.lua").hidden))
end

return M
