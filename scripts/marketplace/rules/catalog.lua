-- scripts/marketplace/rules/catalog.lua -- what is imported from OpenAPI documents, and how it becomes somebody's own.
-- The database knows the same edges (migrations/2152_catalog.sql).  Pure.
--% version: 1

local M = {
  document_bytes = 5242880,        -- of a document; of one in YAML, which takes longer to read:
  yaml_bytes = 1048576,
  operations = 200,                -- that one import makes tools of
  operations_read = 5000,          -- more of them, and the document is refused
  skipped_shown = 200,
  references = 16,                 -- from one to the next
  schema_parts = 500,              -- of an operation's input
  schema_bytes = 32768,
  schema_depth = 24,
  parameters = 100,                -- of an operation
  unclaimed = 1000,                -- tools that one actor has imported, and nobody claimed
  challenge_hours = 24,            -- for which a proof is waited for
  proof_bytes = 16384,

  -- What an imported tool may be subscribed to until its provider says otherwise.
  plan = { plan_id = "free", name = "Free", interval = "monthly", amount_cents = 0, included_calls = 1000 },
}

M.catalog = { { from = "unclaimed", event = "claim", to = "claimed" } }

M.returns = {
  document_bytes = "integer 1024..16777216", yaml_bytes = "integer 1024..4194304", operations = "integer 1..1000",
  operations_read = "integer 1..20000", skipped_shown = "integer 0..1000", references = "integer 1..64",
  schema_parts = "integer 1..500", schema_bytes = "integer 256..32768", schema_depth = "integer 1..32",
  parameters = "integer 1..500", unclaimed = "integer 0..100000", challenge_hours = "integer 1..720",
  proof_bytes = "integer 64..1048576", plan = "table", catalog = "table",
  next = { to = "string?" }, may_change = "verdict",
}

--- Where an event moves an imported tool: {to}; without it, nowhere.  ask: {from, event}.
function M.next(ask)
  for _, e in ipairs(M.catalog) do
    if e.from == ask.from and e.event == ask.event then return { to = e.to } end
  end
  return {}
end

--- May whoever has imported a tool change it so?  facts: {state, moves (its address changes), costs (a plan does)}.
--- Until somebody has shown whose it is, it stays where its document says, and nobody earns from it.
function M.may_change(facts)
  if facts.state == "unclaimed" and (facts.moves or facts.costs) then return deny "not_claimed" end
  return allow()
end

M.examples = {
  { "next", { from = "unclaimed", event = "claim" }, expect = { to = "claimed" } },
  { "next", { from = "claimed", event = "claim" }, expect = {} },
  { "may_change", { state = "unclaimed", moves = false, costs = true }, expect = "not_claimed" },
  { "may_change", { state = "unclaimed", moves = true, costs = false }, expect = "not_claimed" },
  { "may_change", { state = "unclaimed", moves = false, costs = false }, expect = "allow" },
  { "may_change", { state = "claimed", moves = true, costs = true }, expect = "allow" },
}

return M
