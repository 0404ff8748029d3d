-- scripts/gateway/channel/trial.lua -- a text that the operator sends to a chat to see whether a channel speaks: it
-- goes the way of all messages, and what came of it is waited for.

local db = require "human.db"
local id = require "human.id"
local task = require "human.task"
local channel = require "gateway.channel"
local post = require "gateway.post"

local M = {}

local WAIT_S, LOOK_S = 10, 0.25

M.sql = {
  state = [[select state, error as why from channel_posts
    where channel = $1 and account = $2 and chat = $3 and once = $4 and piece = 1]],
}

--- Sends p: {channel, account, chat, text}. {state, why}, after ten seconds at most; or nil and why it cannot be.
function M.send(p)
  local c, account, why = channel.account(p.channel, p.account)
  if not c then return nil, why end
  local once = "trial:" .. id.new()
  local n, wrong = db.tx(function(tx)
    return post.add(tx, { channel = c.name, account = account.name, chat = p.chat, text = p.text, once = once })
  end)
  if not n then return nil, wrong end
  local until_s = task.clock() + WAIT_S
  while true do
    local row = db.row(M.sql.state, c.name, account.name, p.chat, once)
    if row.state == "sent" or row.state == "failed" or task.clock() > until_s then return row end
    task.wait(LOOK_S)
  end
end

return M
