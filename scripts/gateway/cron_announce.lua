-- scripts/gateway/cron_announce.lua -- the result of a job as a message to a chat of a channel.

local M = {}

--- Announces a run in the transaction tx.  Nil; or why it cannot be.
function M.say(_, job)
  return ("there is no channel %s on this server"):format(job.delivery.channel)
end

return M
