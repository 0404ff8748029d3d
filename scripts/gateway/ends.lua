-- scripts/gateway/ends.lua -- tells whatever asked for a run, other than a client, that the run is over.
-- A run names what asked for it in its `cause`, "cron:7". The function for its first word, named while scripts load,
-- is called in the transaction that ends the run: what it writes is there if and only if the run is over. It must not
-- wait for anything but the database.

local M = {}

local asked = {}

--- Declares, while scripts load, that fn(tx, run, ending) is called for runs whose cause is "word:...".
--- run: {id, session_id, session_key, cause}; ending: {state ("done", "aborted", "failed"), text (what the agent said
--- last, or the sentence that people are told; nil when it was aborted), error_code}.
--- An error in it fails the transaction, and so the step of the run, which is tried again.
function M.on(word, fn)
  if not word:find "^%l[%w_]*$" then error("ends.on: a word is letters, digits and _: " .. word, 2) end
  if type(fn) ~= "function" then error("ends.on: a function is needed", 2) end
  if asked[word] then error("ends.on: there is one for " .. word, 2) end
  asked[word] = fn
end

--- Tells whoever asked for the run, in the transaction that ends it.
function M.tell(tx, run, ending)
  local fn = run.cause and asked[run.cause:match "^[^:]+"]
  if fn then fn(tx, run, ending) end
end

return M
