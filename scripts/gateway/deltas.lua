-- scripts/gateway/deltas.lua -- the pieces of an answer, told as they come: joined if they come faster than anybody
-- reads, and without what the model thinks aloud. They are not stored.

local task = require "human.task"
local limits = require "gateway.rules.limits"

local M = {}
local Deltas = {}
Deltas.__index = Deltas

local EVERY_S = 1 / limits.pieces_per_s
local THINK, THOUGHT = "<think>", "</think>"

--- tell(text) is called for each piece that goes out.
function M.new(tell)
  return setmetatable({ tell = tell, parts = {}, told_at = -math.huge, head = "", all = {} }, Deltas)
end

--- Sends what there is.
function Deltas:flush()
  if not self.parts[1] then return end
  local text = table.concat(self.parts)
  self.parts, self.told_at = {}, task.clock()
  self.all[#self.all + 1] = text
  self.tell(text)
end

local function flush_later(self, seconds)
  task.sleep(seconds)
  self.timer = nil
  if not self.over then self:flush() end
end

-- What of a piece is for people; the beginning is held back until it is known to be no thought.
local function for_people(self, text)
  if self.speaks then return text end
  self.head = self.head .. text
  local at = self.head:find "%S"
  local start = at and self.head:sub(at, at + #THINK - 1)
  if not start or #start < #THINK and THINK:sub(1, #start) == start then return "" end
  local said = self.head
  if start == THINK then
    local _, last = self.head:find(THOUGHT, at, true)
    said = last and self.head:match("^%s*(%S.*)$", last + 1)
    if not said then return "" end
  end
  self.speaks, self.head = true, ""
  return said
end

--- A piece of the answer.
function Deltas:add(text)
  text = for_people(self, text)
  if text == "" then return end
  self.parts[#self.parts + 1] = text
  local left = self.told_at + EVERY_S - task.clock()
  if left <= 0 then return self:flush() end
  self.timer = self.timer or task.spawn(flush_later, self, left)
end

--- Nothing more comes; what there is goes out.
function Deltas:close()
  self:flush()
  self.over = true
end

--- All that was told.
function Deltas:text() return table.concat(self.all) end

return M
