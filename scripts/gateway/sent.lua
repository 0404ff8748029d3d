-- scripts/gateway/sent.lua -- files that the agent sends to who talks with it over the control protocol: kept with the
-- session, told by an event, fetched by whoever may read the session.
-- A part that was handed on (agent_spawn) sends to the conversation that the whole was asked for in.

local crypto = require "human.crypto"
local id = require "human.id"
local db = require "human.db"
local limits = require "gateway.rules.limits"
local news = require "gateway.news"
local owner = require "gateway.owner"
local runs = require "gateway.run"
local store = require "gateway.store"

local M = {}

M.PATH = "/ui/files/"                            -- and the id
local PIECE = 3000000                            -- bytes in one answer of the database, which has a limit

M.sql = {
  call = "select run_id, step from gateway_calls where id = $1",
  sum = "select coalesce(sum(bytes), 0)::bigint from gateway_files where session_id = $1",
  was_sent = "select true from gateway_files where call_id = $1",
  add = [[insert into gateway_files (id, session_id, run_id, step, call_id, name, type, said, bytes, data)
    values ($1, $2, $3, $4::int, $5, $6, $7, $8, $9::int, decode($10, 'base64'))]],
  get = [[select f.id, f.name, f.type, f.bytes from gateway_files f join agents a on a.id = f.session_id
    where f.id = $1 and a.parent_id = $2]],
  piece = [[select replace(encode(substring(data from $2::int for $3::int), 'base64'), chr(10), '') from gateway_files
    where id = $1]],
}

-- The run that a call belongs to in the end, and the step of it.
local function first(tx, call_id)
  for _ = 0, limits.spawn_depth + 1 do
    local call = tx:row(M.sql.call, call_id)
    local run = call and runs.get(tx, call.run_id)
    if not run then return nil end
    call_id = run.cause and run.cause:match "^call:(.*)$"
    if not call_id then return run, call.step end
  end
end

--- Where a file of this call is shown when it goes to no chat: the run and its step; or nil and why nowhere.
function M.place(tx, call_id)
  local run, step = first(tx, call_id)
  local word = run and run.cause and run.cause:match "^[^:]+"
  if not run then return nil, "Nobody knows any more who asked for this" end
  if word == "channel" then return nil, "This conversation is in no chat" end
  if word == "v1" then return nil, "Who asked for this takes no files" end
  return run, step
end

--- What clients are told of a file: {id, name, type, size, url, text}.
function M.told(f)
  return { id = f.id, name = f.name, type = f.type, size = f.size, url = M.PATH .. f.id,
           text = f.text ~= "" and f.text or nil }
end

--- Keeps a file ({name, type, data}) of a call in tx, and tells of it: once, however often the call runs.  True; or nil
--- and why not.
function M.add(tx, call_id, file, text)
  local run, step = M.place(tx, call_id)
  if not run then return nil, step end
  if not store.lock(tx, run.session_id) then return nil, "The conversation is gone" end
  if tx:value(M.sql.was_sent, call_id) then return true end
  if tx:value(M.sql.sum, run.session_id) + #file.data > limits.session_files_bytes then
    return nil, ("The files of a conversation may have %d bytes"):format(limits.session_files_bytes)
  end
  local told = M.told { id = id.new(), name = file.name, type = file.type, size = #file.data, text = text }
  tx:exec(M.sql.add, told.id, run.session_id, run.id, step, call_id, file.name, file.type, text, #file.data,
    crypto.base64(file.data))
  news.after(tx, "chat", news.chat(run, "file", text, { file = told }))
  return true
end

--- {name, type, data} of a file of the operator's sessions, or nil.
function M.get(file_id)
  local file, pieces = db.row(M.sql.get, file_id, owner.get().agent_id), {}
  for at = 1, file and file.bytes or 0, PIECE do
    local piece = db.value(M.sql.piece, file_id, at, PIECE)
    if not piece then return nil end             -- deleted just now
    pieces[#pieces + 1] = crypto.unbase64(piece)
  end
  if file then file.data = table.concat(pieces) end
  return file
end

return M
