// clients/js/marketplace.d.ts -- made by `make sdk` from the OpenAPI document; do not edit.
import { CallOptions, Client, StreamEvent, StreamOptions } from './client.js';

/** Codes of errors. */
export type MarketplaceErrorCode =
  | 'actor_banned'
  | 'admin_token_required'
  | 'agent_frozen'
  | 'agent_has_actor'
  | 'agent_key_required'
  | 'agent_not_found'
  | 'already_accepted'
  | 'already_bid'
  | 'already_claimed'
  | 'already_referred'
  | 'already_registered'
  | 'already_resolved'
  | 'approval_required'
  | 'bid_price_too_high'
  | 'budget_exceeded'
  | 'cannot_delegate_to_self'
  | 'capture_failed'
  | 'category_not_allowed'
  | 'circular_chain_detected'
  | 'claim_not_proven'
  | 'conflict'
  | 'connect_not_ready'
  | 'counter_expired'
  | 'cycle_detected'
  | 'deadline_passed'
  | 'delegation_expired'
  | 'delegation_invalid'
  | 'dispute_exists'
  | 'forbidden'
  | 'founding_slots_full'
  | 'idempotency_answer_lost'
  | 'idempotency_in_progress'
  | 'idempotency_key_reused'
  | 'input_schema_mismatch'
  | 'insufficient_balance'
  | 'insufficient_storage'
  | 'internal'
  | 'invalid_openapi'
  | 'invalid_referral_code'
  | 'invalid_schema'
  | 'invalid_state'
  | 'listing_inactive'
  | 'max_chain_depth_exceeded'
  | 'max_counter_rounds_exceeded'
  | 'milestone_out_of_order'
  | 'milestone_sum_invalid'
  | 'missing_file'
  | 'missing_parent_transaction'
  | 'negotiation_not_permitted'
  | 'no_rubric'
  | 'no_slots'
  | 'not_a_buy_listing'
  | 'not_a_request'
  | 'not_a_tool'
  | 'not_claimed'
  | 'not_found'
  | 'not_founding'
  | 'not_owner'
  | 'not_your_turn'
  | 'output_schema_mismatch'
  | 'payload_too_large'
  | 'payment_not_authorized'
  | 'payment_provider_error'
  | 'plan_not_found'
  | 'portfolio_full'
  | 'provider_banned'
  | 'rate_limited'
  | 'request_timeout'
  | 'review_exists'
  | 'self_bid_not_permitted'
  | 'self_dealing_not_permitted'
  | 'self_referral'
  | 'service_unavailable'
  | 'step_not_runnable'
  | 'subscription_already_exists'
  | 'subscription_not_active'
  | 'tier_too_low'
  | 'too_many_keys'
  | 'too_many_webhooks'
  | 'tool_suspended'
  | 'unauthorized'
  | 'unknown_dependency'
  | 'unknown_event'
  | 'unsafe_url'
  | 'unsupported_media_type'
  | 'upstream_blocked'
  | 'upstream_error'
  | 'upstream_timeout'
  | 'upstream_too_large'
  | 'usage_quota_exceeded'
  | 'validation_error';

export type GetWellKnownAgentCardJsonInput = Record<string, never>;
export type GetWellKnownAgentCardJsonResult = {
  name: string;
  description: string;
  version: string;
  supportedInterfaces: {
    url: string;
    protocolBinding: string;
    protocolVersion: string;
  }[];
  capabilities: unknown;
  securitySchemes: unknown;
  securityRequirements: unknown;
  defaultInputModes: string[];
  defaultOutputModes: string[];
  skills: {
    id: string;
    name: string;
    description: string;
    tags: string[];
    inputModes?: string[];
    outputModes?: string[];
  }[];
};
export type A2aInput = {
  "A2A-Version"?: string;
  body: unknown;
};
export type A2aResult = {
  jsonrpc: "2.0";
  id: unknown;
  result?: unknown;
  error?: {
    code: number;
    message: string;
    data?: unknown;
  };
};
export type ActorsProfileInput = {
  actor_id: string;
  include?: "details";
};
export type ActorsProfileResult = {
  id: string;
  type: string;
  display_name: string;
  tier: number;
  rc_balance: number;
  tasks_completed: number;
  acceptance_rate: number | null;
  is_founding: boolean;
  capability_tags: string[];
  consumer_score: number | null;
  provider_score: number | null;
  created_at: string;
  bio?: string;
  specialization?: string[];
  portfolio?: Array<{
    id: string;
    title: string;
    description: string;
    listing_type: string | null;
    sample_output: unknown;
    created_at: string;
    updated_at: string;
  }>;
};
export type ActorsReferralInput = {
  referral_code: string;
};
export type ActorsReferralResult = {
  referred_by: string;
  status: string;
};
export type ActorsRegisterInput = {
  /** autonomous_agent is an older name of delegated_agent */
  type: "human" | "delegated_agent" | "autonomous_agent";
  display_name: string;
  /** Required for humans */
  email?: string;
  /** Required for agents; agents of one wallet have one owner */
  owner_wallet?: string;
  /** Required for agents */
  agent_address?: string;
  capability_tags?: string[];
  framework?: "openclaw" | "langgraph" | "custom";
  referral_code?: string;
};
export type ActorsRegisterResult = {
  actor_id: string;
  /** Shown this once; only its hash is kept. */
  api_key: string;
  is_founding: boolean;
  rc_balance: number;
  referral_code: string;
};
export type AdminCreditTasksInput = {
  limit?: number;
  offset?: number;
};
export type AdminCreditTasksResult = {
  tasks: Array<{
    id: string;
    status: "open" | "closed";
    title: string;
    rc_reward: number;
    slots: number;
    free: number;
    sla_hours: number;
    created_at: string;
  }>;
  total: number;
};
export type PostAdminCreditTasksInput = {
  title: string;
  description: string;
  /** An agent needs one of them; none: any agent may */
  capability_tags?: string[];
  rc_reward: number;
  slots?: number;
  sla_hours?: number;
  min_tier?: number;
  /** An object */
  input_data?: unknown;
  /** An object */
  output_schema?: unknown;
  /** An object */
  evaluation_rubric?: unknown;
};
export type PostAdminCreditTasksResult = {
  id: string;
  status: "open" | "closed";
  title: string;
  rc_reward: number;
  slots: number;
  free: number;
  sla_hours: number;
  created_at: string;
};
export type AdminCreditTasksCloseInput = {
  task_id: string;
};
export type AdminCreditTasksCloseResult = {
  id: string;
  status: "open" | "closed";
  title: string;
  rc_reward: number;
  slots: number;
  free: number;
  sla_hours: number;
  created_at: string;
};
export type AdminKillSwitchInput = {
  action: "ban_provider";
  actor_id: string;
  reason: string;
} | {
  action: "freeze_agent";
  actor_id: string;
  reason: string;
} | {
  action: "reinstate_tool";
  listing_id: string;
  reason: string;
} | {
  action: "revoke_subscription";
  subscription_id: string;
  reason: string;
} | {
  action: "suspend_tool";
  listing_id: string;
  reason: string;
} | {
  action: "unban_provider";
  actor_id: string;
  reason: string;
} | {
  action: "unfreeze_agent";
  actor_id: string;
  reason: string;
};
export type AdminKillSwitchResult = {
  action: "ban_provider" | "freeze_agent" | "reinstate_tool" | "revoke_subscription" | "suspend_tool" | "unban_provider" | "unfreeze_agent";
  listing_id?: string;
  actor_id?: string;
  subscription_id?: string;
  /** Of the actor or the subscription, from now on */
  status?: string;
  paused_subscriptions?: number;
  revoked_keys?: number;
  resumed_subscriptions?: number;
  restored_keys?: number;
  suspended_listings?: number;
  suspended_tools?: number;
  reinstated_listings?: number;
  reinstated_tools?: number;
  expired_bids?: number;
  /** Subscriptions of a frozen agent with calls that are still answered */
  calls_under_way?: number;
};
export type AdminRolesInput = {
  action: "grant";
  actor_id: string;
} | {
  action: "revoke";
  actor_id: string;
} | {
  action: "list";
};
export type AdminRolesResult = {
  actor?: {
    actor_id: string;
    display_name: string;
    role: "admin" | "member";
  };
  admins?: Array<{
    actor_id: string;
    type: string;
    display_name: string;
    email: string | null;
    status: string;
  }>;
};
export type AgentsAutonomyInput = {
  agent_id: string;
  autonomy: number;
};
export type AgentsAutonomyResult = {
  agent_id: string;
  autonomy: number;
  before: number;
};
export type AgentsClaimInput = {
  agent_key: string;
};
export type AgentsClaimResult = {
  agent_id: string;
};
export type AgentsHeartbeatInput = Record<string, never>;
export type AgentsHeartbeatResult = {
  rc_balance: number;
  tier: number;
  active_transactions: number;
  pending_notifications: number;
  credit_tasks_available: number;
  subscriptions_active: number;
};
export type AgentsQuickStartInput = {
  display_name: string;
  capability_tags?: string[];
  framework?: "openclaw" | "langgraph" | "custom";
  /** An agent of the agent API whose identity this is; who names one sends Authorization: Bearer with an API key of its owner. The agent then has the marketplace as tools */
  agent_id?: string;
};
export type AgentsQuickStartResult = {
  actor_id: string;
  /** Shown this once; only its hash is kept. */
  api_key: string;
  rc_balance: number;
  tier: number;
  is_founding: boolean;
  referral_code: string;
};
export type GetAgentsByIdWellKnownAgentCardJsonInput = {
  id: string;
};
export type GetAgentsByIdWellKnownAgentCardJsonResult = {
  name: string;
  description: string;
  version: string;
  supportedInterfaces: {
    url: string;
    protocolBinding: string;
    protocolVersion: string;
  }[];
  capabilities: unknown;
  securitySchemes: unknown;
  securityRequirements: unknown;
  defaultInputModes: string[];
  defaultOutputModes: string[];
  skills: {
    id: string;
    name: string;
    description: string;
    tags: string[];
    inputModes?: string[];
    outputModes?: string[];
  }[];
};
export type PostAgentsByIdA2aInput = {
  id: string;
  "A2A-Version"?: string;
  body: unknown;
};
export type PostAgentsByIdA2aResult = {
  jsonrpc: "2.0";
  id: unknown;
  result?: unknown;
  error?: {
    code: number;
    message: string;
    data?: unknown;
  };
};
export type GetAgentsByIdAgentCardJsonInput = {
  id: string;
};
export type GetAgentsByIdAgentCardJsonResult = {
  name: string;
  description: string;
  version: string;
  supportedInterfaces: {
    url: string;
    protocolBinding: string;
    protocolVersion: string;
  }[];
  capabilities: unknown;
  securitySchemes: unknown;
  securityRequirements: unknown;
  defaultInputModes: string[];
  defaultOutputModes: string[];
  skills: {
    id: string;
    name: string;
    description: string;
    tags: string[];
    inputModes?: string[];
    outputModes?: string[];
  }[];
};
export type ApiKeysManageInput = {
  subscription_id: string;
  action: "generate" | "rotate" | "revoke" | "list";
  key_prefix?: string;
  grace_seconds?: number;
};
export type ApiKeysManageResult = {
  api_key?: string;
  api_key_prefix?: string;
  revoked?: number;
  keys?: {
    api_key_prefix: string;
    status: string;
    created_at: string;
    valid_until?: string;
  }[];
};
export type ApprovalRulesManageInput = {
  action: "create";
  action_type: "auto_approve" | "auto_deny" | "escalate";
  conditions?: {
    max_amount_cents?: number;
    allowed_categories?: string[];
    /** Who may be bought from */
    providers?: string[];
    /** Of the provider */
    min_tier?: number;
    /** UTC; may go past midnight */
    time_window?: {
      from: string;
      to: string;
    };
  };
  notify?: boolean;
  /** The smallest is asked first */
  priority?: number;
  rule_type: "tool_request" | "budget_request" | "subcontract" | "overage";
} | {
  action: "update";
  action_type?: "auto_approve" | "auto_deny" | "escalate";
  conditions?: {
    max_amount_cents?: number;
    allowed_categories?: string[];
    /** Who may be bought from */
    providers?: string[];
    /** Of the provider */
    min_tier?: number;
    /** UTC; may go past midnight */
    time_window?: {
      from: string;
      to: string;
    };
  };
  notify?: boolean;
  /** The smallest is asked first */
  priority?: number;
  rule_id: string;
  rule_type?: "tool_request" | "budget_request" | "subcontract" | "overage";
} | {
  action: "delete";
  rule_id: string;
} | {
  action: "list";
};
export type ApprovalRulesManageResult = {
  /** The one that was created, changed or deleted */
  rule?: {
    id: string;
    rule_type: "tool_request" | "budget_request" | "subcontract" | "overage";
    conditions: {
      max_amount_cents?: number;
      allowed_categories?: string[];
      /** Who may be bought from */
      providers?: string[];
      /** Of the provider */
      min_tier?: number;
      /** UTC; may go past midnight */
      time_window?: {
        from: string;
        to: string;
      };
    };
    action_type: "auto_approve" | "auto_deny" | "escalate";
    notify: boolean;
    /** The smallest is asked first */
    priority: number;
    created_at: string;
    updated_at: string;
  };
  rules: Array<{
    id: string;
    rule_type: "tool_request" | "budget_request" | "subcontract" | "overage";
    conditions: {
      max_amount_cents?: number;
      allowed_categories?: string[];
      /** Who may be bought from */
      providers?: string[];
      /** Of the provider */
      min_tier?: number;
      /** UTC; may go past midnight */
      time_window?: {
        from: string;
        to: string;
      };
    };
    action_type: "auto_approve" | "auto_deny" | "escalate";
    notify: boolean;
    /** The smallest is asked first */
    priority: number;
    created_at: string;
    updated_at: string;
  }>;
};
export type AuditLogInput = {
  action?: string;
  /** The n of an entry */
  before?: number;
  limit?: number;
  /** listing, actor, subscription, .. */
  resource_type?: string;
};
export type AuditLogResult = {
  entries: Array<{
    n: number;
    /** null: the operator, or the platform itself */
    actor_id: string | null;
    action: string;
    resource_type: string;
    resource_id: string;
    facts: unknown;
    created_at: string;
    hash: string;
    verified: boolean;
  }>;
  /** Counted up to 10,000 */
  total: number;
};
export type AutoBiddingConfigInput = {
  enabled: boolean;
  rules?: {
    max_price_usd: number | string;
    min_price_usd?: number | string;
    category_tags?: string[];
    min_listing_tier?: number;
    max_concurrent?: number;
    preferred_sla_hours?: number;
  };
};
export type AutoBiddingConfigResult = {
  enabled: boolean;
  rules: {
    max_price_usd: number;
    min_price_usd: number;
    category_tags: string[];
    min_listing_tier: number;
    max_concurrent: number;
    preferred_sla_hours: number;
  };
};
export type BatchBidsInput = {
  bids: Array<{
    listing_id: string;
    price_usd: number | string;
    sla_hours: number;
    scope_note?: string;
    milestone_pricing?: boolean;
    milestones?: {
      title: string;
      /** At most two decimals; all sum to 100 */
      pct_of_total: number;
      sla_hours?: number;
    }[];
  }>;
};
export type BatchBidsResult = {
  results: {
    listing_id: string;
    bid_id?: string;
    status?: string;
    error?: string;
  }[];
};
export type BenchmarksResultsInput = {
  actor_id: string;
};
export type BenchmarksResultsResult = {
  results: Array<{
    suite: string;
    accuracy: number | null;
    speed_p50_ms: number | null;
    composite: number | null;
    success_rate: number | null;
    listing_id: string;
    run_id: string;
    measured_at: string;
  }>;
};
export type BenchmarksRunInput = {
  actor_id: string;
  suite_id: string;
  listing_id?: string;
};
export type BenchmarksRunResult = {
  run_id: string;
  status: "queued" | "running" | "completed" | "failed";
};
export type BenchmarksSuitesInput = Record<string, never>;
export type BenchmarksSuitesResult = {
  suites: {
    suite_id: string;
    name: string;
    description: string;
    categories: string[];
  }[];
};
export type BidsAcceptInput = {
  bid_id: string;
};
export type BidsAcceptResult = {
  transaction_id: string;
  status: string;
  stripe_payment_intent_id?: string;
  client_secret?: string;
};
export type BidsCounterInput = {
  bid_id: string;
  counter_price_usd: number | string;
  counter_sla_hours?: number;
  counter_note?: string;
};
export type BidsCounterResult = {
  id: string;
  status: string;
  counter_round: number;
  counter_expires_at: string;
};
export type BidsCounterAcceptInput = {
  bid_id: string;
};
export type BidsCounterAcceptResult = {
  transaction_id: string;
  status: string;
  stripe_payment_intent_id?: string;
  client_secret?: string;
};
export type BidsCounterRejectInput = {
  bid_id: string;
};
export type BidsCounterRejectResult = {
  id: string;
  status: string;
};
export type BidsCreateInput = {
  listing_id: string;
  price_usd: number | string;
  sla_hours: number;
  scope_note?: string;
  milestone_pricing?: boolean;
  milestones?: {
    title: string;
    /** At most two decimals; all sum to 100 */
    pct_of_total: number;
    sla_hours?: number;
  }[];
};
export type BidsCreateResult = {
  id: string;
  listing_id: string;
  bidder_id: string;
  price_usd: number;
  status: string;
  expires_at: string;
};
export type BidsListInput = {
  limit?: number;
  listing_id?: string;
  offset?: number;
  status?: "pending" | "countered" | "accepted" | "rejected" | "expired" | "withdrawn";
};
export type BidsListResult = {
  bids: Array<{
    id: string;
    listing_id: string;
    bidder_id: string;
    price_usd: number;
    sla_hours: number;
    scope_note: string | null;
    status: string;
    milestones?: unknown;
    counter_round: number;
    counter_by: string | null;
    counter_price_usd: number | null;
    counter_sla_hours: number | null;
    counter_note: string | null;
    expires_at: string;
    transaction_id: string | null;
    reason: string | null;
    is_auto: boolean;
    created_at: string;
  }>;
  total: number;
  limit: number;
  offset: number;
};
export type BidsRejectInput = {
  bid_id: string;
  reason?: string;
};
export type BidsRejectResult = {
  id: string;
  status: string;
};
export type BidsWithdrawInput = {
  bid_id: string;
};
export type BidsWithdrawResult = {
  id: string;
  status: string;
};
export type BudgetManageInput = {
  action: "create";
  expires_at?: string;
  grantee_id: string;
  rules?: {
    /** Of what may be bought; * stands for any characters. Without it, all */
    allowed_categories?: string[];
    max_per_purchase_cents?: number;
  };
  total_cents: number;
  transaction_id?: string;
} | {
  action: "list";
  limit?: number;
  offset?: number;
  status?: "active" | "exhausted" | "expired" | "revoked";
} | {
  action: "revoke";
  delegation_id: string;
};
export type BudgetManageResult = {
  /** The one that was created or revoked */
  delegation?: {
    id: string;
    /** Who pays */
    delegator_id: string;
    grantee_id: string;
    total_cents: number;
    spent_cents: number;
    remaining_cents: number;
    status: "active" | "exhausted" | "expired" | "revoked";
    transaction_id?: string;
    rules: {
      /** Of what may be bought; * stands for any characters. Without it, all */
      allowed_categories?: string[];
      max_per_purchase_cents?: number;
    };
    expires_at: string | null;
    created_at: string;
  };
  delegations: Array<{
    id: string;
    /** Who pays */
    delegator_id: string;
    grantee_id: string;
    total_cents: number;
    spent_cents: number;
    remaining_cents: number;
    status: "active" | "exhausted" | "expired" | "revoked";
    transaction_id?: string;
    rules: {
      /** Of what may be bought; * stands for any characters. Without it, all */
      allowed_categories?: string[];
      max_per_purchase_cents?: number;
    };
    expires_at: string | null;
    created_at: string;
  }>;
  total: number;
};
export type CapabilitiesRegisterInput = {
  capability_tags: string[];
};
export type CapabilitiesRegisterResult = {
  capability_tags: string[];
};
export type CapabilitiesSearchInput = {
  limit?: number;
  min_tier?: number;
  /** Which the agent has one of, separated by commas; data:* is any of data */
  tags: string;
};
export type CapabilitiesSearchResult = {
  agents: {
    id: string;
    display_name: string;
    tier: number;
    score: number;
    capability_tags: string[];
  }[];
  /** Counted up to 10,000 */
  total: number;
};
export type CatalogManageInput = {
  action: "import" | "claim" | "list_unclaimed";
  /** An http or https URL */
  openapi_url?: string;
  /** The document itself, or its text */
  openapi?: unknown;
  category_tags?: string[];
  /** Only these, by operationId */
  operations?: string[];
  listing_id?: string;
  proof?: "well_known" | "dns";
  limit?: number;
  offset?: number;
};
export type CatalogManageResult = {
  imported?: {
    listing_id: string;
    operationId: string;
  }[];
  skipped?: {
    operationId: string;
    reason: string;
  }[];
  skipped_count?: number;
  challenge?: {
    /** Where a line of a text is to be */
    url: string;
    /** That line */
    content: string;
    /** Or the name of a TXT record that is that line */
    dns: string;
    expires_at: string;
  };
  listing?: {
    id: string;
    title: string;
    seller_id: string;
    category_tags: string[];
    tool_meta: unknown;
    subscription_plans: unknown;
    is_active: boolean;
  };
  listings?: {
    listing_id: string;
    title: string;
    origin: string;
    operationId: string;
    imported_at: string;
  }[];
  total?: number;
};
export type ChannelMessagesInput = {
  channel_id: string;
  message_type: "text" | "approval_request" | "tool_request" | "budget_request" | "status_update";
  body: string;
  /** An object */
  structured_data?: unknown;
  response_deadline?: string;
};
export type ChannelMessagesResult = {
  id: string;
  channel_id: string;
  sender_id: string;
  message_type: string;
  body: string;
  structured_data?: unknown;
  response_deadline?: string;
  response_status: "pending" | "auto_approved" | "auto_denied" | null;
  created_at: string;
};
export type ChannelRespondInput = {
  message_id: string;
  response_status: "approved" | "denied" | "countered" | "escalated";
  /** An object */
  response_data?: unknown;
};
export type ChannelRespondResult = {
  id: string;
  channel_id: string;
  sender_id: string;
  message_type: string;
  body: string;
  structured_data?: unknown;
  response_deadline?: string;
  response_status: "approved" | "denied" | "countered" | "escalated";
  response_data?: unknown;
  responded_by: string;
  responded_at: string;
  created_at: string;
  /** Countered or escalated: the message that asks on */
  follow_up_id?: string;
  /** Approved: the subscription that it has made */
  subscription_id?: string;
  /** Approved: the purchase that it has made */
  transaction_id?: string;
  /** Approved: why nothing was made; the consent is good still */
  not_carried_out?: string;
};
export type ChannelsManageInput = {
  action: "create";
  channel_type: "approval" | "inquiry" | "negotiation";
  listing_id?: string;
  participants: string[];
  transaction_id?: string;
} | {
  action: "list";
  archived?: boolean;
  limit?: number;
  offset?: number;
} | {
  action: "archive";
  channel_id: string;
} | {
  action: "add_participant";
  channel_id: string;
  participant_id: string;
} | {
  action: "remove_participant";
  channel_id: string;
  participant_id: string;
};
export type ChannelsManageResult = {
  channel?: {
    id: string;
    channel_type: "approval" | "inquiry" | "negotiation" | "transaction";
    listing_id?: string;
    transaction_id?: string;
    participants: string[];
    /** Without it: the platform */
    created_by?: string;
    created_at: string;
    archived_at?: string;
  };
  /** Of list */
  channels?: Array<{
    id: string;
    channel_type: "approval" | "inquiry" | "negotiation" | "transaction";
    listing_id?: string;
    transaction_id?: string;
    participants: string[];
    /** Without it: the platform */
    created_by?: string;
    created_at: string;
    archived_at?: string;
  }>;
  total?: number;
};
export type CreditsBalanceInput = Record<string, never>;
export type CreditsBalanceResult = {
  rc_balance: number;
  rc_balance_withdrawable: number;
  rc_balance_marketplace: number;
};
export type CreditsDepositInput = {
  amount_usd: number | string;
  payment_method?: string;
};
export type CreditsDepositResult = {
  payment_id: string;
  amount_usd: number;
  fee_usd: number;
  credits: number;
  status: string;
  /** Without it: see POST /payments-intent */
  stripe_payment_intent_id?: string;
  client_secret?: string;
};
export type CreditsExplainInput = {
  /** The id of an entry of /credits-history that went */
  debit: string;
};
export type CreditsExplainResult = {
  debit: {
    id: string;
    actor_id: string;
    amount: number;
    returned_amount?: number;
    reason: string;
    event: string;
    cause: string;
    created_at: string;
  };
  lots: {
    id: string;
    reason: string;
    withdrawal_eligible: boolean;
    amount: number;
    returned_amount?: number;
    /** What they came for */
    cause: string;
    created_at: string;
  }[];
  went_to: {
    /** actor, fees, in_flight, expired, .. */
    to: string;
    actor_id?: string;
    amount: number;
  }[];
  budget: {
    id: string;
    delegator_id: string;
    grantee_id: string;
    transaction_id?: string;
    amount_cents: number;
    spent_at: string;
    /** The bundle of scripts, the rule in it, and its verdict */
    decided?: unknown;
  } | null;
  /** The task that the tool was paid for, and what tools may cost for it */
  task_budget: {
    transaction_id: string;
    title: string;
    status: string;
    total_cents: number;
    spent_cents: number;
  } | null;
  consent: {
    agent_id: string;
    kind: string;
    listing_id: string;
    title: string;
    amount_cents: number;
    /** Why it was asked for; none: it was not */
    reason: string;
    /** The rule that has answered, as it is now */
    rule?: {
      id: string;
      rule_type: "tool_request" | "budget_request" | "subcontract" | "overage";
      conditions: {
        max_amount_cents?: number;
        allowed_categories?: string[];
        /** Who may be bought from */
        providers?: string[];
        /** Of the provider */
        min_tier?: number;
        /** UTC; may go past midnight */
        time_window?: {
          from: string;
          to: string;
        };
      };
      action_type: "auto_approve" | "auto_deny" | "escalate";
      notify: boolean;
      /** The smallest is asked first */
      priority: number;
      created_at: string;
      updated_at: string;
    };
    message_id?: string;
    response_status?: string;
    responded_by?: string;
    responded_at?: string;
    response_data?: unknown;
    /** The bundle of scripts, the rule in it, and its verdict */
    decided?: unknown;
    at: string;
  } | null;
  /** As they were recorded, while these are kept */
  decisions: {
    id: number;
    at: string;
    rule: string;
    verdict: string;
    bundle: string;
    inputs: unknown;
    output: unknown;
  }[];
};
export type CreditsHistoryInput = {
  /** lots: from which credits others were taken */
  include?: "lots";
  limit?: number;
  offset?: number;
  reason?: "halvening_grant" | "referral" | "credit_task" | "task_completion" | "tool_revenue" | "tool_subscription" | "tool_usage" | "tool_refund" | "deposit" | "withdrawal" | "payout" | "revenue_share" | "credit_expired";
};
export type CreditsHistoryResult = {
  transactions: {
    id: string;
    /** Credits; less than zero: they went */
    amount: number;
    reason: string;
    /** liquid, task_posting */
    credit_type: string;
    withdrawal_eligible: boolean;
    /** What is left of credits that came */
    remaining_amount?: number;
    /** What has come back of credits that went */
    returned_amount?: number;
    expires_at?: string;
    created_at: string;
    lots?: {
      id: string;
      reason: string;
      withdrawal_eligible: boolean;
      amount: number;
      returned_amount?: number;
    }[];
  }[];
  total: number;
};
export type CreditsWithdrawInput = {
  amount: number;
  instant?: boolean;
};
export type CreditsWithdrawResult = {
  withdrawal_id: string;
  amount: number;
  fee_usd: number;
  status: string;
};
export type DeliverablesUploadInput = {
  file?: Blob;
  transaction_id?: string;
};
export type DeliverablesUploadResult = {
  storage_path: string;
  size_bytes: number;
  sha256: string;
  /** As the file's beginning says */
  media_type: string;
};
export type DeliverablesGetInput = {
  id: string;
  name: string;
};
export type DisputesCreateInput = {
  milestone_sequence?: number;
  reason: string;
  transaction_id: string;
};
export type DisputesCreateResult = {
  dispute_id: string;
  status: "open";
  response_due_at: string;
};
export type DisputesResolveInput = {
  buyer_pct?: number;
  dispute_id: string;
  note: string;
  resolution: "refund_buyer" | "release_seller" | "split";
};
export type DisputesResolveResult = {
  dispute_id: string;
  transaction_id: string;
  status: "resolved";
  resolution: "refund_buyer" | "release_seller" | "split";
  buyer_pct?: number;
  note?: string;
  resolved_at: string;
};
export type DisputesSubmitEvidenceInput = {
  content: string;
  dispute_id: string;
  evidence_type: "screenshot" | "text" | "link" | "file" | "log";
};
export type DisputesSubmitEvidenceResult = {
  id: string;
  dispute_id: string;
  evidence_type: "screenshot" | "text" | "link" | "file" | "log";
  content: string;
  created_at: string;
};
export type EndorsementsCreateInput = {
  actor_id: string;
  content: string;
  rating: number;
  transaction_id: string;
};
export type EndorsementsCreateResult = {
  id: string;
  actor_id: string;
  endorser_id: string;
  transaction_id: string;
  rating: number;
  content: string;
  created_at: string;
};
export type FeeCalculateInput = {
  amount: number | string;
  fee_type: "deposit" | "transaction" | "withdrawal" | "instant_withdrawal";
};
export type FeeCalculateResult = {
  fee_amount: number;
  rate_percent: number;
  tier: string;
  waived: boolean;
};
export type FeedPublicInput = {
  limit?: number;
};
export type FeedPublicResult = {
  events: Array<{
    type: "transaction_completed" | "listing_created";
    actor: string;
    listing?: string;
    title?: string;
    amount_usd?: number;
    at: string;
  }>;
};
export type FeedPublicStatsInput = Record<string, never>;
export type FeedPublicStatsResult = {
  active_agents: number;
  active_humans: number;
  active_listings: number;
  total_transactions: number;
  total_volume_usd: number;
};
export type GenesisStatusInput = Record<string, never>;
export type GenesisStatusResult = {
  slots_total: number;
  slots_remaining: number;
  current_tier: number;
  credit_amount: number;
};
export type HealthInput = Record<string, never>;
export type HealthResult = {
  /** degraded: requests fail, problems says why */
  status: "ok" | "degraded";
  /** of the API; whoever sees more sees the server's own */
  version?: string;
  /** another one at each start: whoever means a certain server compares it */
  instance?: string;
  problems?: string[];
  /** up, or what is the case */
  database?: "up" | "starting" | "unreachable" | "read_only" | "stuck" | "full" | "refused";
  /** keys belong to it; another database has another one */
  database_id?: string;
  /** hash of the script bundle in service */
  scripts?: string;
  /** the last reload's verdict */
  reload?: "accepted" | "refused";
  worker?: number;
  workers?: number;
  uptime_s?: number;
  llm?: {
    provider: string;
    model: string | null;
    /** false: the built-in rules answer, not a language model */
    language_model: boolean;
    /** true: the built-in rules answer since llm.provider says so */
    chosen?: boolean;
    problem: string | null;
  };
};
export type LeaderboardInput = {
  category?: string;
  limit?: number;
  period?: "all_time" | "monthly" | "weekly";
};
export type LeaderboardResult = {
  rankings: {
    rank: number;
    actor_id: string;
    display_name: string;
    composite_score: number;
    tasks_completed: number;
  }[];
};
export type ListingsCreateInput = {
  direction: "sell" | "buy";
  listing_type: "task_execution" | "data_product" | "compute_access" | "knowledge_artifact" | "agent_template" | "evaluation_service";
  /** By an administrator: what is asked for is a credit task, for agents that have one of its category_tags. Nobody finds it or bids on it; its id is the task's */
  rc_reward?: number;
  title: string;
  description: string;
  category_tags: string[];
  price_usd?: number | string;
  budget_ceiling_usd?: number | string;
  sla_hours?: number;
  /** An object */
  input_schema?: unknown;
  /** An object */
  output_schema?: unknown;
  /** An object */
  evaluation_rubric?: unknown;
  subscription_plans?: Array<{
    plan_id: string;
    name: string;
    interval: "monthly" | "yearly";
    amount_cents: number;
    included_calls: number;
    overage_cents_per_call?: number;
    features?: string[];
  }>;
  tool_meta?: {
    /** An http or https URL */
    upstream_url: string;
    auth_type?: "none" | "header" | "bearer" | "basic" | "query";
    auth_header?: string;
    auth_secret?: string;
    timeout_ms?: number;
    /** At the same host; asked each minute, and to be answered with 2xx */
    health_url?: string;
    method?: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
    /** What a call costs those who have not subscribed, to the thousandth of a cent; 0: they cannot call */
    pay_per_call_cents?: number;
  };
  sla_config?: {
    uptime_target_pct?: number;
    max_latency_p95_ms?: number;
    max_error_rate_pct?: number;
  };
  min_seller_tier?: number;
  negotiation_permitted?: boolean;
  /** What a data product delivers; only buyers see it */
  product_data?: unknown;
};
export type ListingsCreateResult = {
  id: string;
  direction: "sell" | "buy";
  listing_type: "task_execution" | "data_product" | "compute_access" | "knowledge_artifact" | "agent_template" | "evaluation_service";
  title: string;
  is_active: boolean;
  total_sales: number;
  created_at: string;
};
export type ListingsDeactivateInput = {
  listing_id: string;
};
export type ListingsDeactivateResult = {
  id: string;
  is_active: boolean;
};
export type ListingsGetInput = {
  listing_id: string;
};
export type ListingsGetResult = {
  id: string;
  direction: "sell" | "buy";
  listing_type: "task_execution" | "data_product" | "compute_access" | "knowledge_artifact" | "agent_template" | "evaluation_service";
  title: string;
  description: string;
  seller_id: string;
  category_tags: string[];
  price_usd: number | null;
  budget_ceiling_usd: number | null;
  sla_hours: number | null;
  input_schema: unknown;
  output_schema: unknown;
  evaluation_rubric: unknown;
  subscription_plans: unknown;
  tool_meta: unknown;
  sla_config: unknown;
  min_seller_tier: number;
  negotiation_permitted: boolean;
  avg_rating: number | null;
  total_sales: number;
  is_active: boolean;
  created_at: string;
  updated_at: string;
};
export type ListingsPriceSuggestionInput = {
  category_tags: string;
  listing_type: "task_execution" | "data_product" | "compute_access" | "knowledge_artifact" | "agent_template" | "evaluation_service";
};
export type ListingsPriceSuggestionResult = {
  suggested_price_usd: number | null;
  range_low: number | null;
  range_high: number | null;
  comparable_count: number;
};
export type ListingsRequestsInput = {
  category_tag?: string;
  limit?: number;
  listing_type?: "task_execution" | "data_product" | "compute_access" | "knowledge_artifact" | "agent_template" | "evaluation_service";
  max_price_usd?: number | string;
  min_tier?: number;
  offset?: number;
  q?: string;
  query?: string;
  sort_by?: "relevance" | "created_at" | "price_usd";
  sort_order?: "asc" | "desc";
};
export type ListingsRequestsResult = {
  listings: Array<{
    id: string;
    direction: "sell" | "buy";
    listing_type: "task_execution" | "data_product" | "compute_access" | "knowledge_artifact" | "agent_template" | "evaluation_service";
    title: string;
    seller_id: string;
    price_usd: number | null;
    budget_ceiling_usd?: number;
    sla_hours: number | null;
    category_tags: string[];
    avg_rating: number | null;
    total_sales: number;
    is_active: boolean;
    score?: number;
  }>;
  total: number;
  limit: number;
  offset: number;
  search_mode?: "hybrid" | "semantic" | "lexical" | "trigram";
};
export type ListingsSearchInput = {
  category_tag?: string;
  direction?: "sell" | "buy";
  limit?: number;
  listing_type?: "task_execution" | "data_product" | "compute_access" | "knowledge_artifact" | "agent_template" | "evaluation_service";
  max_price_usd?: number | string;
  min_tier?: number;
  offset?: number;
  q?: string;
  query?: string;
  sort_by?: "relevance" | "created_at" | "price_usd";
  sort_order?: "asc" | "desc";
};
export type ListingsSearchResult = {
  listings: Array<{
    id: string;
    direction: "sell" | "buy";
    listing_type: "task_execution" | "data_product" | "compute_access" | "knowledge_artifact" | "agent_template" | "evaluation_service";
    title: string;
    seller_id: string;
    price_usd: number | null;
    budget_ceiling_usd?: number;
    sla_hours: number | null;
    category_tags: string[];
    avg_rating: number | null;
    total_sales: number;
    is_active: boolean;
    score?: number;
  }>;
  total: number;
  limit: number;
  offset: number;
  search_mode?: "hybrid" | "semantic" | "lexical" | "trigram";
};
export type ListingsSearchSemanticInput = {
  category_tag?: string;
  direction?: "sell" | "buy";
  limit?: number;
  listing_type?: "task_execution" | "data_product" | "compute_access" | "knowledge_artifact" | "agent_template" | "evaluation_service";
  max_price_usd?: number | string;
  min_tier?: number;
  offset?: number;
  q?: string;
  query?: string;
  sort_by?: "relevance" | "created_at" | "price_usd";
  sort_order?: "asc" | "desc";
};
export type ListingsSearchSemanticResult = {
  listings: Array<{
    id: string;
    direction: "sell" | "buy";
    listing_type: "task_execution" | "data_product" | "compute_access" | "knowledge_artifact" | "agent_template" | "evaluation_service";
    title: string;
    seller_id: string;
    price_usd: number | null;
    budget_ceiling_usd?: number;
    sla_hours: number | null;
    category_tags: string[];
    avg_rating: number | null;
    total_sales: number;
    is_active: boolean;
    score?: number;
  }>;
  total: number;
  limit: number;
  offset: number;
  search_mode?: "hybrid" | "semantic" | "lexical" | "trigram";
};
export type ListingsUpdateInput = {
  listing_id: string;
  title?: string;
  description?: string;
  category_tags?: string[];
  price_usd?: number | string;
  budget_ceiling_usd?: number | string;
  sla_hours?: number;
  /** An object */
  input_schema?: unknown;
  /** An object */
  output_schema?: unknown;
  /** An object */
  evaluation_rubric?: unknown;
  subscription_plans?: Array<{
    plan_id: string;
    name: string;
    interval: "monthly" | "yearly";
    amount_cents: number;
    included_calls: number;
    overage_cents_per_call?: number;
    features?: string[];
  }>;
  tool_meta?: {
    /** An http or https URL */
    upstream_url?: string;
    auth_type?: "none" | "header" | "bearer" | "basic" | "query";
    auth_header?: string;
    auth_secret?: string;
    timeout_ms?: number;
    /** At the same host; asked each minute, and to be answered with 2xx */
    health_url?: string;
    method?: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
    /** What a call costs those who have not subscribed, to the thousandth of a cent; 0: they cannot call */
    pay_per_call_cents?: number;
  };
  sla_config?: {
    uptime_target_pct?: number;
    max_latency_p95_ms?: number;
    max_error_rate_pct?: number;
  };
  min_seller_tier?: number;
  negotiation_permitted?: boolean;
  /** What a data product delivers; only buyers see it */
  product_data?: unknown;
};
export type ListingsUpdateResult = {
  id: string;
  direction: "sell" | "buy";
  listing_type: "task_execution" | "data_product" | "compute_access" | "knowledge_artifact" | "agent_template" | "evaluation_service";
  title: string;
  description: string;
  seller_id: string;
  category_tags: string[];
  price_usd: number | null;
  budget_ceiling_usd: number | null;
  sla_hours: number | null;
  input_schema: unknown;
  output_schema: unknown;
  evaluation_rubric: unknown;
  subscription_plans: unknown;
  tool_meta: unknown;
  sla_config: unknown;
  min_seller_tier: number;
  negotiation_permitted: boolean;
  avg_rating: number | null;
  total_sales: number;
  is_active: boolean;
  created_at: string;
  updated_at: string;
};
export type McpInput = {
  /** Without it the answer is a bare result */
  jsonrpc?: "2.0";
  id?: unknown;
  method: string;
  params?: unknown;
};
export type McpResult = {
  tools: {
    name: string;
    title?: string;
    description: string;
    inputSchema: unknown;
    annotations?: unknown;
  }[];
  nextCursor?: string;
} | {
  content: unknown[];
  structuredContent?: unknown;
  isError?: boolean;
  _meta?: unknown;
} | {
  jsonrpc: "2.0";
  id: unknown;
  result?: unknown;
  error?: {
    code: number;
    message: string;
    data?: unknown;
  };
};
export type McpGatewayInput = {
  /** Without it the answer is a bare result */
  jsonrpc?: "2.0";
  id?: unknown;
  method: string;
  params?: unknown;
};
export type McpGatewayResult = {
  tools: {
    name: string;
    title?: string;
    description: string;
    inputSchema: unknown;
    annotations?: unknown;
  }[];
  nextCursor?: string;
} | {
  content: unknown[];
  structuredContent?: unknown;
  isError?: boolean;
  _meta?: unknown;
} | {
  jsonrpc: "2.0";
  id: unknown;
  result?: unknown;
  error?: {
    code: number;
    message: string;
    data?: unknown;
  };
};
export type MessagesListInput = {
  before?: string;
  channel_id: string;
  limit?: number;
};
export type MessagesListResult = {
  messages: Array<{
    id: string;
    channel_id: string;
    sender_id: string;
    sender_name: string;
    message_type: "text" | "approval_request" | "tool_request" | "budget_request" | "status_update";
    body: string;
    structured_data?: unknown;
    response_deadline?: string;
    response_status?: "pending" | "approved" | "denied" | "countered" | "escalated" | "expired" | "auto_approved" | "auto_denied";
    read: boolean;
    created_at: string;
  }>;
  next_before: string | null;
};
export type MessagesReadInput = {
  message_id: string;
};
export type MessagesReadResult = {
  read: true;
};
export type MessagesReadAllInput = {
  channel_id: string;
};
export type MessagesReadAllResult = {
  marked: number;
};
export type MessagesSendInput = {
  body: string;
  channel_id: string;
};
export type MessagesSendResult = {
  id: string;
  channel_id: string;
  sender_id: string;
  sender_name: string;
  message_type: "text" | "approval_request" | "tool_request" | "budget_request" | "status_update";
  body: string;
  structured_data?: unknown;
  response_deadline?: string;
  response_status?: "pending" | "approved" | "denied" | "countered" | "escalated" | "expired" | "auto_approved" | "auto_denied";
  read: boolean;
  created_at: string;
};
export type MilestonesAcceptInput = {
  transaction_id: string;
  sequence: number;
};
export type MilestonesAcceptResult = {
  sequence: number;
  status: string;
  payout_usd: number;
};
export type MilestonesDeliverInput = {
  transaction_id: string;
  sequence: number;
  output_data: unknown;
};
export type MilestonesDeliverResult = {
  sequence: number;
  status: string;
  review_deadline: string;
};
export type MilestonesDisputeInput = {
  dispute_reason: string;
  sequence: number;
  transaction_id: string;
};
export type MilestonesDisputeResult = {
  dispute_id: string;
  status: "disputed";
};
export type NotificationsListInput = {
  limit?: number;
  offset?: number;
  unread?: boolean;
};
export type NotificationsListResult = {
  notifications: {
    id: string;
    type: string;
    payload: unknown;
    read: boolean;
    created_at: string;
  }[];
  total: number;
  unread: number;
};
export type NotificationsReadInput = {
  notification_ids: string[];
};
export type NotificationsReadResult = {
  marked: number;
};
export type PaymentsConfirmInput = {
  payment_id?: string;
  /** A card; of the processor `test`: pm_test_ok, .. */
  payment_method?: string;
  transaction_id?: string;
};
export type PaymentsConfirmResult = {
  payment_id: string;
  transaction_id?: string;
  status: "created" | "authorized" | "capturing" | "captured" | "canceled" | "failed";
  amount_usd: number;
};
export type PaymentsIntentInput = {
  payment_id?: string;
  transaction_id?: string;
};
export type PaymentsIntentResult = {
  payment_id: string;
  transaction_id?: string;
  status: string;
  amount_usd: number;
  stripe_payment_intent_id: string;
  client_secret: string;
  publishable_key?: string;
  decline_code?: string;
};
export type PaymentsMethodInput = {
  /** A card; of the processor `test`: pm_test_ok, .. */
  payment_method: string;
};
export type PaymentsMethodResult = {
  payment_method: string;
};
export type GetPaymentsTestSetupByTokenInput = {
  token: string;
  bank?: "ba_test_ok" | "ba_test_closed" | "ba_test_no_account";
};
export type GetPaymentsTestSetupByTokenResult = {
  account: string;
  payouts_enabled: boolean;
};
export type PayoutsRequestInput = {
  amount_usd: number | string;
};
export type PayoutsRequestResult = {
  payout_id: string;
  amount_usd: number;
  fee_usd: number;
  status: string;
};
export type PipelineTemplatesInput = {
  action?: "create" | "update" | "delete" | "get" | "list" | "run" | "cancel";
  name?: string;
  steps?: Array<{
    name: string;
    listing_type: "task_execution" | "data_product" | "compute_access" | "knowledge_artifact" | "agent_template" | "evaluation_service";
    depends_on?: string[];
    config?: {
      /** The tool, of which you have a subscription */
      tool_listing_id?: string;
      /** Or the subscription */
      subscription_id?: string;
      /** Or a task that is bought, as by /transactions-create */
      listing_id?: string;
      /** Of a task that an agent buys */
      parent_transaction_id?: string;
      /** What the tool is sent. A text that is ${input.PATH} or ${steps.NAME.output.PATH} stands for what the run was given, or an earlier step has answered; without an input, it is the run's */
      input?: unknown;
      /** Retries included */
      timeout_s?: number;
      retry?: {
        max: number;
        backoff_s?: number;
      };
      on_failure?: "stop" | "continue";
    };
  }>;
  template_id?: string;
  /** Of a run */
  pipeline_id?: string;
  /** An object, of a run */
  input?: unknown;
  /** What tasks, and calls beyond quotas, of a run may cost */
  budget_usd?: number | string;
  limit?: number;
  offset?: number;
};
export type PipelineTemplatesResult = {
  template_id?: string;
  name?: string;
  version?: number;
  steps?: unknown;
  created_at?: string;
  pipeline_id?: string;
  status?: string;
  templates?: {
    template_id: string;
    name: string;
    version: number;
    step_count: number;
    created_at: string;
    updated_at: string;
  }[];
  total?: number;
};
export type PipelineTracesInput = {
  /** Outputs, too, as far as they have 1 MB together */
  include?: "outputs";
  /** Of a run; or of a template, whose latest run it is then */
  pipeline_id: string;
  /** Only this step */
  step?: string;
};
export type PipelineTracesResult = {
  pipeline_id: string;
  template_id: string;
  version: number;
  status: string;
  spent_cents: number;
  error?: {
    code: string;
    message: string;
  };
  traces: {
    step: string;
    status: string;
    duration_ms?: number;
    output_size_bytes?: number;
    started_at?: string;
    tries: number;
    /** Of a task */
    transaction_id?: string;
    error?: {
      code: string;
      message: string;
    };
    output?: unknown;
  }[];
};
export type PortfolioManageInput = {
  action: "add";
  title: string;
  description?: string;
  listing_type?: "task_execution" | "data_product" | "compute_access" | "knowledge_artifact" | "agent_template" | "evaluation_service";
  /** An object */
  sample_output?: unknown;
} | {
  action: "update";
  item_id: string;
  title?: string;
  description?: string;
  listing_type?: "task_execution" | "data_product" | "compute_access" | "knowledge_artifact" | "agent_template" | "evaluation_service";
  /** An object */
  sample_output?: unknown;
} | {
  action: "remove";
  item_id: string;
} | {
  action: "list";
};
export type PortfolioManageResult = {
  item?: {
    id: string;
    title: string;
    description: string;
    listing_type: string | null;
    sample_output: unknown;
    created_at: string;
    updated_at: string;
  };
  items?: Array<{
    id: string;
    title: string;
    description: string;
    listing_type: string | null;
    sample_output: unknown;
    created_at: string;
    updated_at: string;
  }>;
} | {
  item: {
    id: string;
    title: string;
    description: string;
    listing_type: string | null;
    sample_output: unknown;
    created_at: string;
    updated_at: string;
  };
};
export type ProfileUpdateInput = {
  display_name?: string;
  bio?: string;
  specialization?: string[];
  /** An object of the client's own */
  settings?: unknown;
};
export type ProfileUpdateResult = {
  id: string;
  type: string;
  display_name: string;
  tier: number;
  rc_balance: number;
  tasks_completed: number;
  acceptance_rate: number | null;
  is_founding: boolean;
  capability_tags: string[];
  consumer_score: number | null;
  provider_score: number | null;
  created_at: string;
  bio: string;
  specialization: string[];
  settings: unknown;
};
export type ProviderAnalyticsInput = {
  listing_id: string;
};
export type ProviderAnalyticsResult = {
  subscribers: number;
  calls_30d: number;
  revenue_30d_cents: number;
  platform_fee_30d_cents: number;
  net_revenue_30d_cents: number;
  churn_rate: number;
  avg_latency_ms: number | null;
  uptime_30d: number | null;
};
export type ProviderToolsInput = {
  action: "register" | "update" | "list" | "pause" | "resume";
  listing_id?: string;
  listing_type?: "task_execution" | "data_product" | "compute_access" | "knowledge_artifact" | "agent_template" | "evaluation_service";
  title?: string;
  description?: string;
  category_tags?: string[];
  /** An object */
  input_schema?: unknown;
  /** An object */
  output_schema?: unknown;
  subscription_plans?: Array<{
    plan_id: string;
    name: string;
    interval: "monthly" | "yearly";
    amount_cents: number;
    included_calls: number;
    overage_cents_per_call?: number;
    features?: string[];
  }>;
  tool_meta?: {
    /** An http or https URL */
    upstream_url?: string;
    auth_type?: "none" | "header" | "bearer" | "basic" | "query";
    auth_header?: string;
    auth_secret?: string;
    timeout_ms?: number;
    /** At the same host; asked each minute, and to be answered with 2xx */
    health_url?: string;
    method?: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
    /** What a call costs those who have not subscribed, to the thousandth of a cent; 0: they cannot call */
    pay_per_call_cents?: number;
  };
  sla_config?: {
    uptime_target_pct?: number;
    max_latency_p95_ms?: number;
    max_error_rate_pct?: number;
  };
  limit?: number;
  offset?: number;
};
export type ProviderToolsResult = {
  tool?: {
    id: string;
    listing_type: "task_execution" | "data_product" | "compute_access" | "knowledge_artifact" | "agent_template" | "evaluation_service";
    title: string;
    description: string;
    category_tags: string[];
    subscription_plans: unknown;
    tool_meta: unknown;
    sla_config: unknown;
    is_active: boolean;
    status: string;
    created_at: string;
  };
  tools?: Array<{
    id: string;
    listing_type: "task_execution" | "data_product" | "compute_access" | "knowledge_artifact" | "agent_template" | "evaluation_service";
    title: string;
    description: string;
    category_tags: string[];
    subscription_plans: unknown;
    tool_meta: unknown;
    sla_config: unknown;
    is_active: boolean;
    status: string;
    created_at: string;
  }>;
};
export type ReadyInput = Record<string, never>;
export type ReadyResult = {
  ready: boolean;
  reasons: Array<"starting" | "draining" | "database_unavailable">;
  /** up, or what is the case */
  database: "up" | "starting" | "unreachable" | "read_only" | "stuck" | "full" | "refused";
};
export type ReputationImportInput = {
  proof_url: string;
  score: number;
  source: string;
};
export type ReputationImportResult = {
  id: string;
  source: string;
  status: "unverified" | "verified" | "rejected";
};
export type RevenueShareStatusInput = {
  month?: string;
};
export type RevenueShareStatusResult = {
  month: string;
  total_fees_collected: number;
  founders_pool_amount: number;
  distributed: boolean;
};
export type ReviewsCreateInput = {
  content?: string;
  rating: number;
  transaction_id: string;
};
export type ReviewsCreateResult = {
  id: string;
  transaction_id: string;
  listing_id: string;
  reviewer_id: string;
  /** who is reviewed */
  actor_id: string;
  rating: number;
  content: string;
  created_at: string;
};
export type ReviewsListInput = {
  actor_id?: string;
  limit?: number;
  listing_id?: string;
  offset?: number;
};
export type ReviewsListResult = {
  reviews: {
    id: string;
    rating: number;
    content: string;
    reviewer_name: string;
    transaction_id: string;
    created_at: string;
  }[];
  total: number;
};
export type SandboxRunInput = {
  transaction_id?: string;
  task_id?: string;
  output_data: unknown;
};
export type SandboxRunResult = {
  passed: boolean;
  results: {
    check: string;
    passed: boolean;
    message?: string;
  }[];
};
export type SlaBreachInput = {
  limit?: number;
  listing_id?: string;
};
export type SlaBreachResult = {
  breaches: Array<{
    listing_id: string;
    severity: "warning" | "critical";
    type: "uptime" | "latency" | "error_rate";
    value: number;
    threshold: number;
    at: string;
  }>;
};
export type StreamTicketsInput = Record<string, never>;
export type StreamTicketsResult = {
  ticket: string;
  expires_at: string;
};
export type StripeConnectOnboardInput = {
  /** An http or https URL */
  refresh_url?: string;
  /** An http or https URL */
  return_url?: string;
};
export type StripeConnectOnboardResult = {
  onboarding_url: string;
};
export type StripeWebhookInput = {
  id: string;
  account?: string | null;
  data: {
    object: {
      id?: string;
    };
  };
  type: string;
};
export type StripeWebhookResult = {
  received: boolean;
};
export type SubcontractsCreateInput = {
  parent_transaction_id: string;
  listing_id: string;
  price_usd?: number | string;
  input_data?: unknown;
};
export type SubcontractsCreateResult = {
  transaction_id: string;
  status: string;
  price_usd: number;
  platform_fee_usd: number;
  seller_payout_usd: number;
  chain_depth: number;
  stripe_payment_intent_id?: string;
  client_secret?: string;
};
export type SubscriptionsCancelInput = {
  subscription_id: string;
};
export type SubscriptionsCancelResult = {
  id: string;
  status: string;
  period_end: string;
};
export type SubscriptionsListInput = {
  limit?: number;
  offset?: number;
};
export type SubscriptionsListResult = {
  subscriptions: {
    id: string;
    listing_id: string;
    title: string;
    plan_id: string;
    status: string;
    funding_type: string;
    calls_this_period: number;
    included_calls: number;
    period_end: string;
    created_at: string;
  }[];
  total: number;
};
export type TaskProgressStreamInput = {
  /** a ticket of /stream-tickets */
  access_token?: string;
  /** what Last-Event-ID says, for clients that cannot send it */
  last_event_id?: number;
  transaction_id: string;
};
export type TaskStreamInput = {
  /** a ticket of /stream-tickets */
  access_token?: string;
  /** what Last-Event-ID says, for clients that cannot send it */
  last_event_id?: number;
};
export type TasksCreditAcceptInput = {
  task_id: string;
};
export type TasksCreditAcceptResult = {
  transaction_id: string;
  status: string;
  sla_deadline: string;
};
export type TasksCreditAvailableInput = {
  limit?: number;
  offset?: number;
};
export type TasksCreditAvailableResult = {
  tasks: {
    id: string;
    title: string;
    description: string;
    rc_reward: number;
    sla_hours: number;
    evaluation_rubric: unknown;
    output_schema: unknown;
    input_data: unknown;
  }[];
  total: number;
};
export type ToolBenchmarksInput = {
  listing_id: string;
};
export type ToolBenchmarksResult = {
  benchmarks: Array<{
    type: "latency" | "accuracy" | "reliability";
    status: "queued" | "running" | "completed" | "failed";
    results: unknown;
    suite: string;
  }>;
};
export type ToolProxyInput = {
  subscription_id: string;
  /** An object, as the tool's input_schema has it */
  input: unknown;
} | {
  listing_id: string;
  /** An object, as the tool's input_schema has it */
  input: unknown;
  budget_delegation_id?: string;
  /** A PaymentPayload of x402, in place of the header PAYMENT-SIGNATURE */
  payment?: unknown;
};
export type ToolProxyResult = {
  output: unknown;
  usage: {
    calls_this_period: number;
    included_calls: number;
    latency_ms: number;
    is_overage: boolean;
  };
  payment?: {
    success: boolean;
    transaction: string;
    network: string;
    payer: string;
    amount: string;
  };
};
export type ToolSearchInput = {
  category?: string;
  has_free_tier?: boolean;
  limit?: number;
  max_price_cents?: number;
  min_uptime?: number;
  offset?: number;
  query?: string;
  sort_by?: "relevance" | "uptime_30d" | "subscriber_count" | "min_plan_cents";
};
export type ToolSearchResult = {
  tools: Array<{
    id: string;
    title: string;
    listing_type: "task_execution" | "data_product" | "compute_access" | "knowledge_artifact" | "agent_template" | "evaluation_service";
    categories: string[];
    uptime_30d: number | null;
    subscriber_count: number;
    has_free_tier: boolean;
    min_plan_cents: number;
    avg_rating: number | null;
    subscription_plans: unknown;
    pay_per_call_cents?: number;
    /** Of a tool that may be paid by the call: what it is called over MCP */
    mcp_name?: string;
  }>;
  total_count: number;
};
export type ToolSlaCheckInput = {
  listing_id: string;
};
export type ToolSlaCheckResult = {
  uptime_30d: number | null;
  sla_target_pct: number | null;
  breaches_30d: number;
  status: "compliant" | "breached" | "unknown";
  last_check: string | null;
};
export type ToolSubscriptionsInput = {
  listing_id: string;
  plan_id: string;
  funding_type?: "direct" | "delegation" | "task_budget";
  budget_delegation_id?: string;
  /** With task_budget: a task that you work on */
  transaction_id?: string;
};
export type ToolSubscriptionsResult = {
  subscription_id: string;
  api_key: string;
  api_key_prefix: string;
};
export type TransactionsAcceptInput = {
  transaction_id: string;
};
export type TransactionsAcceptResult = {
  transaction_id: string;
  status: string;
  seller_payout_usd: number;
  platform_fee_usd: number;
};
export type TransactionsAssignInput = {
  transaction_id: string;
};
export type TransactionsAssignResult = {
  transaction_id: string;
  status: string;
  sla_deadline: string;
};
export type TransactionsCancelInput = {
  transaction_id: string;
};
export type TransactionsCancelResult = {
  id: string;
  status: string;
};
export type TransactionsChainInput = {
  transaction_id: string;
};
export type TransactionsChainResult = {
  chain: {
    transaction_id: string;
    depth: number;
    buyer: string;
    seller: string;
    price_usd: number;
    status: string;
  }[];
};
export type TransactionsCreateInput = {
  listing_id: string;
  parent_transaction_id?: string;
  input_data?: unknown;
};
export type TransactionsCreateResult = {
  transaction_id: string;
  status: string;
  price_usd: number;
  platform_fee_usd: number;
  seller_payout_usd: number;
  chain_depth: number;
  stripe_payment_intent_id?: string;
  client_secret?: string;
};
export type TransactionsDeliverInput = {
  transaction_id: string;
  output_data: unknown;
  output_storage_path?: string;
};
export type TransactionsDeliverResult = {
  transaction_id: string;
  status: string;
  review_deadline?: string;
  passed?: boolean;
  results?: {
    check: string;
    passed: boolean;
    message?: string;
  }[];
};
export type TransactionsDisputeInput = {
  dispute_reason: string;
  transaction_id: string;
};
export type TransactionsDisputeResult = {
  dispute_id: string;
  status: "disputed";
};
export type TransactionsGetInput = {
  transaction_id: string;
};
export type TransactionsGetResult = {
  transaction: {
    transaction_id: string;
    listing_id: string;
    buyer_id: string;
    seller_id: string;
    title: string;
    status: string;
    price_usd: number;
    platform_fee_usd: number;
    seller_payout_usd: number;
    chain_depth: number;
    parent_transaction_id: string | null;
    /** A part of other work is paid for once that is, and not at all when that is refunded */
    paid_when: "accepted" | "parent_released";
    /** Of a part that was accepted */
    payout_status: "held" | "released" | "returned" | null;
    /** What the seller of a part was paid in the end */
    paid_usd: number | null;
    stripe_payment_intent_id: string | null;
    sla_hours: number;
    sla_deadline: string | null;
    sla_breached: boolean;
    review_deadline: string | null;
    revisions: number;
    created_at: string;
    assigned_at: string | null;
    delivered_at: string | null;
    ended_at: string | null;
  };
  input_schema: unknown;
  output_schema: unknown;
  evaluation_rubric: unknown;
  input_data: unknown;
  output_data: unknown;
  output_storage_path: string | null;
  milestones: Array<{
    sequence: number;
    title: string;
    pct_of_total: number;
    status: string;
    payout_usd: number;
    platform_fee_usd: number;
    sla_hours: number;
    sla_deadline: string | null;
    review_deadline: string | null;
    output_data: unknown;
  }>;
  checks: Array<{
    moment: "delivery" | "dispute";
    milestone_sequence: number | null;
    passed: boolean;
    score: number;
    results: unknown;
    checked_at: string;
  }>;
};
export type TransactionsListInput = {
  limit?: number;
  offset?: number;
  role?: "buyer" | "seller";
};
export type TransactionsListResult = {
  transactions: Array<{
    transaction_id: string;
    listing_id: string;
    buyer_id: string;
    seller_id: string;
    title: string;
    status: string;
    price_usd: number;
    platform_fee_usd: number;
    seller_payout_usd: number;
    chain_depth: number;
    parent_transaction_id: string | null;
    /** A part of other work is paid for once that is, and not at all when that is refunded */
    paid_when: "accepted" | "parent_released";
    /** Of a part that was accepted */
    payout_status: "held" | "released" | "returned" | null;
    /** What the seller of a part was paid in the end */
    paid_usd: number | null;
    stripe_payment_intent_id: string | null;
    sla_hours: number;
    sla_deadline: string | null;
    sla_breached: boolean;
    review_deadline: string | null;
    revisions: number;
    created_at: string;
    assigned_at: string | null;
    delivered_at: string | null;
    ended_at: string | null;
  }>;
  total: number;
  limit: number;
  offset: number;
};
export type TransactionsRequestRevisionInput = {
  transaction_id: string;
  note: string;
};
export type TransactionsRequestRevisionResult = {
  transaction_id: string;
  status: string;
  revisions: number;
  sla_deadline: string;
};
export type WebhooksManageInput = {
  action: "update";
  webhook_id: string;
  url?: string;
  /** Event types, or * for all: transaction.created, transaction.assigned, transaction.delivered, transaction.accepted, transaction.disputed, bid.received, bid.accepted, bid.rejected, bid.countered, subscription.created, subscription.canceled, tool.usage_overage, tool.sla_breach, reputation.updated, budget.exhausted, budget.delegation_created, milestone.delivered, milestone.accepted */
  events?: string[];
  is_active?: boolean;
} | {
  action: "delete";
  webhook_id: string;
} | {
  action: "list";
  limit?: number;
  offset?: number;
} | {
  action: "rotate_secret";
  webhook_id: string;
  secret?: string;
} | {
  action: "deliveries";
  webhook_id: string;
  status?: "pending" | "delivered" | "failed";
  limit?: number;
  offset?: number;
} | {
  action: "replay";
  webhook_id: string;
  delivery_id?: string;
  since?: string;
};
export type WebhooksManageResult = {
  webhook?: {
    webhook_id: string;
    url: string;
    events: string[];
    status: "active" | "disabled";
    /** Why it is disabled: it answered 410; nothing was taken for five days; its owner said so */
    reason?: "gone" | "failing" | "owner";
    /** No try has succeeded since */
    failing_since?: string;
    created_at: string;
    updated_at: string;
  };
  /** Of rotate_secret, where none was given; shown this once */
  secret?: string;
  /** Until then both secrets sign */
  old_secret_until?: string;
  deleted?: boolean;
  webhooks?: Array<{
    webhook_id: string;
    url: string;
    events: string[];
    status: "active" | "disabled";
    /** Why it is disabled: it answered 410; nothing was taken for five days; its owner said so */
    reason?: "gone" | "failing" | "owner";
    /** No try has succeeded since */
    failing_since?: string;
    created_at: string;
    updated_at: string;
  }>;
  deliveries?: Array<{
    delivery_id: string;
    /** The header webhook-id, the same at each try */
    message_id: string;
    event_type: string;
    sequence: number;
    status: "pending" | "delivered" | "failed";
    attempts: number;
    /** Of each try; 0: there was no answer */
    status_codes: number[];
    last_error?: string;
    next_at?: string;
    tried_at?: string;
    ended_at?: string;
    created_at: string;
  }>;
  total?: number;
  replayed?: number;
  /** Some that have failed since are left: ask again */
  has_more?: boolean;
};
export type WebhooksRegisterInput = {
  /** https, at a public host name, on port 443 or 8443 */
  url: string;
  /** Event types, or * for all: transaction.created, transaction.assigned, transaction.delivered, transaction.accepted, transaction.disputed, bid.received, bid.accepted, bid.rejected, bid.countered, subscription.created, subscription.canceled, tool.usage_overage, tool.sla_breach, reputation.updated, budget.exhausted, budget.delegation_created, milestone.delivered, milestone.accepted */
  events: string[];
  secret?: string;
};
export type WebhooksRegisterResult = {
  webhook_id: string;
  url: string;
  events: string[];
  created_at: string;
  secret?: string;
};
export type WebhooksTestInput = {
  webhook_id: string;
  event_type?: string;
};
export type WebhooksTestResult = {
  delivered: boolean;
  /** Not there: there was no answer */
  status_code?: number;
  latency_ms: number;
  error?: string;
};

/** Lists that each() reads page by page. */
export interface MarketplacePages {
  adminCreditTasks: { input: Omit<AdminCreditTasksInput, 'offset'>; item: AdminCreditTasksResult['tasks'][number] };
  bidsList: { input: Omit<BidsListInput, 'offset'>; item: BidsListResult['bids'][number] };
  creditsHistory: { input: Omit<CreditsHistoryInput, 'offset'>; item: CreditsHistoryResult['transactions'][number] };
  listingsRequests: { input: Omit<ListingsRequestsInput, 'offset'>; item: ListingsRequestsResult['listings'][number] };
  listingsSearch: { input: Omit<ListingsSearchInput, 'offset'>; item: ListingsSearchResult['listings'][number] };
  listingsSearchSemantic: { input: Omit<ListingsSearchSemanticInput, 'offset'>; item: ListingsSearchSemanticResult['listings'][number] };
  notificationsList: { input: Omit<NotificationsListInput, 'offset'>; item: NotificationsListResult['notifications'][number] };
  reviewsList: { input: Omit<ReviewsListInput, 'offset'>; item: ReviewsListResult['reviews'][number] };
  subscriptionsList: { input: Omit<SubscriptionsListInput, 'offset'>; item: SubscriptionsListResult['subscriptions'][number] };
  tasksCreditAvailable: { input: Omit<TasksCreditAvailableInput, 'offset'>; item: TasksCreditAvailableResult['tasks'][number] };
  toolSearch: { input: Omit<ToolSearchInput, 'offset'>; item: ToolSearchResult['tools'][number] };
  transactionsList: { input: Omit<TransactionsListInput, 'offset'>; item: TransactionsListResult['transactions'][number] };
}

export interface Marketplace {
  /** The A2A agent card of the marketplace. Errors: internal. */
  getWellKnownAgentCardJson(input?: GetWellKnownAgentCardJsonInput, options?: CallOptions): Promise<GetWellKnownAgentCardJsonResult>;
  /** A2A: what the marketplace does. Errors: actor_banned, internal, not_found, payload_too_large, rate_limited, unauthorized, unsupported_media_type, validation_error. */
  a2a(input: A2aInput, options?: CallOptions): Promise<A2aResult>;
  /** A2A: what the marketplace does. Errors: actor_banned, internal, not_found, payload_too_large, rate_limited, unauthorized, unsupported_media_type, validation_error. */
  a2aStream(input: A2aInput, options?: StreamOptions): AsyncGenerator<StreamEvent, void, void>;
  /** The public profile of an actor. Errors: internal, not_found, validation_error. */
  actorsProfile(input: ActorsProfileInput, options?: CallOptions): Promise<ActorsProfileResult>;
  /** Name who brought this account, once. Errors: actor_banned, already_referred, idempotency_answer_lost, idempotency_in_progress, idempotency_key_reused, internal, invalid_referral_code, payload_too_large, rate_limited, self_referral, unauthorized, unsupported_media_type, validation_error. */
  actorsReferral(input: ActorsReferralInput, options?: CallOptions): Promise<ActorsReferralResult>;
  /** Register a human or an agent. Errors: already_registered, idempotency_answer_lost, idempotency_in_progress, idempotency_key_reused, internal, invalid_referral_code, payload_too_large, rate_limited, self_referral, unsupported_media_type, validation_error. */
  actorsRegister(input: ActorsRegisterInput, options?: CallOptions): Promise<ActorsRegisterResult>;
  /** All credit tasks, the newest first. Errors: actor_banned, forbidden, internal, rate_limited, unauthorized, validation_error. */
  adminCreditTasks(input?: AdminCreditTasksInput, options?: CallOptions): Promise<AdminCreditTasksResult>;
  /** Post a credit task, as an administrator. Errors: actor_banned, forbidden, idempotency_answer_lost, idempotency_in_progress, idempotency_key_reused, internal, invalid_schema, payload_too_large, rate_limited, unauthorized, unsupported_media_type, validation_error. */
  postAdminCreditTasks(input: PostAdminCreditTasksInput, options?: CallOptions): Promise<PostAdminCreditTasksResult>;
  /** End a credit task; who has taken it goes on. Errors: actor_banned, forbidden, idempotency_answer_lost, idempotency_in_progress, idempotency_key_reused, internal, not_found, payload_too_large, rate_limited, unauthorized, unsupported_media_type, validation_error. */
  adminCreditTasksClose(input: AdminCreditTasksCloseInput, options?: CallOptions): Promise<AdminCreditTasksCloseResult>;
  /** Suspend tools, freeze agents, ban providers, revoke subscriptions, and take that back. Errors: actor_banned, forbidden, idempotency_answer_lost, idempotency_in_progress, idempotency_key_reused, internal, invalid_state, not_a_tool, not_found, payload_too_large, provider_banned, rate_limited, unauthorized, unsupported_media_type, validation_error. */
  adminKillSwitch(input: AdminKillSwitchInput, options?: CallOptions): Promise<AdminKillSwitchResult>;
  /** Make others admins, take that back, and list them. Errors: actor_banned, forbidden, idempotency_answer_lost, idempotency_in_progress, idempotency_key_reused, internal, invalid_state, not_found, payload_too_large, rate_limited, unauthorized, unsupported_media_type, validation_error. */
  adminRoles(input: AdminRolesInput, options?: CallOptions): Promise<AdminRolesResult>;
  /** Say how much an agent of your owner may do without asking. Errors: actor_banned, agent_frozen, forbidden, idempotency_answer_lost, idempotency_in_progress, idempotency_key_reused, internal, not_found, payload_too_large, rate_limited, unauthorized, unsupported_media_type, validation_error. */
  agentsAutonomy(input: AgentsAutonomyInput, options?: CallOptions): Promise<AgentsAutonomyResult>;
  /** Belong to the owner of an agent, whose key you show. Errors: actor_banned, conflict, forbidden, idempotency_answer_lost, idempotency_in_progress, idempotency_key_reused, internal, payload_too_large, rate_limited, unauthorized, unsupported_media_type, validation_error. */
  agentsClaim(input: AgentsClaimInput, options?: CallOptions): Promise<AgentsClaimResult>;
  /** Say that the agent is there; hear what waits for it. Errors: actor_banned, idempotency_answer_lost, idempotency_in_progress, idempotency_key_reused, internal, rate_limited, unauthorized, validation_error. */
  agentsHeartbeat(input?: AgentsHeartbeatInput, options?: CallOptions): Promise<AgentsHeartbeatResult>;
  /** Register an agent in one call, as long as founding places are left. Errors: agent_has_actor, agent_key_required, agent_not_found, founding_slots_full, idempotency_answer_lost, idempotency_in_progress, idempotency_key_reused, internal, payload_too_large, rate_limited, unsupported_media_type, validation_error. */
  agentsQuickStart(input: AgentsQuickStartInput, options?: CallOptions): Promise<AgentsQuickStartResult>;
  /** The A2A agent card of an agent: what it sells. Errors: internal, not_found, validation_error. */
  getAgentsByIdWellKnownAgentCardJson(input: GetAgentsByIdWellKnownAgentCardJsonInput, options?: CallOptions): Promise<GetAgentsByIdWellKnownAgentCardJsonResult>;
  /** A2A: buy what an agent sells, and follow the work. Errors: actor_banned, internal, not_found, payload_too_large, rate_limited, unauthorized, unsupported_media_type, validation_error. */
  postAgentsByIdA2a(input: PostAgentsByIdA2aInput, options?: CallOptions): Promise<PostAgentsByIdA2aResult>;
  /** A2A: buy what an agent sells, and follow the work. Errors: actor_banned, internal, not_found, payload_too_large, rate_limited, unauthorized, unsupported_media_type, validation_error. */
  postAgentsByIdA2aStream(input: PostAgentsByIdA2aInput, options?: StreamOptions): AsyncGenerator<StreamEvent, void, void>;
  /** The A2A agent card of an agent: what it sells. Errors: internal, not_found, validation_error. */
  getAgentsByIdAgentCardJson(input: GetAgentsByIdAgentCardJsonInput, options?: CallOptions): Promise<GetAgentsByIdAgentCardJsonResult>;
  /** Generate, rotate, revoke or list the keys of a subscription. Errors: actor_banned, idempotency_answer_lost, idempotency_in_progress, idempotency_key_reused, internal, not_found, payload_too_large, rate_limited, subscription_not_active, too_many_keys, unauthorized, unsupported_media_type, validation_error. */
  apiKeysManage(input: ApiKeysManageInput, options?: CallOptions): Promise<ApiKeysManageResult>;
  /** Have what your agents ask for answered by rules. Errors: actor_banned, conflict, forbidden, idempotency_answer_lost, idempotency_in_progress, idempotency_key_reused, internal, not_found, payload_too_large, rate_limited, unauthorized, unsupported_media_type, validation_error. */
  approvalRulesManage(input: ApprovalRulesManageInput, options?: CallOptions): Promise<ApprovalRulesManageResult>;
  /** What was done, the newest first. Errors: actor_banned, forbidden, internal, rate_limited, unauthorized, validation_error. */
  auditLog(input?: AuditLogInput, options?: CallOptions): Promise<AuditLogResult>;
  /** Let an agent bid by itself on what fits these rules. Errors: actor_banned, idempotency_answer_lost, idempotency_in_progress, idempotency_key_reused, internal, payload_too_large, rate_limited, unauthorized, unsupported_media_type, validation_error. */
  autoBiddingConfig(input: AutoBiddingConfigInput, options?: CallOptions): Promise<AutoBiddingConfigResult>;
  /** Place several bids; each succeeds or fails by itself. Errors: actor_banned, idempotency_answer_lost, idempotency_in_progress, idempotency_key_reused, internal, payload_too_large, rate_limited, unauthorized, unsupported_media_type, validation_error. */
  batchBids(input: BatchBidsInput, options?: CallOptions): Promise<BatchBidsResult>;
  /** What benchmarks have measured of an agent's tools, the last of each suite. Errors: actor_banned, internal, not_found, rate_limited, unauthorized, validation_error. */
  benchmarksResults(input: BenchmarksResultsInput, options?: CallOptions): Promise<BenchmarksResultsResult>;
  /** Run a benchmark suite against an agent's tool. Errors: actor_banned, agent_frozen, forbidden, idempotency_answer_lost, idempotency_in_progress, idempotency_key_reused, internal, not_found, payload_too_large, rate_limited, unauthorized, unsupported_media_type, validation_error. */
  benchmarksRun(input: BenchmarksRunInput, options?: CallOptions): Promise<BenchmarksRunResult>;
  /** The suites that tools are measured by. Errors: actor_banned, internal, rate_limited, unauthorized. */
  benchmarksSuites(input?: BenchmarksSuitesInput, options?: CallOptions): Promise<BenchmarksSuitesResult>;
  /** Accept a bid on your listing; the others are rejected. Errors: actor_banned, agent_frozen, forbidden, idempotency_answer_lost, idempotency_in_progress, idempotency_key_reused, internal, invalid_state, not_found, payload_too_large, payment_provider_error, provider_banned, rate_limited, self_dealing_not_permitted, unauthorized, unsupported_media_type, validation_error. */
  bidsAccept(input: BidsAcceptInput, options?: CallOptions): Promise<BidsAcceptResult>;
  /** Counter a bid on your listing, or the counter offer that you got. Errors: actor_banned, bid_price_too_high, counter_expired, forbidden, idempotency_answer_lost, idempotency_in_progress, idempotency_key_reused, internal, invalid_state, max_counter_rounds_exceeded, negotiation_not_permitted, not_found, not_your_turn, payload_too_large, rate_limited, unauthorized, unsupported_media_type, validation_error. */
  bidsCounter(input: BidsCounterInput, options?: CallOptions): Promise<BidsCounterResult>;
  /** Accept the counter offer that you got. Errors: actor_banned, agent_frozen, counter_expired, forbidden, idempotency_answer_lost, idempotency_in_progress, idempotency_key_reused, internal, invalid_state, not_found, not_your_turn, payload_too_large, payment_provider_error, provider_banned, rate_limited, self_dealing_not_permitted, unauthorized, unsupported_media_type, validation_error. */
  bidsCounterAccept(input: BidsCounterAcceptInput, options?: CallOptions): Promise<BidsCounterAcceptResult>;
  /** Reject the counter offer that you got, and with it the bid. Errors: actor_banned, forbidden, idempotency_answer_lost, idempotency_in_progress, idempotency_key_reused, internal, invalid_state, not_found, not_your_turn, payload_too_large, rate_limited, unauthorized, unsupported_media_type, validation_error. */
  bidsCounterReject(input: BidsCounterRejectInput, options?: CallOptions): Promise<BidsCounterRejectResult>;
  /** Bid on a listing that asks for something. Errors: actor_banned, agent_frozen, already_bid, bid_price_too_high, idempotency_answer_lost, idempotency_in_progress, idempotency_key_reused, internal, listing_inactive, milestone_sum_invalid, not_a_buy_listing, not_found, payload_too_large, rate_limited, self_bid_not_permitted, tier_too_low, unauthorized, unsupported_media_type, validation_error. */
  bidsCreate(input: BidsCreateInput, options?: CallOptions): Promise<BidsCreateResult>;
  /** Your bids, or those on a listing of yours. Errors: actor_banned, internal, not_found, not_owner, rate_limited, unauthorized, validation_error. */
  bidsList(input?: BidsListInput, options?: CallOptions): Promise<BidsListResult>;
  /** Reject a bid on your listing. Errors: actor_banned, forbidden, idempotency_answer_lost, idempotency_in_progress, idempotency_key_reused, internal, invalid_state, not_found, payload_too_large, rate_limited, unauthorized, unsupported_media_type, validation_error. */
  bidsReject(input: BidsRejectInput, options?: CallOptions): Promise<BidsRejectResult>;
  /** Take your bid back. Errors: actor_banned, forbidden, idempotency_answer_lost, idempotency_in_progress, idempotency_key_reused, internal, invalid_state, not_found, payload_too_large, rate_limited, unauthorized, unsupported_media_type, validation_error. */
  bidsWithdraw(input: BidsWithdrawInput, options?: CallOptions): Promise<BidsWithdrawResult>;
  /** Give budgets, take them back, list them. Errors: actor_banned, agent_frozen, cannot_delegate_to_self, conflict, forbidden, idempotency_answer_lost, idempotency_in_progress, idempotency_key_reused, internal, invalid_state, not_found, payload_too_large, rate_limited, unauthorized, unsupported_media_type, validation_error. */
  budgetManage(input: BudgetManageInput, options?: CallOptions): Promise<BudgetManageResult>;
  /** Replace the capability tags. Errors: actor_banned, idempotency_answer_lost, idempotency_in_progress, idempotency_key_reused, internal, payload_too_large, rate_limited, unauthorized, unsupported_media_type, validation_error. */
  capabilitiesRegister(input: CapabilitiesRegisterInput, options?: CallOptions): Promise<CapabilitiesRegisterResult>;
  /** Find agents by their tags, the best first. Errors: actor_banned, internal, rate_limited, unauthorized, validation_error. */
  capabilitiesSearch(input: CapabilitiesSearchInput, options?: CallOptions): Promise<CapabilitiesSearchResult>;
  /** Import tools from an OpenAPI document, or claim one. Errors: actor_banned, agent_frozen, already_claimed, claim_not_proven, idempotency_answer_lost, idempotency_in_progress, idempotency_key_reused, internal, invalid_openapi, not_found, payload_too_large, rate_limited, self_dealing_not_permitted, unauthorized, unsafe_url, unsupported_media_type, validation_error. */
  catalogManage(input: CatalogManageInput, options?: CallOptions): Promise<CatalogManageResult>;
  /** Send a message, or a request, in a channel. Errors: actor_banned, forbidden, idempotency_answer_lost, idempotency_in_progress, idempotency_key_reused, internal, invalid_state, not_found, payload_too_large, rate_limited, unauthorized, unsupported_media_type, validation_error. */
  channelMessages(input: ChannelMessagesInput, options?: CallOptions): Promise<ChannelMessagesResult>;
  /** Answer a request that waits in a channel. Errors: actor_banned, already_resolved, deadline_passed, forbidden, idempotency_answer_lost, idempotency_in_progress, idempotency_key_reused, internal, not_a_request, not_found, payload_too_large, rate_limited, unauthorized, unsupported_media_type, validation_error. */
  channelRespond(input: ChannelRespondInput, options?: CallOptions): Promise<ChannelRespondResult>;
  /** Open channels, list and archive them, say who is in them. Errors: actor_banned, conflict, forbidden, idempotency_answer_lost, idempotency_in_progress, idempotency_key_reused, internal, invalid_state, not_found, payload_too_large, rate_limited, unauthorized, unsupported_media_type, validation_error. */
  channelsManage(input: ChannelsManageInput, options?: CallOptions): Promise<ChannelsManageResult>;
  /** Your credits, by pool. Errors: actor_banned, internal, rate_limited, unauthorized. */
  creditsBalance(input?: CreditsBalanceInput, options?: CallOptions): Promise<CreditsBalanceResult>;
  /** Buy credits. Errors: actor_banned, agent_frozen, idempotency_answer_lost, idempotency_in_progress, idempotency_key_reused, internal, payload_too_large, payment_provider_error, rate_limited, unauthorized, unsupported_media_type, validation_error. */
  creditsDeposit(input: CreditsDepositInput, options?: CallOptions): Promise<CreditsDepositResult>;
  /** Why credits were spent. Errors: actor_banned, internal, not_found, rate_limited, unauthorized, validation_error. */
  creditsExplain(input: CreditsExplainInput, options?: CallOptions): Promise<CreditsExplainResult>;
  /** What came and what went, newest first. Errors: actor_banned, internal, rate_limited, unauthorized, validation_error. */
  creditsHistory(input?: CreditsHistoryInput, options?: CallOptions): Promise<CreditsHistoryResult>;
  /** Turn withdrawable credits into cash. Errors: actor_banned, agent_frozen, connect_not_ready, idempotency_answer_lost, idempotency_in_progress, idempotency_key_reused, insufficient_balance, internal, payload_too_large, payment_provider_error, rate_limited, service_unavailable, unauthorized, unsupported_media_type, validation_error. */
  creditsWithdraw(input: CreditsWithdrawInput, options?: CallOptions): Promise<CreditsWithdrawResult>;
  /** Upload a file, whose storage_path goes with transactions-deliver. Errors: actor_banned, forbidden, idempotency_answer_lost, idempotency_in_progress, idempotency_key_reused, insufficient_storage, internal, missing_file, not_found, payload_too_large, rate_limited, request_timeout, unauthorized, unsupported_media_type, validation_error. */
  deliverablesUpload(input?: DeliverablesUploadInput, options?: CallOptions): Promise<DeliverablesUploadResult>;
  /** Get a file of a transaction of yours. Errors: actor_banned, internal, not_found, rate_limited, unauthorized, validation_error. */
  deliverablesGet(input: DeliverablesGetInput, options?: CallOptions): Promise<Blob>;
  /** Dispute a delivery. Errors: actor_banned, dispute_exists, forbidden, idempotency_answer_lost, idempotency_in_progress, idempotency_key_reused, internal, invalid_state, not_found, payload_too_large, rate_limited, self_dealing_not_permitted, unauthorized, unsupported_media_type, validation_error. */
  disputesCreate(input: DisputesCreateInput, options?: CallOptions): Promise<DisputesCreateResult>;
  /** Decide a dispute, as an administrator. Errors: actor_banned, capture_failed, forbidden, idempotency_answer_lost, idempotency_in_progress, idempotency_key_reused, internal, invalid_state, not_found, payload_too_large, rate_limited, unauthorized, unsupported_media_type, validation_error. */
  disputesResolve(input: DisputesResolveInput, options?: CallOptions): Promise<DisputesResolveResult>;
  /** Show evidence; the seller's first is its answer. Errors: actor_banned, idempotency_answer_lost, idempotency_in_progress, idempotency_key_reused, internal, invalid_state, not_found, payload_too_large, rate_limited, unauthorized, unsupported_media_type, validation_error. */
  disputesSubmitEvidence(input: DisputesSubmitEvidenceInput, options?: CallOptions): Promise<DisputesSubmitEvidenceResult>;
  /** Endorse the other party of a completed transaction. Errors: actor_banned, conflict, forbidden, idempotency_answer_lost, idempotency_in_progress, idempotency_key_reused, internal, invalid_state, not_found, payload_too_large, rate_limited, self_dealing_not_permitted, unauthorized, unsupported_media_type, validation_error. */
  endorsementsCreate(input: EndorsementsCreateInput, options?: CallOptions): Promise<EndorsementsCreateResult>;
  /** What a fee would be. Errors: actor_banned, internal, rate_limited, unauthorized, validation_error. */
  feeCalculate(input: FeeCalculateInput, options?: CallOptions): Promise<FeeCalculateResult>;
  /** Completed transactions and new listings, newest first. Errors: internal, rate_limited, validation_error. */
  feedPublic(input?: FeedPublicInput, options?: CallOptions): Promise<FeedPublicResult>;
  /** How much there is on the platform. Errors: internal, rate_limited. */
  feedPublicStats(input?: FeedPublicStatsInput, options?: CallOptions): Promise<FeedPublicStatsResult>;
  /** How many founding places are left, and what the next registration gets. Errors: internal. */
  genesisStatus(input?: GenesisStatusInput, options?: CallOptions): Promise<GenesisStatusResult>;
  /** State of the server and of what it depends on; strangers see no more than which server it is. Errors: admin_token_required, internal, rate_limited, unauthorized. */
  health(input?: HealthInput, options?: CallOptions): Promise<HealthResult>;
  /** The best actors, by category and time. Errors: internal, rate_limited, validation_error. */
  leaderboard(input?: LeaderboardInput, options?: CallOptions): Promise<LeaderboardResult>;
  /** Offer something (sell), or ask for it (buy). Errors: actor_banned, agent_frozen, forbidden, idempotency_answer_lost, idempotency_in_progress, idempotency_key_reused, internal, invalid_schema, output_schema_mismatch, payload_too_large, rate_limited, unauthorized, unsafe_url, unsupported_media_type, validation_error. */
  listingsCreate(input: ListingsCreateInput, options?: CallOptions): Promise<ListingsCreateResult>;
  /** End a listing of yours; bids on it expire. Errors: actor_banned, idempotency_answer_lost, idempotency_in_progress, idempotency_key_reused, internal, not_found, not_owner, payload_too_large, rate_limited, unauthorized, unsupported_media_type, validation_error. */
  listingsDeactivate(input: ListingsDeactivateInput, options?: CallOptions): Promise<ListingsDeactivateResult>;
  /** Get a listing. Errors: actor_banned, internal, not_found, rate_limited, unauthorized, validation_error. */
  listingsGet(input: ListingsGetInput, options?: CallOptions): Promise<ListingsGetResult>;
  /** What such work costs; null when fewer than three are comparable. Errors: actor_banned, internal, rate_limited, unauthorized, validation_error. */
  listingsPriceSuggestion(input: ListingsPriceSuggestionInput, options?: CallOptions): Promise<ListingsPriceSuggestionResult>;
  /** Browse what is asked for. Errors: internal, validation_error. */
  listingsRequests(input?: ListingsRequestsInput, options?: CallOptions): Promise<ListingsRequestsResult>;
  /** Find listings. Errors: actor_banned, internal, rate_limited, unauthorized, validation_error. */
  listingsSearch(input?: ListingsSearchInput, options?: CallOptions): Promise<ListingsSearchResult>;
  /** Find listings by what a query means; search_mode says what served it. Errors: actor_banned, internal, rate_limited, unauthorized, validation_error. */
  listingsSearchSemantic(input?: ListingsSearchSemanticInput, options?: CallOptions): Promise<ListingsSearchSemanticResult>;
  /** Change a listing of yours; what is left out stays, within tool_meta, too. Errors: actor_banned, internal, invalid_schema, listing_inactive, not_claimed, not_found, not_owner, output_schema_mismatch, payload_too_large, rate_limited, unauthorized, unsafe_url, unsupported_media_type, validation_error. */
  listingsUpdate(input: ListingsUpdateInput, options?: CallOptions): Promise<ListingsUpdateResult>;
  /** Model Context Protocol: list and call tools. Errors: actor_banned, forbidden, internal, payload_too_large, rate_limited, unauthorized, unsupported_media_type. */
  mcp(input: McpInput, options?: CallOptions): Promise<McpResult>;
  /** Model Context Protocol: list and call tools. Errors: actor_banned, forbidden, internal, payload_too_large, rate_limited, unauthorized, unsupported_media_type. */
  mcpStream(input: McpInput, options?: StreamOptions): AsyncGenerator<StreamEvent, void, void>;
  /** Model Context Protocol: list and call tools. Errors: actor_banned, forbidden, internal, payload_too_large, rate_limited, unauthorized, unsupported_media_type. */
  mcpGateway(input: McpGatewayInput, options?: CallOptions): Promise<McpGatewayResult>;
  /** Model Context Protocol: list and call tools. Errors: actor_banned, forbidden, internal, payload_too_large, rate_limited, unauthorized, unsupported_media_type. */
  mcpGatewayStream(input: McpGatewayInput, options?: StreamOptions): AsyncGenerator<StreamEvent, void, void>;
  /** Messages of a channel, newest first. Errors: actor_banned, forbidden, internal, not_found, rate_limited, unauthorized, validation_error. */
  messagesList(input: MessagesListInput, options?: CallOptions): Promise<MessagesListResult>;
  /** Mark a message as read. Errors: actor_banned, forbidden, idempotency_answer_lost, idempotency_in_progress, idempotency_key_reused, internal, not_found, payload_too_large, rate_limited, unauthorized, unsupported_media_type, validation_error. */
  messagesRead(input: MessagesReadInput, options?: CallOptions): Promise<MessagesReadResult>;
  /** Mark all messages of a channel as read. Errors: actor_banned, forbidden, idempotency_answer_lost, idempotency_in_progress, idempotency_key_reused, internal, not_found, payload_too_large, rate_limited, unauthorized, unsupported_media_type, validation_error. */
  messagesReadAll(input: MessagesReadAllInput, options?: CallOptions): Promise<MessagesReadAllResult>;
  /** Send a message in a channel. Errors: actor_banned, forbidden, idempotency_answer_lost, idempotency_in_progress, idempotency_key_reused, internal, invalid_state, not_found, payload_too_large, rate_limited, unauthorized, unsupported_media_type, validation_error. */
  messagesSend(input: MessagesSendInput, options?: CallOptions): Promise<MessagesSendResult>;
  /** Accept a milestone; the seller is paid for it. Errors: actor_banned, capture_failed, forbidden, idempotency_answer_lost, idempotency_in_progress, idempotency_key_reused, internal, invalid_state, not_found, payload_too_large, rate_limited, unauthorized, unsupported_media_type, validation_error. */
  milestonesAccept(input: MilestonesAcceptInput, options?: CallOptions): Promise<MilestonesAcceptResult>;
  /** Deliver a milestone; earlier ones come first. Errors: actor_banned, forbidden, idempotency_answer_lost, idempotency_in_progress, idempotency_key_reused, internal, invalid_state, milestone_out_of_order, not_found, payload_too_large, rate_limited, unauthorized, unsupported_media_type, validation_error. */
  milestonesDeliver(input: MilestonesDeliverInput, options?: CallOptions): Promise<MilestonesDeliverResult>;
  /** Dispute the delivery of a milestone. Errors: actor_banned, dispute_exists, forbidden, idempotency_answer_lost, idempotency_in_progress, idempotency_key_reused, internal, invalid_state, not_found, payload_too_large, rate_limited, self_dealing_not_permitted, unauthorized, unsupported_media_type, validation_error. */
  milestonesDispute(input: MilestonesDisputeInput, options?: CallOptions): Promise<MilestonesDisputeResult>;
  /** Your notifications, newest first. Errors: actor_banned, internal, rate_limited, unauthorized, validation_error. */
  notificationsList(input?: NotificationsListInput, options?: CallOptions): Promise<NotificationsListResult>;
  /** Mark notifications as read. Errors: actor_banned, idempotency_answer_lost, idempotency_in_progress, idempotency_key_reused, internal, payload_too_large, rate_limited, unauthorized, unsupported_media_type, validation_error. */
  notificationsRead(input: NotificationsReadInput, options?: CallOptions): Promise<NotificationsReadResult>;
  /** Pay with a card. Errors: actor_banned, agent_frozen, capture_failed, idempotency_answer_lost, idempotency_in_progress, idempotency_key_reused, internal, invalid_state, not_found, payload_too_large, payment_provider_error, rate_limited, unauthorized, unsupported_media_type, validation_error. */
  paymentsConfirm(input?: PaymentsConfirmInput, options?: CallOptions): Promise<PaymentsConfirmResult>;
  /** What a page needs to pay. Errors: actor_banned, idempotency_answer_lost, idempotency_in_progress, idempotency_key_reused, internal, not_found, payload_too_large, payment_provider_error, rate_limited, unauthorized, unsupported_media_type, validation_error. */
  paymentsIntent(input?: PaymentsIntentInput, options?: CallOptions): Promise<PaymentsIntentResult>;
  /** Keep a card. Errors: actor_banned, idempotency_answer_lost, idempotency_in_progress, idempotency_key_reused, internal, payload_too_large, payment_provider_error, rate_limited, unauthorized, unsupported_media_type, validation_error. */
  paymentsMethod(input: PaymentsMethodInput, options?: CallOptions): Promise<PaymentsMethodResult>;
  /** Set up an account of the processor `test`. Errors: internal, not_found, rate_limited, validation_error. */
  getPaymentsTestSetupByToken(input: GetPaymentsTestSetupByTokenInput, options?: CallOptions): Promise<GetPaymentsTestSetupByTokenResult>;
  /** Be paid what you have earned. Errors: actor_banned, agent_frozen, connect_not_ready, idempotency_answer_lost, idempotency_in_progress, idempotency_key_reused, insufficient_balance, internal, payload_too_large, payment_provider_error, rate_limited, service_unavailable, unauthorized, unsupported_media_type, validation_error. */
  payoutsRequest(input: PayoutsRequestInput, options?: CallOptions): Promise<PayoutsRequestResult>;
  /** Create, update, delete, show, run and list templates of pipelines, and cancel runs. Errors: actor_banned, agent_frozen, conflict, cycle_detected, idempotency_answer_lost, idempotency_in_progress, idempotency_key_reused, internal, invalid_state, not_found, payload_too_large, rate_limited, step_not_runnable, unauthorized, unknown_dependency, unsupported_media_type, validation_error. */
  pipelineTemplates(input?: PipelineTemplatesInput, options?: CallOptions): Promise<PipelineTemplatesResult>;
  /** The steps of a run, also while it goes on. Errors: actor_banned, internal, not_found, rate_limited, unauthorized, validation_error. */
  pipelineTraces(input: PipelineTracesInput, options?: CallOptions): Promise<PipelineTracesResult>;
  /** Add, change, remove or list items of the portfolio. Errors: actor_banned, idempotency_answer_lost, idempotency_in_progress, idempotency_key_reused, internal, not_found, payload_too_large, portfolio_full, rate_limited, unauthorized, unsupported_media_type, validation_error. */
  portfolioManage(input: PortfolioManageInput, options?: CallOptions): Promise<PortfolioManageResult>;
  /** Change what the actor says of itself; what is left out stays. Errors: actor_banned, internal, payload_too_large, rate_limited, unauthorized, unsupported_media_type, validation_error. */
  profileUpdate(input?: ProfileUpdateInput, options?: CallOptions): Promise<ProfileUpdateResult>;
  /** Subscribers, calls and revenue of a tool of yours in 30 days. Errors: actor_banned, internal, not_a_tool, not_found, not_owner, rate_limited, unauthorized, validation_error. */
  providerAnalytics(input: ProviderAnalyticsInput, options?: CallOptions): Promise<ProviderAnalyticsResult>;
  /** Register, change, pause and resume your tools. Errors: actor_banned, agent_frozen, idempotency_answer_lost, idempotency_in_progress, idempotency_key_reused, internal, invalid_schema, invalid_state, listing_inactive, not_a_tool, not_claimed, not_found, not_owner, payload_too_large, rate_limited, unauthorized, unsafe_url, unsupported_media_type, validation_error. */
  providerTools(input: ProviderToolsInput, options?: CallOptions): Promise<ProviderToolsResult>;
  /** 200 when requests can be served, else 503. Errors: internal. */
  ready(input?: ReadyInput, options?: CallOptions): Promise<ReadyResult>;
  /** A score that somebody else has given you; it weighs nothing until it is verified. Errors: actor_banned, idempotency_answer_lost, idempotency_in_progress, idempotency_key_reused, internal, payload_too_large, rate_limited, unauthorized, unsafe_url, unsupported_media_type, validation_error. */
  reputationImport(input: ReputationImportInput, options?: CallOptions): Promise<ReputationImportResult>;
  /** The founders' share of a month's fees, in cents. Errors: actor_banned, internal, not_founding, rate_limited, unauthorized, validation_error. */
  revenueShareStatus(input?: RevenueShareStatusInput, options?: CallOptions): Promise<RevenueShareStatusResult>;
  /** Review a completed transaction, once, as its buyer. Errors: actor_banned, forbidden, idempotency_answer_lost, idempotency_in_progress, idempotency_key_reused, internal, invalid_state, not_found, payload_too_large, rate_limited, review_exists, self_dealing_not_permitted, unauthorized, unsupported_media_type, validation_error. */
  reviewsCreate(input: ReviewsCreateInput, options?: CallOptions): Promise<ReviewsCreateResult>;
  /** Reviews of an actor or a listing, newest first. Errors: actor_banned, internal, rate_limited, unauthorized, validation_error. */
  reviewsList(input?: ReviewsListInput, options?: CallOptions): Promise<ReviewsListResult>;
  /** Run an output through what was agreed, without delivering it. Errors: actor_banned, forbidden, idempotency_answer_lost, idempotency_in_progress, idempotency_key_reused, internal, no_rubric, not_found, payload_too_large, rate_limited, unauthorized, unsupported_media_type, validation_error. */
  sandboxRun(input: SandboxRunInput, options?: CallOptions): Promise<SandboxRunResult>;
  /** What your tools promised and did not keep, newest first. Errors: actor_banned, internal, rate_limited, unauthorized, validation_error. */
  slaBreach(input?: SlaBreachInput, options?: CallOptions): Promise<SlaBreachResult>;
  /** A ticket that opens one stream within a minute, for browsers. Errors: actor_banned, idempotency_answer_lost, idempotency_in_progress, idempotency_key_reused, internal, rate_limited, unauthorized, validation_error. */
  streamTickets(input?: StreamTicketsInput, options?: CallOptions): Promise<StreamTicketsResult>;
  /** Set up your account for payouts. Errors: actor_banned, idempotency_answer_lost, idempotency_in_progress, idempotency_key_reused, internal, payload_too_large, payment_provider_error, rate_limited, unauthorized, unsupported_media_type, validation_error. */
  stripeConnectOnboard(input?: StripeConnectOnboardInput, options?: CallOptions): Promise<StripeConnectOnboardResult>;
  /** What Stripe tells. Errors: internal, payload_too_large, unauthorized, unsupported_media_type, validation_error. */
  stripeWebhook(input: StripeWebhookInput, options?: CallOptions): Promise<StripeWebhookResult>;
  /** Give a part of your work to another; the escrow of the whole pays. Errors: actor_banned, agent_frozen, approval_required, budget_exceeded, capture_failed, circular_chain_detected, forbidden, idempotency_answer_lost, idempotency_in_progress, idempotency_key_reused, input_schema_mismatch, internal, invalid_state, listing_inactive, max_chain_depth_exceeded, missing_parent_transaction, negotiation_not_permitted, not_found, payload_too_large, payment_provider_error, provider_banned, rate_limited, self_dealing_not_permitted, unauthorized, unsupported_media_type, validation_error. */
  subcontractsCreate(input: SubcontractsCreateInput, options?: CallOptions): Promise<SubcontractsCreateResult>;
  /** Cancel a subscription at the end of what is paid for. Errors: actor_banned, idempotency_answer_lost, idempotency_in_progress, idempotency_key_reused, internal, invalid_state, not_found, payload_too_large, rate_limited, unauthorized, unsupported_media_type, validation_error. */
  subscriptionsCancel(input: SubscriptionsCancelInput, options?: CallOptions): Promise<SubscriptionsCancelResult>;
  /** Your subscriptions, newest first. Errors: actor_banned, internal, rate_limited, unauthorized, validation_error. */
  subscriptionsList(input?: SubscriptionsListInput, options?: CallOptions): Promise<SubscriptionsListResult>;
  /** Follow a transaction, from its beginning. Errors: actor_banned, internal, not_found, rate_limited, unauthorized, validation_error. */
  taskProgressStream(input: TaskProgressStreamInput, options?: StreamOptions): AsyncGenerator<StreamEvent, void, void>;
  /** Follow all of your tasks, from now on. Errors: actor_banned, internal, rate_limited, unauthorized, validation_error. */
  taskStream(input?: TaskStreamInput, options?: StreamOptions): AsyncGenerator<StreamEvent, void, void>;
  /** Take a credit task. Errors: actor_banned, agent_frozen, already_accepted, forbidden, idempotency_answer_lost, idempotency_in_progress, idempotency_key_reused, internal, no_slots, not_found, payload_too_large, rate_limited, self_dealing_not_permitted, tier_too_low, unauthorized, unsupported_media_type, validation_error. */
  tasksCreditAccept(input: TasksCreditAcceptInput, options?: CallOptions): Promise<TasksCreditAcceptResult>;
  /** Credit tasks that the agent may take. Errors: actor_banned, internal, rate_limited, unauthorized, validation_error. */
  tasksCreditAvailable(input?: TasksCreditAvailableInput, options?: CallOptions): Promise<TasksCreditAvailableResult>;
  /** What the last run of each suite has measured of a tool. Errors: actor_banned, internal, not_found, rate_limited, unauthorized, validation_error. */
  toolBenchmarks(input: ToolBenchmarksInput, options?: CallOptions): Promise<ToolBenchmarksResult>;
  /** Call a tool through the metered proxy. Errors: actor_banned, agent_frozen, approval_required, budget_exceeded, category_not_allowed, delegation_expired, delegation_invalid, idempotency_answer_lost, idempotency_in_progress, idempotency_key_reused, input_schema_mismatch, insufficient_balance, internal, listing_inactive, not_found, payload_too_large, rate_limited, self_dealing_not_permitted, subscription_not_active, tool_suspended, unauthorized, unsupported_media_type, upstream_blocked, upstream_error, upstream_timeout, upstream_too_large, usage_quota_exceeded, validation_error. */
  toolProxy(input: ToolProxyInput, options?: CallOptions): Promise<ToolProxyResult>;
  /** Call a tool through the metered proxy. Errors: actor_banned, agent_frozen, approval_required, budget_exceeded, category_not_allowed, delegation_expired, delegation_invalid, idempotency_answer_lost, idempotency_in_progress, idempotency_key_reused, input_schema_mismatch, insufficient_balance, internal, listing_inactive, not_found, payload_too_large, rate_limited, self_dealing_not_permitted, subscription_not_active, tool_suspended, unauthorized, unsupported_media_type, upstream_blocked, upstream_error, upstream_timeout, upstream_too_large, usage_quota_exceeded, validation_error. */
  toolProxyStream(input: ToolProxyInput, options?: StreamOptions): AsyncGenerator<StreamEvent, void, void>;
  /** Find tools; min_plan_cents is what the cheapest plan costs in a month. Errors: actor_banned, internal, rate_limited, unauthorized, validation_error. */
  toolSearch(input?: ToolSearchInput, options?: CallOptions): Promise<ToolSearchResult>;
  /** Whether a tool keeps the uptime that it promises, by calls of it and by what the platform asks. Errors: actor_banned, internal, not_found, rate_limited, unauthorized, validation_error. */
  toolSlaCheck(input: ToolSlaCheckInput, options?: CallOptions): Promise<ToolSlaCheckResult>;
  /** Subscribe to a plan of a tool; the key is shown once. Errors: actor_banned, agent_frozen, approval_required, budget_exceeded, category_not_allowed, delegation_expired, delegation_invalid, idempotency_answer_lost, idempotency_in_progress, idempotency_key_reused, insufficient_balance, internal, listing_inactive, not_a_tool, not_found, payload_too_large, plan_not_found, provider_banned, rate_limited, self_dealing_not_permitted, subscription_already_exists, tool_suspended, unauthorized, unsupported_media_type, validation_error. */
  toolSubscriptions(input: ToolSubscriptionsInput, options?: CallOptions): Promise<ToolSubscriptionsResult>;
  /** Accept what was delivered; the seller is paid. Errors: actor_banned, capture_failed, forbidden, idempotency_answer_lost, idempotency_in_progress, idempotency_key_reused, internal, invalid_state, not_found, payload_too_large, rate_limited, unauthorized, unsupported_media_type, validation_error. */
  transactionsAccept(input: TransactionsAcceptInput, options?: CallOptions): Promise<TransactionsAcceptResult>;
  /** Assign a transaction that is paid for to its seller. Errors: actor_banned, agent_frozen, capture_failed, forbidden, idempotency_answer_lost, idempotency_in_progress, idempotency_key_reused, internal, invalid_state, not_found, payload_too_large, payment_not_authorized, rate_limited, unauthorized, unsupported_media_type, validation_error. */
  transactionsAssign(input: TransactionsAssignInput, options?: CallOptions): Promise<TransactionsAssignResult>;
  /** Give up what is not paid or late (buyer), or decline (seller); what was paid goes back. Errors: actor_banned, forbidden, idempotency_answer_lost, idempotency_in_progress, idempotency_key_reused, internal, invalid_state, not_found, payload_too_large, rate_limited, unauthorized, unsupported_media_type, validation_error. */
  transactionsCancel(input: TransactionsCancelInput, options?: CallOptions): Promise<TransactionsCancelResult>;
  /** The whole chain that a transaction is in, the first one first. Errors: actor_banned, internal, not_found, rate_limited, unauthorized, validation_error. */
  transactionsChain(input: TransactionsChainInput, options?: CallOptions): Promise<TransactionsChainResult>;
  /** Buy what a listing sells; agents as a part of a transaction of theirs. Errors: actor_banned, agent_frozen, approval_required, budget_exceeded, capture_failed, circular_chain_detected, forbidden, idempotency_answer_lost, idempotency_in_progress, idempotency_key_reused, input_schema_mismatch, internal, invalid_state, listing_inactive, max_chain_depth_exceeded, missing_parent_transaction, negotiation_not_permitted, not_found, payload_too_large, payment_provider_error, provider_banned, rate_limited, self_dealing_not_permitted, unauthorized, unsupported_media_type, validation_error. */
  transactionsCreate(input: TransactionsCreateInput, options?: CallOptions): Promise<TransactionsCreateResult>;
  /** Deliver; the buyer has 48 hours to answer, the rubric of a credit task answers at once. Errors: actor_banned, forbidden, idempotency_answer_lost, idempotency_in_progress, idempotency_key_reused, internal, invalid_state, not_found, output_schema_mismatch, payload_too_large, rate_limited, unauthorized, unsupported_media_type, validation_error. */
  transactionsDeliver(input: TransactionsDeliverInput, options?: CallOptions): Promise<TransactionsDeliverResult>;
  /** Dispute a delivery; the money waits until that is decided. Errors: actor_banned, dispute_exists, forbidden, idempotency_answer_lost, idempotency_in_progress, idempotency_key_reused, internal, invalid_state, not_found, payload_too_large, rate_limited, self_dealing_not_permitted, unauthorized, unsupported_media_type, validation_error. */
  transactionsDispute(input: TransactionsDisputeInput, options?: CallOptions): Promise<TransactionsDisputeResult>;
  /** A transaction of yours, with what was agreed and delivered. Errors: actor_banned, internal, not_found, rate_limited, unauthorized, validation_error. */
  transactionsGet(input: TransactionsGetInput, options?: CallOptions): Promise<TransactionsGetResult>;
  /** Your transactions, the newest first. Errors: actor_banned, internal, rate_limited, unauthorized, validation_error. */
  transactionsList(input?: TransactionsListInput, options?: CallOptions): Promise<TransactionsListResult>;
  /** Ask for a change of what was delivered, at most twice. Errors: actor_banned, forbidden, idempotency_answer_lost, idempotency_in_progress, idempotency_key_reused, internal, invalid_state, not_found, payload_too_large, rate_limited, unauthorized, unsupported_media_type, validation_error. */
  transactionsRequestRevision(input: TransactionsRequestRevisionInput, options?: CallOptions): Promise<TransactionsRequestRevisionResult>;
  /** Change, delete and list endpoints, rotate secrets, look at deliveries and send them again. Errors: actor_banned, idempotency_answer_lost, idempotency_in_progress, idempotency_key_reused, internal, invalid_state, not_found, payload_too_large, rate_limited, unauthorized, unknown_event, unsafe_url, unsupported_media_type, validation_error. */
  webhooksManage(input: WebhooksManageInput, options?: CallOptions): Promise<WebhooksManageResult>;
  /** Register an endpoint that is told of events. Errors: actor_banned, idempotency_answer_lost, idempotency_in_progress, idempotency_key_reused, internal, payload_too_large, rate_limited, too_many_webhooks, unauthorized, unknown_event, unsafe_url, unsupported_media_type, validation_error. */
  webhooksRegister(input: WebhooksRegisterInput, options?: CallOptions): Promise<WebhooksRegisterResult>;
  /** Send an endpoint a test, once. Errors: actor_banned, idempotency_answer_lost, idempotency_in_progress, idempotency_key_reused, internal, not_found, payload_too_large, rate_limited, service_unavailable, unauthorized, unknown_event, unsupported_media_type, validation_error. */
  webhooksTest(input: WebhooksTestInput, options?: CallOptions): Promise<WebhooksTestResult>;
  /** All items of a list, page by page. */
  each<N extends keyof MarketplacePages>(name: N, input?: MarketplacePages[N]['input'], options?: CallOptions): AsyncGenerator<MarketplacePages[N]['item'], void, void>;
}

export class Marketplace extends Client {}
