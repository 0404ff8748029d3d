-- scripts/marketplace/rules/disputes.lua -- disputes: their states and deadlines, and what becomes of silence.  Pure.
-- open: the seller has to answer; responded: both may show what they have; proposed: an administrator decides, or
-- the proposal counts when the time is over.
--% version: 1

local M = {
  response_ms = 48 * 3600000,
  evidence_ms = 72 * 3600000,      -- from the seller's answer
  resolve_ms = 7 * 86400000,       -- from the proposal
  evidence_each = 20,              -- of each side
  evidence_chars = 10000,
  proposal_pct = 50,               -- for the buyer, of a split that the platform proposes
}

local wait = "integer 1000..31536000000"
M.returns = {
  response_ms = wait, evidence_ms = wait, resolve_ms = wait, evidence_each = "integer 1..1000",
  evidence_chars = "integer 1..10000", proposal_pct = "integer 1..99",
  next = "string?", due = { event = { "propose", "resolve", "none" }, resolution = "string?", pct = "integer 1..99?" },
}

local EDGES = {
  { "open", "respond", "responded" },
  { "open", "resolve", "resolved" },
  { "responded", "propose", "proposed" },
  { "responded", "resolve", "resolved" },
  { "proposed", "resolve", "resolved" },
}

-- Where an event moves a dispute, or nil.  facts: state, event.
function M.next(facts)
  for _, edge in ipairs(EDGES) do
    if edge[1] == facts.state and edge[2] == facts.event then return edge[3] end
  end
end

-- What happens when the deadline of a state has passed.  facts: state, buyer_evidence (how much the buyer has shown),
-- is_whole (false: a milestone, which is paid or not), proposal, proposal_pct.
function M.due(facts)
  if facts.state == "open" then return { event = "resolve", resolution = "refund_buyer" } end
  if facts.state == "responded" then
    if facts.buyer_evidence == 0 then return { event = "resolve", resolution = "release_seller" } end
    if not facts.is_whole then return { event = "propose", resolution = "refund_buyer" } end
    return { event = "propose", resolution = "split", pct = M.proposal_pct }
  end
  if facts.state == "proposed" then
    return { event = "resolve", resolution = facts.proposal, pct = facts.proposal_pct }
  end
  return { event = "none" }
end

M.examples = {
  { "next", { state = "open", event = "respond" }, expect = "responded" },
  { "next", { state = "responded", event = "propose" }, expect = "proposed" },
  { "next", { state = "proposed", event = "resolve" }, expect = "resolved" },
  { "due", { state = "open" }, expect = { event = "resolve", resolution = "refund_buyer" } },
  { "due", { state = "responded", buyer_evidence = 0, is_whole = true },
    expect = { event = "resolve", resolution = "release_seller" } },
  { "due", { state = "responded", buyer_evidence = 1, is_whole = true },
    expect = { event = "propose", resolution = "split", pct = 50 } },
  { "due", { state = "responded", buyer_evidence = 1, is_whole = false },
    expect = { event = "propose", resolution = "refund_buyer" } },
  { "due", { state = "proposed", proposal = "split", proposal_pct = 50 },
    expect = { event = "resolve", resolution = "split", pct = 50 } },
  { "due", { state = "resolved" }, expect = { event = "none" } },
}

return M
