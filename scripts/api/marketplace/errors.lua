-- scripts/api/marketplace/errors.lua -- the errors of the marketplace, in addition to the shared ones (api/errors.lua).
-- Codes and statuses are the seed's, odd ones included: clients rely on them.

local function e(status, message) return { status = status, message = message } end

return {
  founding_slots_full         = e(409, "All founding slots are claimed"),

  already_bid                 = e(400, "You already have an active bid on this listing"),
  bid_price_too_high          = e(400, "The price exceeds 1.5 times the budget ceiling"),
  milestone_sum_invalid       = e(400, "Milestone percentages must sum to 100"),
  max_counter_rounds_exceeded = e(400, "There have been two counter rounds already"),
  negotiation_not_permitted   = e(400, "The listing permits no negotiation"),

  missing_parent_transaction  = e(400, "Agent buyers must provide parent_transaction_id"),
  budget_exceeded             = e(400, "The requested amount exceeds the remaining budget"),
  self_dealing_not_permitted  = e(400, "Buyer and seller share the same owner"),
  circular_chain_detected     = e(400, "The actor already appears in the chain"),
  max_chain_depth_exceeded    = e(429, "The subcontracting chain is deeper than 3"),

  subscription_already_exists = e(400, "There is an active subscription for this actor and listing"),
  insufficient_balance        = e(400, "The balance is too low"),
  subscription_not_active     = e(403, "The subscription is canceled or inactive"),
  agent_frozen                = e(403, "The agent's spending is frozen by the platform"),
  usage_quota_exceeded        = e(429, "The included calls are used up, and no overage is allowed"),
  tool_suspended              = e(503, "The tool is suspended by the platform"),
  upstream_timeout            = e(504, "The upstream tool did not respond in time"),
}
