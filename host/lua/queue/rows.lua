-- host/lua/queue/rows.lua -- adds rows to the queue: checked, collected by their transaction, and written in one
-- statement with its commit; then this worker takes them, and notifies others when it cannot.

local blame = require "human.core.blame"
local db = require "human.db"
local engine = require "human.queue.engine"
local gen = require "human.scripts.generation"
local json = require "human.json"
local lossy = require "human.core.lossy"
local sql = require "human.queue.sql"

local M = {}
local KEY_MAX, PAYLOAD_MAX = 500, 256 * 1024
local ROWS_MAX, BYTES_MAX = 1000, 2 ^ 20         -- per statement

--- Where rows added in q are written: in a transaction, even if a script passes human.db inside one.  what: the
--- name of the called function, for the message.
function M.place(what, q)
  if type(q) == "table" and q.lease then return q end
  if type(q) == "table" and q.tx == db.tx then return db.current_tx() or db end -- scripts see a proxy of human.db
  blame.refuse(what .. ": a transaction or human.db is needed")
end

-- PostgreSQL would refuse it only at the commit, where nobody can tell whose it was.
local function is_text(s) return not s:find("\0", 1, true) and lossy.utf8(s) == s end

function M.check_key(what, key)
  if key ~= nil and (type(key) ~= "string" or key == "" or #key > KEY_MAX or not is_text(key)) then
    blame.refuse(("%s: the key must be nil or a text of 1 to %d bytes, UTF-8 without NUL"):format(what, KEY_MAX))
  end
end

-- "\\u0000" that is no backslash and "u0000".
local function has_nul(text)
  return text:find("\\u0000", 1, true) ~= nil and text:gsub("\\\\", ""):find("\\u0000", 1, true) ~= nil
end

--- The payload as JSON text.
function M.payload(what, payload)
  local ok, text = pcall(json.encode, payload == nil and json.null or payload)
  if not ok then blame.refuse(("%s: the payload cannot be written as JSON: %s"):format(what, tostring(text))) end
  if has_nul(text) or not is_text(text) then
    blame.refuse(("%s: a text of the payload is not UTF-8, or contains NUL"):format(what))
  end
  if #text > PAYLOAD_MAX then blame.refuse(("%s: the payload is larger than %d bytes"):format(what, PAYLOAD_MAX)) end
  return text
end

-- The statement that adds rows; events that a consumer's `where` refuses are left out.
local function add_of(g)
  if g.queue_add then return g.queue_add end
  local list = {}
  for kind, def in pairs(g.queue) do
    if def.where then list[#list + 1] = ("when '%s' then %s"):format(kind:gsub("'", "''"), def.where) end
  end
  table.sort(list)
  g.queue_add = list[1] and ("%s where case kind %s else true end"):format(sql.add, table.concat(list, " ")) or sql.add
  return g.queue_add
end

local function write(q, rows)
  local g, text = gen.current(), json.encode(rows)
  local add = g and add_of(g) or sql.add
  if q.lease then q:ask(add, text) else db.exec(add, text) end
end

--- Makes this worker look for rows of the kind after q commits, or at once for human.db.
function M.poke_after(q, kind)
  if not q.lease then return engine.poke { [kind] = true } end
  local hook = q.poked
  if not hook or q.hooks[hook.at] ~= hook.fn then -- a rolled back savepoint removes its hook
    local kinds = {}
    hook = { kinds = kinds, fn = function() engine.poke(kinds) end }
    q:after_commit(hook.fn)
    hook.at, q.poked = #q.hooks, hook
  end
  hook.kinds[kind] = true
end

--- Adds rows {kind, id, key, payload = json.raw, due_at = text or nil, is_event} in q, a transaction or human.db.
--- is_later: need not be looked for soon.
function M.add(q, list, is_later)
  if not q.lease then
    write(q, list)
  else
    if not q.rows then q.rows, q.rows_bytes, q.write_rows = {}, 0, write end
    for _, row in ipairs(list) do
      q.rows[#q.rows + 1], q.rows_bytes = row, q.rows_bytes + #json.raw_text(row.payload)
    end
    if #q.rows >= ROWS_MAX or q.rows_bytes >= BYTES_MAX then
      write(q, q.rows)
      q.rows = nil
    end
  end
  if is_later then return end
  for _, row in ipairs(list) do M.poke_after(q, row.kind) end
end

return M
