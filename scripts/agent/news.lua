-- scripts/agent/news.lua -- notifications about agents between workers and hosts, by topic of human.bus.
-- Notifications are hints: the database holds the truth, and they may be lost or come twice.  Any client of the
-- database can send them, so their shape is checked.

local s = require "human.schema"

local function news(fields) return s.object(fields, { extra = "drop" }) end

return {
  action = news { agent_id = s.id, seq = s.int { min = 0 } },
  interrupt = news { agent_id = s.id, pos = s.int { min = 0 }, final = s.bool:optional(), changed = s.bool:optional() },
  changed = news { agent_id = s.id },
  rewritten = news { agent_id = s.id, action_id = s.id },
  access_ended = news { agent_id = s.id:optional(), key_id = s.id:optional(), user_id = s.id:optional() },
  claim_free = news { agent_id = s.id },
  claim_beat = news { worker = s.id, chain = s.int { min = 0 } },
  wake = news { agents = s.array(s.id, { max = 1000 }) },
}
