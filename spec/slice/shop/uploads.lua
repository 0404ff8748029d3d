-- spec/slice/shop/uploads.lua -- files of customers, called by their hash: what comes twice is kept once.
local db = require "human.db"
local files = require "human.files"

local M = {}

--- The directory in which they are.
function M.root() return files.root "uploads" end

--- Keeps an uploaded file for a customer.
function M.keep(owner_id, file)
  local moved, why = file:move(M.root(), file.sha256)
  if not moved and not M.root():stat(file.sha256) then error(why) end
  db.exec([[insert into shop_files (owner_id, sha256, size, content_type) values ($1, $2, $3, $4)
    on conflict (owner_id, sha256) do nothing]], owner_id, file.sha256, file.size, file.content_type)
end

--- {size, content_type} of a customer's file.
function M.get(owner_id, sha256)
  return db.must("not_found", "select size, content_type from shop_files where owner_id = $1 and sha256 = $2",
    owner_id, sha256)
end

return M
