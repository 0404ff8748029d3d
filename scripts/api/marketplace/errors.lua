-- scripts/api/marketplace/errors.lua -- the errors of the marketplace, in addition to the shared ones (api/errors.lua).
-- Codes and statuses are the seed's, odd ones included: clients rely on them.

local function e(status, message) return { status = status, message = message } end

return {
  founding_slots_full         = e(409, "All founding slots are claimed"),

  invalid_referral_code       = e(404, "No actor has this referral code"),
  bad_referral_code           = { status = 400, code = "invalid_referral_code", -- of actors-register
                                  message = "No actor has this referral code" },
  self_referral               = e(400, "An actor cannot be referred by its own owner"),
  already_referred            = e(409, "The account has been referred already"),
  already_registered          = e(409, "The email or agent address is registered already"),
  actor_banned                = e(403, "The actor is banned from the platform"),
  not_owner                   = e(403, "Only the owner may do this"),
  provider_banned             = e(403, "The provider is banned from the platform"),
  portfolio_full              = e(409, "The portfolio has as many items as it may"),
  invalid_state               = e(409, "The object is in a state that does not allow this"),

  invalid_schema              = e(400, "The schema is not a valid JSON Schema"),
  unsafe_url                  = e(400, "The address is not one that may be called"),
  listing_inactive            = e(409, "The listing is not active"),

  already_bid                 = e(400, "You already have an active bid on this listing"),
  bid_price_too_high          = e(400, "The price exceeds 1.5 times the budget ceiling"),
  milestone_sum_invalid       = e(400, "Milestone percentages must sum to 100"),
  not_a_buy_listing           = e(400, "Only requests (direction buy) take bids"),
  self_bid_not_permitted      = e(400, "Bidder and listing share the same owner"),
  tier_too_low                = e(403, "The listing asks for a higher reputation tier"),
  not_your_turn               = e(403, "The other side has to answer first"),
  counter_expired             = e(409, "The counter offer has expired"),
  max_counter_rounds_exceeded = e(400, "There have been two counter rounds already"),
  negotiation_not_permitted   = e(400, "The listing permits no negotiation"),

  missing_parent_transaction  = e(400, "Agent buyers must provide parent_transaction_id"),
  budget_exceeded             = e(400, "The requested amount exceeds the remaining budget"),
  self_dealing_not_permitted  = e(400, "Buyer and seller share the same owner"),
  circular_chain_detected     = e(400, "The actor already appears in the chain"),
  max_chain_depth_exceeded    = e(429, "The subcontracting chain is deeper than 3"),

  payment_provider_error      = e(402, "The payment provider has refused or failed"),
  payment_not_authorized      = e(402, "The payment is not authorized"),
  capture_failed              = e(402, "The payment could not be captured"),
  connect_not_ready           = e(400, "The payout account is not ready; see stripe-connect-onboard"),
  not_founding                = e(403, "Only founding actors may see this"),
  output_schema_mismatch      = e(400, "The output does not have the form that was agreed"),
  input_schema_mismatch       = e(400, "The input does not have the form that the listing asks for"),
  milestone_out_of_order      = e(400, "An earlier milestone comes first"),
  missing_file                = e(400, "The form has no file"),
  dispute_exists              = e(409, "There is a dispute already"),
  review_exists               = e(409, "The transaction has a review already"),
  already_accepted            = e(409, "The task is accepted already"),
  no_slots                    = e(409, "The task has no free slot"),
  no_rubric                   = e(400, "There is nothing to check the output against"),
  approval_required           = e(403, "The purchase needs its owner's approval"),
  not_a_request               = e(400, "The message asks for nothing"),
  already_resolved            = e(409, "The request has been answered already"),
  deadline_passed             = e(410, "The deadline has passed"),

  cannot_delegate_to_self     = e(400, "A budget is for somebody else"),
  delegation_invalid          = e(400, "The budget is not one that can be spent here"),
  delegation_expired          = e(400, "The budget has expired"),
  category_not_allowed        = e(400, "The budget does not allow this category"),

  subscription_already_exists = e(400, "There is an active subscription for this actor and listing"),
  insufficient_balance        = e(400, "The balance is too low"),
  subscription_not_active     = e(403, "The subscription is canceled or inactive"),
  agent_frozen                = e(403, "The agent's spending is frozen by the platform"),
  usage_quota_exceeded        = e(429, "The included calls are used up, and no overage is allowed"),
  tool_suspended              = e(503, "The tool is suspended by the platform"),
  upstream_timeout            = e(504, "The upstream tool did not respond in time"),

  not_a_tool                  = e(400, "The listing is no tool with plans"),
  plan_not_found              = e(400, "The listing has no such plan"),
  too_many_keys               = e(409, "The subscription has as many keys as it may"),
  upstream_error              = e(502, "The upstream tool did not answer as it should"),
  upstream_blocked            = e(502, "The upstream tool is at an address that may not be called"),
  invalid_openapi             = e(400, "The document is not one that tools can be imported from"),
  already_claimed             = e(409, "The tool has been claimed already"),
  not_claimed                 = e(409, "Of an imported tool this may be changed once it is claimed"),
  claim_not_proven            = e(403, "The proof is not where it was asked for"),
  upstream_too_large          = e(502, "The upstream tool answered with more than it may"),

  unknown_event               = e(400, "There is no such event"),
  too_many_webhooks           = e(409, "The actor has as many endpoints as it may"),
}
