-- host/lua/embed.lua -- what texts mean, as vectors, and an index of these that all workers of a host share.
-- A sentence encoder in C (host/sense/) makes them from weights in a file (`make deps-search`, the setting
-- search.weights).  Threads of the host do the work: a call awaits, and blocks nobody else.

local host = require "human.core.host"
local sched = require "human.core.sched"
local text_of = require "human.text"

local M = {}
local E, INDEX = host.E, host.INDEX

-- Vectors have 512 bytes, whole numbers from -127 to 127.
M.BYTES = 512

local function must_be_vector(v, what)
  if type(v) ~= "string" or #v ~= M.BYTES then error("embed." .. what .. ": a vector has 512 bytes", 3) end
end

local function id_bytes(id, what)
  local hex = type(id) == "string" and #id == 36 and id:gsub("-", "") or ""
  if #hex ~= 32 or hex:find "%X" then error("embed." .. what .. ": the id must be a UUID", 3) end
  return (hex:gsub("%x%x", function(pair) return string.char(tonumber(pair, 16)) end))
end

--- What a text means: a vector, and the name of the model that made it; vectors of different models cannot be
--- compared.  The first 128 tokens count, some 100 words; 8 KB at most are looked at.  Without weights, with an empty
--- text, or when too many wait: nil, a sentence that says why, and "no_weights", "empty" or "busy".
function M.encode(text)
  if type(text) ~= "string" then error("embed.encode: the text must be a string", 2) end
  local status, data = sched.await(host.sentence(sched.owner(), text_of.cut(text, host.SENTENCE_MAX)))
  if status > 0 then return data:sub(17), data:sub(1, 16) end
  local why = data ~= "" and data or host.error_name(status)
  if status == E.DOWN then return nil, why, "no_weights" end
  if status == E.INVAL then return nil, why, "empty" end
  return nil, why, "busy"
end

--- How alike two vectors are: the cosine of their angle, from -1 to 1.
function M.likeness(a, b)
  must_be_vector(a, "likeness")
  must_be_vector(b, "likeness")
  return host.likeness(a, b)
end

--- Puts a vector into the index, by a UUID; it replaces that id's.  kind: a bit, 1 to 2^30; 0 takes the id away.
--- False: there is no room (search.listings).
function M.put(id, kind, vector) return M.put_raw(id_bytes(id, "put"), kind, vector) end

--- The same with the id as 16 bytes.
function M.put_raw(id, kind, vector)
  if kind ~= 0 then must_be_vector(vector, "put") end
  local e = host.index_put(id, kind, vector or "")
  if e == E.INVAL then error("embed.put: invalid id or kind", 2) end
  return e == 0
end

--- Fills the index where it is older than half a second and no other worker does so already.  read(cursor, keep) reads
--- what has changed since that cursor ("": everything), puts it, and returns the next one (at most 64 bytes); it calls
--- keep() at least every ten seconds, which is false once another model's vectors are wanted.  Returns false while the
--- index is being filled for the first time by another.
function M.refresh(model, read)
  local turn, cursor = host.index_turn(INDEX.BEGIN, model, "")
  if turn == INDEX.FRESH then return true end
  if turn ~= INDEX.YOURS then return false end
  local function keep() return host.index_turn(INDEX.KEEP, model, "") == 0 end
  local ok, reached = pcall(read, cursor, keep)
  host.index_turn(ok and reached and INDEX.DONE or INDEX.FAILED, model, ok and reached or "")
  if not ok then error(reached, 0) end
  return reached ~= nil
end

--- The vectors of the index that are nearest to this one, the best first: {{id, score}, ..}.  kinds: the sum of the
--- bits that count; most: at most 4,096.  Nil when it is not filled with vectors of this model.
function M.nearest(model, vector, kinds, most)
  must_be_vector(vector, "nearest")
  local status, data = sched.await(host.nearest(sched.owner(), model, vector, kinds, most))
  if status < 0 then return nil, host.error_name(status) end
  local found, hits = host.unpack(data), {}
  for i = 1, #found, 2 do hits[#hits + 1] = { id = found[i], score = found[i + 1] } end
  return hits
end

--- How many vectors the index has.
function M.size() return host.index_size() end

return M
