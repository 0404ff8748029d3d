-- scripts/gateway/rules/scripts.lua -- who may try and change scripts by the control protocol, and how much of it.
--% version: 1
local M = {
  file_bytes = 262144,         -- of a text that is edited
  replayed = 10000,            -- decisions, at most, in one replay
  shown = 100,                 -- changes of it that are shown
  bundles = 200,               -- that are kept, with the texts that were in force
  changes = 1000,              -- changes that are kept, with both texts
}

M.returns = { may_edit = "verdict" }
M.keep = { may_edit = { allow = 0.01 } }         -- each draft asks

-- facts: edits (the setting gateway.script_edits), is_local (the client is a page or program of this machine, and no
-- proxy or other origin is between), why (if it is not), directory (whether there is one to write to).
function M.may_edit(facts)
  if facts.edits == "none" then
    return deny("scripts_forbidden", { message = "gateway.script_edits is none: nobody changes scripts here" })
  end
  if facts.edits == "local" and not facts.is_local then
    return deny("scripts_forbidden", { message = "Scripts are changed from the server's own machine alone ("
      .. (facts.why or "this client is elsewhere") .. "); the setting gateway.script_edits allows others" })
  end
  return allow()
end

M.examples = {
  { "may_edit", { edits = "local", is_local = true }, expect = "allow" },
  { "may_edit", { edits = "local", is_local = false, why = "a proxy" }, expect = "scripts_forbidden" },
  { "may_edit", { edits = "all", is_local = false }, expect = "allow" },
  { "may_edit", { edits = "none", is_local = true }, expect = "scripts_forbidden" },
}
return M
