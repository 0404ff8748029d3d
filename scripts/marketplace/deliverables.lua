-- scripts/marketplace/deliverables.lua -- files that sellers leave for buyers: uploads/deliverables/{id}/{name}.
-- What a file is says its beginning, not its sender; a file is good for one transaction, and only its parties get it.

local db = require "human.db"
local fail = require "human.fail"
local files = require "human.files"
local jobs = require "human.jobs"
local transactions = require "marketplace.transactions"

local M = {}

local LOOKED_AT = 4 * 1024 * 1024                -- larger files are just bytes
local NAME_MAX = 100

M.sql = {
  insert = [[insert into market_deliverables (actor_id, transaction_id, name, media_type, size_bytes, sha256)
    values ($1::uuid, $2::uuid, $3, '', $4::bigint, $5) returning id]],
  typed = "update market_deliverables set media_type = $2 where id = $1::uuid",
  delete = "delete from market_deliverables where id = $1::uuid",
  attach = [[update market_deliverables set transaction_id = $3::uuid
    where id = $1::uuid and actor_id = $2::uuid and name = $4 and media_type <> ''
      and coalesce(transaction_id, $3::uuid) = $3::uuid returning id]],
  get = [[select d.id, d.actor_id, d.name, d.media_type, t.buyer_id, t.seller_id
    from market_deliverables d left join market_transactions t on t.id = d.transaction_id
    where d.id = $1::uuid and d.name = $2]],
  old = [[select id, name from market_deliverables where transaction_id is null
    and created_at < human_now() - interval '7 days' order by created_at limit 200]],
}

local BEGINNINGS = {
  { "%PDF-", "application/pdf" }, { "\137PNG\r\n\26\n", "image/png" }, { "\255\216\255", "image/jpeg" },
  { "GIF8", "image/gif" }, { "PK\3\4", "application/zip" }, { "\31\139", "application/gzip" },
}
local REFUSED = { "\127ELF", "MZ" }              -- programs

local function begins(bytes, with) return bytes:sub(1, #with) == with end

local function type_of(bytes)
  for _, b in ipairs(BEGINNINGS) do
    if begins(bytes, b[1]) then return b[2] end
  end
  if begins(bytes, "RIFF") and bytes:sub(9, 12) == "WEBP" then return "image/webp" end
  return bytes:find "[%z\1-\8\14-\31]" and "application/octet-stream" or "text/plain"
end

-- A name that is one everywhere, and leads nowhere.
local function safe(name)
  local last = (name or ""):reverse():match "^[^/\\]*":reverse()
  name = last:gsub("[^%w._-]", "_"):gsub("^%.+", ""):sub(-NAME_MAX)
  return name ~= "" and name or "file"
end

local function path_of(id, name) return ("deliverables/%s/%s"):format(id, name) end

local function root() return files.root "uploads" end

local function drop(id, name)
  root():remove(path_of(id, name))
  root():remove("deliverables/" .. id)
  db.exec(M.sql.delete, id)
end

-- What kind of file it is; nil: one that is not taken.
local function look(size, path)
  if size > LOOKED_AT then return "application/octet-stream" end
  local bytes = root():read(path, { max = LOOKED_AT }) or error("a file that has just been kept is gone", 0)
  for _, beginning in ipairs(REFUSED) do
    if begins(bytes, beginning) then return nil end
  end
  return type_of(bytes)
end

--- Keeps a file of an actor's, for a transaction that he sells (or nil: deliver() says for which).
--- Returns {storage_path, size_bytes, sha256, media_type}.
function M.keep(actor, file, transaction_id)
  if transaction_id and transactions.party(db, transaction_id, actor.id).seller_id ~= actor.id then
    fail.throw "forbidden"
  end
  local name = safe(file.filename)
  local id = db.value(M.sql.insert, actor.id, transaction_id, name, file.size, file.sha256)
  local path = path_of(id, name)
  local moved, why = file:move(root(), path)
  if not moved then
    drop(id, name)
    error("an upload could not be kept: " .. tostring(why), 0)
  end
  local media_type = look(file.size, path)
  if not media_type then
    drop(id, name)
    fail.throw("unsupported_media_type", { message = "Programs are not taken as deliverables" })
  end
  db.exec(M.sql.typed, id, media_type)
  return { storage_path = path, size_bytes = file.size, sha256 = file.sha256, media_type = media_type }
end

--- Makes a file part of what an actor delivers, in tx; it has to be his, and of no other transaction.
function M.attach(tx, actor_id, transaction_id, path)
  local id, name = path:match "^deliverables/(%x+%-%x+%-%x+%-%x+%-%x+)/([%w._-]+)$"
  if id and #id == 36 and tx:row(M.sql.attach, id, actor_id, transaction_id, name) then return end
  fail.throw("validation_error", { details = { { path = "output_storage_path",
                                                 message = "must be of a file that you have uploaded for this" } } })
end

--- Answers a request with a file, to whoever left it and to the parties of its transaction.
function M.send(ctx, id, name)
  local d = db.must("not_found", M.sql.get, id, name)
  local me = ctx.actor.id
  if me ~= d.actor_id and me ~= d.buyer_id and me ~= d.seller_id then fail.throw "not_found" end
  local sent = root():send(ctx, path_of(d.id, d.name), { filename = d.name })
  if not sent then fail.throw "not_found" end
end

--- Removes what was never delivered, after a week.
function M.sweep()
  for _, d in ipairs(db.query(M.sql.old)) do drop(d.id, d.name) end
end

jobs.every("market.deliverables", 3600, "marketplace.deliverables.sweep")

return M
