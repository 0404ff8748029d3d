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
  proposal_pct = 50,               -- for the buyer, of a split where nothing was agreed that can be checked
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

-- What the platform proposes: the buyer gets back what has not passed of the agreed criteria; a milestone is paid or
-- not.
local function proposal(facts)
  if facts.has_passed then return { event = "propose", resolution = "release_seller" } end
  if not facts.is_whole or facts.score == 0 then return { event = "propose", resolution = "refund_buyer" } end
  local pct = facts.score and math.floor(100 * (1 - facts.score) + 0.5) or M.proposal_pct
  return { event = "propose", resolution = "split", pct = math.max(1, math.min(99, pct)) }
end

-- What happens when the deadline of a state has passed.  facts: state, buyer_evidence (how much the buyer has shown),
-- is_whole (false: a milestone), has_passed and score (0 to 1: what came of the agreed criteria; nil: there are none),
-- proposal, proposal_pct.
function M.due(facts)
  if facts.state == "open" then return { event = "resolve", resolution = "refund_buyer" } end
  if facts.state == "responded" then
    if facts.buyer_evidence == 0 then return { event = "resolve", resolution = "release_seller" } end
    return proposal(facts)
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
  { "due", { state = "responded", buyer_evidence = 1, is_whole = true, has_passed = true, score = 1 },
    expect = { event = "propose", resolution = "release_seller" } },
  { "due", { state = "responded", buyer_evidence = 1, is_whole = true, has_passed = false, score = 0.75 },
    expect = { event = "propose", resolution = "split", pct = 25 } },
  { "due", { state = "responded", buyer_evidence = 1, is_whole = true, has_passed = false, score = 1 },
    expect = { event = "propose", resolution = "split", pct = 1 } },
  { "due", { state = "responded", buyer_evidence = 1, is_whole = true, has_passed = false, score = 0 },
    expect = { event = "propose", resolution = "refund_buyer" } },
  { "due", { state = "responded", buyer_evidence = 1, is_whole = false, has_passed = true, score = 1 },
    expect = { event = "propose", resolution = "release_seller" } },
  { "due", { state = "proposed", proposal = "split", proposal_pct = 50 },
    expect = { event = "resolve", resolution = "split", pct = 50 } },
  { "due", { state = "resolved" }, expect = { event = "none" } },
}

return M
