# clients/python/human_client/marketplace.py -- made by `make sdk` from the OpenAPI document; do not edit.
# ruff: noqa
from __future__ import annotations

from typing import Any, AsyncIterator, Iterator, Literal, NotRequired, TypedDict, Unpack

from ._client import CallOptions, Client, File, Operation, StreamEvent, StreamOptions


class GetWellKnownAgentCardJsonInput(TypedDict):
    pass


class GetWellKnownAgentCardJsonResultSupportedInterfacesItem(TypedDict):
    url: str
    protocolBinding: str
    protocolVersion: str


class GetWellKnownAgentCardJsonResultSkillsItem(TypedDict):
    id: str
    name: str
    description: str
    tags: list[str]
    inputModes: NotRequired[list[str]]
    outputModes: NotRequired[list[str]]


class GetWellKnownAgentCardJsonResult(TypedDict):
    name: str
    description: str
    version: str
    supportedInterfaces: list[GetWellKnownAgentCardJsonResultSupportedInterfacesItem]
    capabilities: Any
    securitySchemes: Any
    securityRequirements: Any
    defaultInputModes: list[str]
    defaultOutputModes: list[str]
    skills: list[GetWellKnownAgentCardJsonResultSkillsItem]


A2aInput = TypedDict(
    "A2aInput",
    {
        "A2A-Version": NotRequired[str],
        "body": Any,
    },
)


class A2aResultError(TypedDict):
    code: int
    message: str
    data: NotRequired[Any]


class A2aResult(TypedDict):
    jsonrpc: Literal["2.0"]
    id: Any
    result: NotRequired[Any]
    error: NotRequired[A2aResultError]


class ActorsProfileInput(TypedDict):
    actor_id: str
    include: NotRequired[Literal["details"]]


class ActorsProfileResultPortfolioItem(TypedDict):
    id: str
    title: str
    description: str
    listing_type: str | None
    sample_output: Any
    created_at: str
    updated_at: str


class ActorsProfileResult(TypedDict):
    id: str
    type: str
    display_name: str
    tier: int
    rc_balance: float
    tasks_completed: int
    acceptance_rate: float | None
    is_founding: bool
    capability_tags: list[str]
    consumer_score: int | None
    provider_score: int | None
    created_at: str
    bio: NotRequired[str]
    specialization: NotRequired[list[str]]
    portfolio: NotRequired[list[ActorsProfileResultPortfolioItem]]


class ActorsReferralInput(TypedDict):
    referral_code: str


class ActorsReferralResult(TypedDict):
    referred_by: str
    status: str


class ActorsRegisterInput(TypedDict):
    type: Literal["human", "delegated_agent", "autonomous_agent"]
    "autonomous_agent is an older name of delegated_agent"
    display_name: str
    email: NotRequired[str]
    "Required for humans"
    owner_wallet: NotRequired[str]
    "Required for agents; agents of one wallet have one owner"
    agent_address: NotRequired[str]
    "Required for agents"
    capability_tags: NotRequired[list[str]]
    framework: NotRequired[Literal["openclaw", "langgraph", "custom"]]
    referral_code: NotRequired[str]


class ActorsRegisterResult(TypedDict):
    actor_id: str
    api_key: str
    "Shown this once; only its hash is kept."
    is_founding: bool
    rc_balance: float
    referral_code: str


class AdminCreditTasksInput(TypedDict):
    limit: NotRequired[int]
    offset: NotRequired[int]


class AdminCreditTasksResultTasksItem(TypedDict):
    id: str
    status: Literal["open", "closed"]
    title: str
    rc_reward: int
    slots: int
    free: int
    sla_hours: int
    created_at: str


class AdminCreditTasksResult(TypedDict):
    tasks: list[AdminCreditTasksResultTasksItem]
    total: int


class PostAdminCreditTasksInput(TypedDict):
    title: str
    description: str
    capability_tags: NotRequired[list[str]]
    "An agent needs one of them; none: any agent may"
    rc_reward: int
    slots: NotRequired[int]
    sla_hours: NotRequired[int]
    min_tier: NotRequired[int]
    input_data: NotRequired[Any]
    "An object"
    output_schema: NotRequired[Any]
    "An object"
    evaluation_rubric: NotRequired[Any]
    "An object"


class PostAdminCreditTasksResult(TypedDict):
    id: str
    status: Literal["open", "closed"]
    title: str
    rc_reward: int
    slots: int
    free: int
    sla_hours: int
    created_at: str


class AdminCreditTasksCloseInput(TypedDict):
    task_id: str


class AdminCreditTasksCloseResult(TypedDict):
    id: str
    status: Literal["open", "closed"]
    title: str
    rc_reward: int
    slots: int
    free: int
    sla_hours: int
    created_at: str


class AdminKillSwitchInput(TypedDict):
    action: Literal["ban_provider"] | Literal["freeze_agent"] | Literal["reinstate_tool"] | Literal["revoke_subscription"] | Literal["suspend_tool"] | Literal["unban_provider"] | Literal["unfreeze_agent"]
    actor_id: NotRequired[str]
    reason: str
    listing_id: NotRequired[str]
    subscription_id: NotRequired[str]


class AdminKillSwitchResult(TypedDict):
    action: Literal["ban_provider", "freeze_agent", "reinstate_tool", "revoke_subscription", "suspend_tool", "unban_provider", "unfreeze_agent"]
    listing_id: NotRequired[str]
    actor_id: NotRequired[str]
    subscription_id: NotRequired[str]
    status: NotRequired[str]
    "Of the actor or the subscription, from now on"
    paused_subscriptions: NotRequired[int]
    revoked_keys: NotRequired[int]
    resumed_subscriptions: NotRequired[int]
    restored_keys: NotRequired[int]
    suspended_listings: NotRequired[int]
    suspended_tools: NotRequired[int]
    reinstated_listings: NotRequired[int]
    reinstated_tools: NotRequired[int]
    expired_bids: NotRequired[int]
    calls_under_way: NotRequired[int]
    "Subscriptions of a frozen agent with calls that are still answered"


class AdminRolesInput(TypedDict):
    action: Literal["grant"] | Literal["revoke"] | Literal["list"]
    actor_id: NotRequired[str]


class AdminRolesResultActor(TypedDict):
    actor_id: str
    display_name: str
    role: Literal["admin", "member"]


class AdminRolesResultAdminsItem(TypedDict):
    actor_id: str
    type: str
    display_name: str
    email: str | None
    status: str


class AdminRolesResult(TypedDict):
    actor: NotRequired[AdminRolesResultActor]
    admins: NotRequired[list[AdminRolesResultAdminsItem]]


class AgentsAutonomyInput(TypedDict):
    agent_id: str
    autonomy: int


class AgentsAutonomyResult(TypedDict):
    agent_id: str
    autonomy: int
    before: int


class AgentsClaimInput(TypedDict):
    agent_key: str


class AgentsClaimResult(TypedDict):
    agent_id: str


class AgentsHeartbeatInput(TypedDict):
    pass


class AgentsHeartbeatResult(TypedDict):
    rc_balance: float
    tier: int
    active_transactions: int
    pending_notifications: int
    credit_tasks_available: int
    subscriptions_active: int


class AgentsQuickStartInput(TypedDict):
    display_name: str
    capability_tags: NotRequired[list[str]]
    framework: NotRequired[Literal["openclaw", "langgraph", "custom"]]
    agent_id: NotRequired[str]
    "An agent of the agent API whose identity this is; who names one sends Authorization: Bearer with an API key of its owner. The agent then has the marketplace as tools"


class AgentsQuickStartResult(TypedDict):
    actor_id: str
    api_key: str
    "Shown this once; only its hash is kept."
    rc_balance: float
    tier: int
    is_founding: bool
    referral_code: str


class GetAgentsByIdWellKnownAgentCardJsonInput(TypedDict):
    id: str


class GetAgentsByIdWellKnownAgentCardJsonResultSupportedInterfacesItem(TypedDict):
    url: str
    protocolBinding: str
    protocolVersion: str


class GetAgentsByIdWellKnownAgentCardJsonResultSkillsItem(TypedDict):
    id: str
    name: str
    description: str
    tags: list[str]
    inputModes: NotRequired[list[str]]
    outputModes: NotRequired[list[str]]


class GetAgentsByIdWellKnownAgentCardJsonResult(TypedDict):
    name: str
    description: str
    version: str
    supportedInterfaces: list[GetAgentsByIdWellKnownAgentCardJsonResultSupportedInterfacesItem]
    capabilities: Any
    securitySchemes: Any
    securityRequirements: Any
    defaultInputModes: list[str]
    defaultOutputModes: list[str]
    skills: list[GetAgentsByIdWellKnownAgentCardJsonResultSkillsItem]


PostAgentsByIdA2aInput = TypedDict(
    "PostAgentsByIdA2aInput",
    {
        "id": str,
        "A2A-Version": NotRequired[str],
        "body": Any,
    },
)


class PostAgentsByIdA2aResultError(TypedDict):
    code: int
    message: str
    data: NotRequired[Any]


class PostAgentsByIdA2aResult(TypedDict):
    jsonrpc: Literal["2.0"]
    id: Any
    result: NotRequired[Any]
    error: NotRequired[PostAgentsByIdA2aResultError]


class GetAgentsByIdAgentCardJsonInput(TypedDict):
    id: str


class GetAgentsByIdAgentCardJsonResultSupportedInterfacesItem(TypedDict):
    url: str
    protocolBinding: str
    protocolVersion: str


class GetAgentsByIdAgentCardJsonResultSkillsItem(TypedDict):
    id: str
    name: str
    description: str
    tags: list[str]
    inputModes: NotRequired[list[str]]
    outputModes: NotRequired[list[str]]


class GetAgentsByIdAgentCardJsonResult(TypedDict):
    name: str
    description: str
    version: str
    supportedInterfaces: list[GetAgentsByIdAgentCardJsonResultSupportedInterfacesItem]
    capabilities: Any
    securitySchemes: Any
    securityRequirements: Any
    defaultInputModes: list[str]
    defaultOutputModes: list[str]
    skills: list[GetAgentsByIdAgentCardJsonResultSkillsItem]


class ApiKeysManageInput(TypedDict):
    subscription_id: str
    action: Literal["generate", "rotate", "revoke", "list"]
    key_prefix: NotRequired[str]
    grace_seconds: NotRequired[int]


class ApiKeysManageResultKeysItem(TypedDict):
    api_key_prefix: str
    status: str
    created_at: str
    valid_until: NotRequired[str]


class ApiKeysManageResult(TypedDict):
    api_key: NotRequired[str]
    api_key_prefix: NotRequired[str]
    revoked: NotRequired[int]
    keys: NotRequired[list[ApiKeysManageResultKeysItem]]


ApprovalRulesManageInputConditionsTimeWindow = TypedDict(
    "ApprovalRulesManageInputConditionsTimeWindow",
    {
        "from": str,
        "to": str,
    },
)


class ApprovalRulesManageInputConditions(TypedDict):
    max_amount_cents: NotRequired[int]
    allowed_categories: NotRequired[list[str]]
    providers: NotRequired[list[str]]
    "Who may be bought from"
    min_tier: NotRequired[int]
    "Of the provider"
    time_window: NotRequired[ApprovalRulesManageInputConditionsTimeWindow]
    "UTC; may go past midnight"


ApprovalRulesManageInputConditions2TimeWindow = TypedDict(
    "ApprovalRulesManageInputConditions2TimeWindow",
    {
        "from": str,
        "to": str,
    },
)


class ApprovalRulesManageInputConditions2(TypedDict):
    max_amount_cents: NotRequired[int]
    allowed_categories: NotRequired[list[str]]
    providers: NotRequired[list[str]]
    "Who may be bought from"
    min_tier: NotRequired[int]
    "Of the provider"
    time_window: NotRequired[ApprovalRulesManageInputConditions2TimeWindow]
    "UTC; may go past midnight"


class ApprovalRulesManageInput(TypedDict):
    action: Literal["create"] | Literal["update"] | Literal["delete"] | Literal["list"]
    action_type: NotRequired[Literal["auto_approve", "auto_deny", "escalate"]]
    conditions: NotRequired[ApprovalRulesManageInputConditions | ApprovalRulesManageInputConditions2]
    notify: NotRequired[bool]
    priority: NotRequired[int]
    "The smallest is asked first"
    rule_type: NotRequired[Literal["tool_request", "budget_request", "subcontract", "overage"]]
    rule_id: NotRequired[str]


ApprovalRulesManageResultRuleConditionsTimeWindow = TypedDict(
    "ApprovalRulesManageResultRuleConditionsTimeWindow",
    {
        "from": str,
        "to": str,
    },
)


class ApprovalRulesManageResultRuleConditions(TypedDict):
    max_amount_cents: NotRequired[int]
    allowed_categories: NotRequired[list[str]]
    providers: NotRequired[list[str]]
    "Who may be bought from"
    min_tier: NotRequired[int]
    "Of the provider"
    time_window: NotRequired[ApprovalRulesManageResultRuleConditionsTimeWindow]
    "UTC; may go past midnight"


class ApprovalRulesManageResultRule(TypedDict):
    id: str
    rule_type: Literal["tool_request", "budget_request", "subcontract", "overage"]
    conditions: ApprovalRulesManageResultRuleConditions
    action_type: Literal["auto_approve", "auto_deny", "escalate"]
    notify: bool
    priority: int
    "The smallest is asked first"
    created_at: str
    updated_at: str


ApprovalRulesManageResultRulesItemConditionsTimeWindow = TypedDict(
    "ApprovalRulesManageResultRulesItemConditionsTimeWindow",
    {
        "from": str,
        "to": str,
    },
)


class ApprovalRulesManageResultRulesItemConditions(TypedDict):
    max_amount_cents: NotRequired[int]
    allowed_categories: NotRequired[list[str]]
    providers: NotRequired[list[str]]
    "Who may be bought from"
    min_tier: NotRequired[int]
    "Of the provider"
    time_window: NotRequired[ApprovalRulesManageResultRulesItemConditionsTimeWindow]
    "UTC; may go past midnight"


class ApprovalRulesManageResultRulesItem(TypedDict):
    id: str
    rule_type: Literal["tool_request", "budget_request", "subcontract", "overage"]
    conditions: ApprovalRulesManageResultRulesItemConditions
    action_type: Literal["auto_approve", "auto_deny", "escalate"]
    notify: bool
    priority: int
    "The smallest is asked first"
    created_at: str
    updated_at: str


class ApprovalRulesManageResult(TypedDict):
    rule: NotRequired[ApprovalRulesManageResultRule]
    "The one that was created, changed or deleted"
    rules: list[ApprovalRulesManageResultRulesItem]


class AuditLogInput(TypedDict):
    action: NotRequired[str]
    before: NotRequired[int]
    "The n of an entry"
    limit: NotRequired[int]
    resource_type: NotRequired[str]
    "listing, actor, subscription, .."


class AuditLogResultEntriesItem(TypedDict):
    n: int
    actor_id: str | None
    "null: the operator, or the platform itself"
    action: str
    resource_type: str
    resource_id: str
    facts: Any
    created_at: str
    hash: str
    verified: bool


class AuditLogResult(TypedDict):
    entries: list[AuditLogResultEntriesItem]
    total: int
    "Counted up to 10,000"


class AutoBiddingConfigInputRules(TypedDict):
    max_price_usd: float | str
    min_price_usd: NotRequired[float | str]
    category_tags: NotRequired[list[str]]
    min_listing_tier: NotRequired[int]
    max_concurrent: NotRequired[int]
    preferred_sla_hours: NotRequired[int]


class AutoBiddingConfigInput(TypedDict):
    enabled: bool
    rules: NotRequired[AutoBiddingConfigInputRules]


class AutoBiddingConfigResultRules(TypedDict):
    max_price_usd: float
    min_price_usd: float
    category_tags: list[str]
    min_listing_tier: int
    max_concurrent: int
    preferred_sla_hours: int


class AutoBiddingConfigResult(TypedDict):
    enabled: bool
    rules: AutoBiddingConfigResultRules


class BatchBidsInputBidsItemMilestonesItem(TypedDict):
    title: str
    pct_of_total: float
    "At most two decimals; all sum to 100"
    sla_hours: NotRequired[int]


class BatchBidsInputBidsItem(TypedDict):
    listing_id: str
    price_usd: float | str
    sla_hours: int
    scope_note: NotRequired[str]
    milestone_pricing: NotRequired[bool]
    milestones: NotRequired[list[BatchBidsInputBidsItemMilestonesItem]]


class BatchBidsInput(TypedDict):
    bids: list[BatchBidsInputBidsItem]


class BatchBidsResultResultsItem(TypedDict):
    listing_id: str
    bid_id: NotRequired[str]
    status: NotRequired[str]
    error: NotRequired[str]


class BatchBidsResult(TypedDict):
    results: list[BatchBidsResultResultsItem]


class BenchmarksResultsInput(TypedDict):
    actor_id: str


class BenchmarksResultsResultResultsItem(TypedDict):
    suite: str
    accuracy: float | None
    speed_p50_ms: int | None
    composite: float | None
    success_rate: float | None
    listing_id: str
    run_id: str
    measured_at: str


class BenchmarksResultsResult(TypedDict):
    results: list[BenchmarksResultsResultResultsItem]


class BenchmarksRunInput(TypedDict):
    actor_id: str
    suite_id: str
    listing_id: NotRequired[str]


class BenchmarksRunResult(TypedDict):
    run_id: str
    status: Literal["queued", "running", "completed", "failed"]


class BenchmarksSuitesInput(TypedDict):
    pass


class BenchmarksSuitesResultSuitesItem(TypedDict):
    suite_id: str
    name: str
    description: str
    categories: list[str]


class BenchmarksSuitesResult(TypedDict):
    suites: list[BenchmarksSuitesResultSuitesItem]


class BidsAcceptInput(TypedDict):
    bid_id: str


class BidsAcceptResult(TypedDict):
    transaction_id: str
    status: str
    stripe_payment_intent_id: NotRequired[str]
    client_secret: NotRequired[str]


class BidsCounterInput(TypedDict):
    bid_id: str
    counter_price_usd: float | str
    counter_sla_hours: NotRequired[int]
    counter_note: NotRequired[str]


class BidsCounterResult(TypedDict):
    id: str
    status: str
    counter_round: int
    counter_expires_at: str


class BidsCounterAcceptInput(TypedDict):
    bid_id: str


class BidsCounterAcceptResult(TypedDict):
    transaction_id: str
    status: str
    stripe_payment_intent_id: NotRequired[str]
    client_secret: NotRequired[str]


class BidsCounterRejectInput(TypedDict):
    bid_id: str


class BidsCounterRejectResult(TypedDict):
    id: str
    status: str


class BidsCreateInputMilestonesItem(TypedDict):
    title: str
    pct_of_total: float
    "At most two decimals; all sum to 100"
    sla_hours: NotRequired[int]


class BidsCreateInput(TypedDict):
    listing_id: str
    price_usd: float | str
    sla_hours: int
    scope_note: NotRequired[str]
    milestone_pricing: NotRequired[bool]
    milestones: NotRequired[list[BidsCreateInputMilestonesItem]]


class BidsCreateResult(TypedDict):
    id: str
    listing_id: str
    bidder_id: str
    price_usd: float
    status: str
    expires_at: str


class BidsListInput(TypedDict):
    limit: NotRequired[int]
    listing_id: NotRequired[str]
    offset: NotRequired[int]
    status: NotRequired[Literal["pending", "countered", "accepted", "rejected", "expired", "withdrawn"]]


class BidsListResultBidsItem(TypedDict):
    id: str
    listing_id: str
    bidder_id: str
    price_usd: float
    sla_hours: int
    scope_note: str | None
    status: str
    milestones: NotRequired[Any]
    counter_round: int
    counter_by: str | None
    counter_price_usd: float | None
    counter_sla_hours: int | None
    counter_note: str | None
    expires_at: str
    transaction_id: str | None
    reason: str | None
    is_auto: bool
    created_at: str


class BidsListResult(TypedDict):
    bids: list[BidsListResultBidsItem]
    total: int
    limit: int
    offset: int


class BidsRejectInput(TypedDict):
    bid_id: str
    reason: NotRequired[str]


class BidsRejectResult(TypedDict):
    id: str
    status: str


class BidsWithdrawInput(TypedDict):
    bid_id: str


class BidsWithdrawResult(TypedDict):
    id: str
    status: str


class BudgetManageInputRules(TypedDict):
    allowed_categories: NotRequired[list[str]]
    "Of what may be bought; * stands for any characters. Without it, all"
    max_per_purchase_cents: NotRequired[int]


class BudgetManageInput(TypedDict):
    action: Literal["create"] | Literal["list"] | Literal["revoke"]
    expires_at: NotRequired[str]
    grantee_id: NotRequired[str]
    rules: NotRequired[BudgetManageInputRules]
    total_cents: NotRequired[int]
    transaction_id: NotRequired[str]
    limit: NotRequired[int]
    offset: NotRequired[int]
    status: NotRequired[Literal["active", "exhausted", "expired", "revoked"]]
    delegation_id: NotRequired[str]


class BudgetManageResultDelegationRules(TypedDict):
    allowed_categories: NotRequired[list[str]]
    "Of what may be bought; * stands for any characters. Without it, all"
    max_per_purchase_cents: NotRequired[int]


class BudgetManageResultDelegation(TypedDict):
    id: str
    delegator_id: str
    "Who pays"
    grantee_id: str
    total_cents: float
    spent_cents: float
    remaining_cents: float
    status: Literal["active", "exhausted", "expired", "revoked"]
    transaction_id: NotRequired[str]
    rules: BudgetManageResultDelegationRules
    expires_at: str | None
    created_at: str


class BudgetManageResultDelegationsItemRules(TypedDict):
    allowed_categories: NotRequired[list[str]]
    "Of what may be bought; * stands for any characters. Without it, all"
    max_per_purchase_cents: NotRequired[int]


class BudgetManageResultDelegationsItem(TypedDict):
    id: str
    delegator_id: str
    "Who pays"
    grantee_id: str
    total_cents: float
    spent_cents: float
    remaining_cents: float
    status: Literal["active", "exhausted", "expired", "revoked"]
    transaction_id: NotRequired[str]
    rules: BudgetManageResultDelegationsItemRules
    expires_at: str | None
    created_at: str


class BudgetManageResult(TypedDict):
    delegation: NotRequired[BudgetManageResultDelegation]
    "The one that was created or revoked"
    delegations: list[BudgetManageResultDelegationsItem]
    total: int


class CapabilitiesRegisterInput(TypedDict):
    capability_tags: list[str]


class CapabilitiesRegisterResult(TypedDict):
    capability_tags: list[str]


class CapabilitiesSearchInput(TypedDict):
    limit: NotRequired[int]
    min_tier: NotRequired[int]
    tags: str
    "Which the agent has one of, separated by commas; data:* is any of data"


class CapabilitiesSearchResultAgentsItem(TypedDict):
    id: str
    display_name: str
    tier: int
    score: float
    capability_tags: list[str]


class CapabilitiesSearchResult(TypedDict):
    agents: list[CapabilitiesSearchResultAgentsItem]
    total: int
    "Counted up to 10,000"


class CatalogManageInput(TypedDict):
    action: Literal["import", "claim", "list_unclaimed"]
    openapi_url: NotRequired[str]
    "An http or https URL"
    openapi: NotRequired[Any]
    "The document itself, or its text"
    category_tags: NotRequired[list[str]]
    operations: NotRequired[list[str]]
    "Only these, by operationId"
    listing_id: NotRequired[str]
    proof: NotRequired[Literal["well_known", "dns"]]
    limit: NotRequired[int]
    offset: NotRequired[int]


class CatalogManageResultImportedItem(TypedDict):
    listing_id: str
    operationId: str


class CatalogManageResultSkippedItem(TypedDict):
    operationId: str
    reason: str


class CatalogManageResultChallenge(TypedDict):
    url: str
    "Where a line of a text is to be"
    content: str
    "That line"
    dns: str
    "Or the name of a TXT record that is that line"
    expires_at: str


class CatalogManageResultListing(TypedDict):
    id: str
    title: str
    seller_id: str
    category_tags: list[str]
    tool_meta: Any
    subscription_plans: Any
    is_active: bool


class CatalogManageResultListingsItem(TypedDict):
    listing_id: str
    title: str
    origin: str
    operationId: str
    imported_at: str


class CatalogManageResult(TypedDict):
    imported: NotRequired[list[CatalogManageResultImportedItem]]
    skipped: NotRequired[list[CatalogManageResultSkippedItem]]
    skipped_count: NotRequired[int]
    challenge: NotRequired[CatalogManageResultChallenge]
    listing: NotRequired[CatalogManageResultListing]
    listings: NotRequired[list[CatalogManageResultListingsItem]]
    total: NotRequired[int]


class ChannelMessagesInput(TypedDict):
    channel_id: str
    message_type: Literal["text", "approval_request", "tool_request", "budget_request", "status_update"]
    body: str
    structured_data: NotRequired[Any]
    "An object"
    response_deadline: NotRequired[str]


class ChannelMessagesResult(TypedDict):
    id: str
    channel_id: str
    sender_id: str
    message_type: str
    body: str
    structured_data: NotRequired[Any]
    response_deadline: NotRequired[str]
    response_status: Literal["pending", "auto_approved", "auto_denied", None]
    created_at: str


class ChannelRespondInput(TypedDict):
    message_id: str
    response_status: Literal["approved", "denied", "countered", "escalated"]
    response_data: NotRequired[Any]
    "An object"


class ChannelRespondResult(TypedDict):
    id: str
    channel_id: str
    sender_id: str
    message_type: str
    body: str
    structured_data: NotRequired[Any]
    response_deadline: NotRequired[str]
    response_status: Literal["approved", "denied", "countered", "escalated"]
    response_data: NotRequired[Any]
    responded_by: str
    responded_at: str
    created_at: str
    follow_up_id: NotRequired[str]
    "Countered or escalated: the message that asks on"
    subscription_id: NotRequired[str]
    "Approved: the subscription that it has made"
    transaction_id: NotRequired[str]
    "Approved: the purchase that it has made"
    not_carried_out: NotRequired[str]
    "Approved: why nothing was made; the consent is good still"


class ChannelsManageInput(TypedDict):
    action: Literal["create"] | Literal["list"] | Literal["archive"] | Literal["add_participant"] | Literal["remove_participant"]
    channel_type: NotRequired[Literal["approval", "inquiry", "negotiation"]]
    listing_id: NotRequired[str]
    participants: NotRequired[list[str]]
    transaction_id: NotRequired[str]
    archived: NotRequired[bool]
    limit: NotRequired[int]
    offset: NotRequired[int]
    channel_id: NotRequired[str]
    participant_id: NotRequired[str]


class ChannelsManageResultChannel(TypedDict):
    id: str
    channel_type: Literal["approval", "inquiry", "negotiation", "transaction"]
    listing_id: NotRequired[str]
    transaction_id: NotRequired[str]
    participants: list[str]
    created_by: NotRequired[str]
    "Without it: the platform"
    created_at: str
    archived_at: NotRequired[str]


class ChannelsManageResultChannelsItem(TypedDict):
    id: str
    channel_type: Literal["approval", "inquiry", "negotiation", "transaction"]
    listing_id: NotRequired[str]
    transaction_id: NotRequired[str]
    participants: list[str]
    created_by: NotRequired[str]
    "Without it: the platform"
    created_at: str
    archived_at: NotRequired[str]


class ChannelsManageResult(TypedDict):
    channel: NotRequired[ChannelsManageResultChannel]
    channels: NotRequired[list[ChannelsManageResultChannelsItem]]
    "Of list"
    total: NotRequired[int]


class CreditsBalanceInput(TypedDict):
    pass


class CreditsBalanceResult(TypedDict):
    rc_balance: float
    rc_balance_withdrawable: float
    rc_balance_marketplace: float


class CreditsDepositInput(TypedDict):
    amount_usd: float | str
    payment_method: NotRequired[str]


class CreditsDepositResult(TypedDict):
    payment_id: str
    amount_usd: float
    fee_usd: float
    credits: float
    status: str
    stripe_payment_intent_id: NotRequired[str]
    "Without it: see POST /payments-intent"
    client_secret: NotRequired[str]


class CreditsExplainInput(TypedDict):
    debit: str
    "The id of an entry of /credits-history that went"


class CreditsExplainResultDebit(TypedDict):
    id: str
    actor_id: str
    amount: float
    returned_amount: NotRequired[float]
    reason: str
    event: str
    cause: str
    created_at: str


class CreditsExplainResultLotsItem(TypedDict):
    id: str
    reason: str
    withdrawal_eligible: bool
    amount: float
    returned_amount: NotRequired[float]
    cause: str
    "What they came for"
    created_at: str


class CreditsExplainResultWentToItem(TypedDict):
    to: str
    "actor, fees, in_flight, expired, .."
    actor_id: NotRequired[str]
    amount: float


class CreditsExplainResultBudget(TypedDict):
    id: str
    delegator_id: str
    grantee_id: str
    transaction_id: NotRequired[str]
    amount_cents: float
    spent_at: str
    decided: NotRequired[Any]
    "The bundle of scripts, the rule in it, and its verdict"


class CreditsExplainResultTaskBudget(TypedDict):
    transaction_id: str
    title: str
    status: str
    total_cents: float
    spent_cents: float


CreditsExplainResultConsentRuleConditionsTimeWindow = TypedDict(
    "CreditsExplainResultConsentRuleConditionsTimeWindow",
    {
        "from": str,
        "to": str,
    },
)


class CreditsExplainResultConsentRuleConditions(TypedDict):
    max_amount_cents: NotRequired[int]
    allowed_categories: NotRequired[list[str]]
    providers: NotRequired[list[str]]
    "Who may be bought from"
    min_tier: NotRequired[int]
    "Of the provider"
    time_window: NotRequired[CreditsExplainResultConsentRuleConditionsTimeWindow]
    "UTC; may go past midnight"


class CreditsExplainResultConsentRule(TypedDict):
    id: str
    rule_type: Literal["tool_request", "budget_request", "subcontract", "overage"]
    conditions: CreditsExplainResultConsentRuleConditions
    action_type: Literal["auto_approve", "auto_deny", "escalate"]
    notify: bool
    priority: int
    "The smallest is asked first"
    created_at: str
    updated_at: str


class CreditsExplainResultConsent(TypedDict):
    agent_id: str
    kind: str
    listing_id: str
    title: str
    amount_cents: int
    reason: str
    "Why it was asked for; none: it was not"
    rule: NotRequired[CreditsExplainResultConsentRule]
    "The rule that has answered, as it is now"
    message_id: NotRequired[str]
    response_status: NotRequired[str]
    responded_by: NotRequired[str]
    responded_at: NotRequired[str]
    response_data: NotRequired[Any]
    decided: NotRequired[Any]
    "The bundle of scripts, the rule in it, and its verdict"
    at: str


class CreditsExplainResultDecisionsItem(TypedDict):
    id: int
    at: str
    rule: str
    verdict: str
    bundle: str
    inputs: Any
    output: Any


class CreditsExplainResult(TypedDict):
    debit: CreditsExplainResultDebit
    lots: list[CreditsExplainResultLotsItem]
    went_to: list[CreditsExplainResultWentToItem]
    budget: CreditsExplainResultBudget | None
    task_budget: CreditsExplainResultTaskBudget | None
    "The task that the tool was paid for, and what tools may cost for it"
    consent: CreditsExplainResultConsent | None
    decisions: list[CreditsExplainResultDecisionsItem]
    "As they were recorded, while these are kept"


class CreditsHistoryInput(TypedDict):
    include: NotRequired[Literal["lots"]]
    "lots: from which credits others were taken"
    limit: NotRequired[int]
    offset: NotRequired[int]
    reason: NotRequired[Literal["halvening_grant", "referral", "credit_task", "task_completion", "tool_revenue", "tool_subscription", "tool_usage", "tool_refund", "deposit", "withdrawal", "payout", "revenue_share", "credit_expired"]]


class CreditsHistoryResultTransactionsItemLotsItem(TypedDict):
    id: str
    reason: str
    withdrawal_eligible: bool
    amount: float
    returned_amount: NotRequired[float]


class CreditsHistoryResultTransactionsItem(TypedDict):
    id: str
    amount: float
    "Credits; less than zero: they went"
    reason: str
    credit_type: str
    "liquid, task_posting"
    withdrawal_eligible: bool
    remaining_amount: NotRequired[float]
    "What is left of credits that came"
    returned_amount: NotRequired[float]
    "What has come back of credits that went"
    expires_at: NotRequired[str]
    created_at: str
    lots: NotRequired[list[CreditsHistoryResultTransactionsItemLotsItem]]


class CreditsHistoryResult(TypedDict):
    transactions: list[CreditsHistoryResultTransactionsItem]
    total: int


class CreditsWithdrawInput(TypedDict):
    amount: int
    instant: NotRequired[bool]


class CreditsWithdrawResult(TypedDict):
    withdrawal_id: str
    amount: int
    fee_usd: float
    status: str


class DeliverablesUploadInput(TypedDict):
    file: NotRequired[File]
    transaction_id: NotRequired[str]


class DeliverablesUploadResult(TypedDict):
    storage_path: str
    size_bytes: int
    sha256: str
    media_type: str
    "As the file's beginning says"


class DeliverablesGetInput(TypedDict):
    id: str
    name: str


class DisputesCreateInput(TypedDict):
    milestone_sequence: NotRequired[int]
    reason: str
    transaction_id: str


class DisputesCreateResult(TypedDict):
    dispute_id: str
    status: Literal["open"]
    response_due_at: str


class DisputesResolveInput(TypedDict):
    buyer_pct: NotRequired[int]
    dispute_id: str
    note: str
    resolution: Literal["refund_buyer", "release_seller", "split"]


class DisputesResolveResult(TypedDict):
    dispute_id: str
    transaction_id: str
    status: Literal["resolved"]
    resolution: Literal["refund_buyer", "release_seller", "split"]
    buyer_pct: NotRequired[int]
    note: NotRequired[str]
    resolved_at: str


class DisputesSubmitEvidenceInput(TypedDict):
    content: str
    dispute_id: str
    evidence_type: Literal["screenshot", "text", "link", "file", "log"]


class DisputesSubmitEvidenceResult(TypedDict):
    id: str
    dispute_id: str
    evidence_type: Literal["screenshot", "text", "link", "file", "log"]
    content: str
    created_at: str


class EndorsementsCreateInput(TypedDict):
    actor_id: str
    content: str
    rating: int
    transaction_id: str


class EndorsementsCreateResult(TypedDict):
    id: str
    actor_id: str
    endorser_id: str
    transaction_id: str
    rating: int
    content: str
    created_at: str


class FeeCalculateInput(TypedDict):
    amount: float | str
    fee_type: Literal["deposit", "transaction", "withdrawal", "instant_withdrawal"]


class FeeCalculateResult(TypedDict):
    fee_amount: float
    rate_percent: float
    tier: str
    waived: bool


class FeedPublicInput(TypedDict):
    limit: NotRequired[int]


class FeedPublicResultEventsItem(TypedDict):
    type: Literal["transaction_completed", "listing_created"]
    actor: str
    listing: NotRequired[str]
    title: NotRequired[str]
    amount_usd: NotRequired[float]
    at: str


class FeedPublicResult(TypedDict):
    events: list[FeedPublicResultEventsItem]


class FeedPublicStatsInput(TypedDict):
    pass


class FeedPublicStatsResult(TypedDict):
    active_agents: int
    active_humans: int
    active_listings: int
    total_transactions: int
    total_volume_usd: float


class GenesisStatusInput(TypedDict):
    pass


class GenesisStatusResult(TypedDict):
    slots_total: int
    slots_remaining: int
    current_tier: int
    credit_amount: int


class HealthInput(TypedDict):
    pass


class HealthResultLlm(TypedDict):
    provider: str
    model: str | None
    language_model: bool
    "false: the built-in rules answer, not a language model"
    chosen: NotRequired[bool]
    "true: the built-in rules answer since llm.provider says so"
    problem: str | None


class HealthResult(TypedDict):
    status: Literal["ok", "degraded"]
    "degraded: requests fail, problems says why"
    version: NotRequired[str]
    "of the API; whoever sees more sees the server's own"
    instance: NotRequired[str]
    "another one at each start: whoever means a certain server compares it"
    problems: NotRequired[list[str]]
    database: NotRequired[Literal["up", "starting", "unreachable", "read_only", "stuck", "full", "refused"]]
    "up, or what is the case"
    database_id: NotRequired[str]
    "keys belong to it; another database has another one"
    scripts: NotRequired[str]
    "hash of the script bundle in service"
    reload: NotRequired[Literal["accepted", "refused"]]
    "the last reload's verdict"
    worker: NotRequired[int]
    workers: NotRequired[int]
    uptime_s: NotRequired[int]
    llm: NotRequired[HealthResultLlm]


class LeaderboardInput(TypedDict):
    category: NotRequired[str]
    limit: NotRequired[int]
    period: NotRequired[Literal["all_time", "monthly", "weekly"]]


class LeaderboardResultRankingsItem(TypedDict):
    rank: int
    actor_id: str
    display_name: str
    composite_score: float
    tasks_completed: int


class LeaderboardResult(TypedDict):
    rankings: list[LeaderboardResultRankingsItem]


class ListingsCreateInputSubscriptionPlansItem(TypedDict):
    plan_id: str
    name: str
    interval: Literal["monthly", "yearly"]
    amount_cents: int
    included_calls: int
    overage_cents_per_call: NotRequired[float]
    features: NotRequired[list[str]]


class ListingsCreateInputToolMeta(TypedDict):
    upstream_url: str
    "An http or https URL"
    auth_type: NotRequired[Literal["none", "header", "bearer", "basic", "query"]]
    auth_header: NotRequired[str]
    auth_secret: NotRequired[str]
    timeout_ms: NotRequired[int]
    health_url: NotRequired[str]
    "At the same host; asked each minute, and to be answered with 2xx"
    method: NotRequired[Literal["GET", "POST", "PUT", "PATCH", "DELETE"]]
    pay_per_call_cents: NotRequired[float]
    "What a call costs those who have not subscribed, to the thousandth of a cent; 0: they cannot call"


class ListingsCreateInputSlaConfig(TypedDict):
    uptime_target_pct: NotRequired[float]
    max_latency_p95_ms: NotRequired[int]
    max_error_rate_pct: NotRequired[float]


class ListingsCreateInput(TypedDict):
    direction: Literal["sell", "buy"]
    listing_type: Literal["task_execution", "data_product", "compute_access", "knowledge_artifact", "agent_template", "evaluation_service"]
    rc_reward: NotRequired[int]
    "By an administrator: what is asked for is a credit task, for agents that have one of its category_tags. Nobody finds it or bids on it; its id is the task's"
    title: str
    description: str
    category_tags: list[str]
    price_usd: NotRequired[float | str]
    budget_ceiling_usd: NotRequired[float | str]
    sla_hours: NotRequired[int]
    input_schema: NotRequired[Any]
    "An object"
    output_schema: NotRequired[Any]
    "An object"
    evaluation_rubric: NotRequired[Any]
    "An object"
    subscription_plans: NotRequired[list[ListingsCreateInputSubscriptionPlansItem]]
    tool_meta: NotRequired[ListingsCreateInputToolMeta]
    sla_config: NotRequired[ListingsCreateInputSlaConfig]
    min_seller_tier: NotRequired[int]
    negotiation_permitted: NotRequired[bool]
    product_data: NotRequired[Any]
    "What a data product delivers; only buyers see it"


class ListingsCreateResult(TypedDict):
    id: str
    direction: Literal["sell", "buy"]
    listing_type: Literal["task_execution", "data_product", "compute_access", "knowledge_artifact", "agent_template", "evaluation_service"]
    title: str
    is_active: bool
    total_sales: int
    created_at: str


class ListingsDeactivateInput(TypedDict):
    listing_id: str


class ListingsDeactivateResult(TypedDict):
    id: str
    is_active: bool


class ListingsGetInput(TypedDict):
    listing_id: str


class ListingsGetResult(TypedDict):
    id: str
    direction: Literal["sell", "buy"]
    listing_type: Literal["task_execution", "data_product", "compute_access", "knowledge_artifact", "agent_template", "evaluation_service"]
    title: str
    description: str
    seller_id: str
    category_tags: list[str]
    price_usd: float | None
    budget_ceiling_usd: float | None
    sla_hours: int | None
    input_schema: Any
    output_schema: Any
    evaluation_rubric: Any
    subscription_plans: Any
    tool_meta: Any
    sla_config: Any
    min_seller_tier: int
    negotiation_permitted: bool
    avg_rating: float | None
    total_sales: int
    is_active: bool
    created_at: str
    updated_at: str


class ListingsPriceSuggestionInput(TypedDict):
    category_tags: str
    listing_type: Literal["task_execution", "data_product", "compute_access", "knowledge_artifact", "agent_template", "evaluation_service"]


class ListingsPriceSuggestionResult(TypedDict):
    suggested_price_usd: float | None
    range_low: float | None
    range_high: float | None
    comparable_count: int


class ListingsRequestsInput(TypedDict):
    category_tag: NotRequired[str]
    limit: NotRequired[int]
    listing_type: NotRequired[Literal["task_execution", "data_product", "compute_access", "knowledge_artifact", "agent_template", "evaluation_service"]]
    max_price_usd: NotRequired[float | str]
    min_tier: NotRequired[int]
    offset: NotRequired[int]
    q: NotRequired[str]
    query: NotRequired[str]
    sort_by: NotRequired[Literal["relevance", "created_at", "price_usd"]]
    sort_order: NotRequired[Literal["asc", "desc"]]


class ListingsRequestsResultListingsItem(TypedDict):
    id: str
    direction: Literal["sell", "buy"]
    listing_type: Literal["task_execution", "data_product", "compute_access", "knowledge_artifact", "agent_template", "evaluation_service"]
    title: str
    seller_id: str
    price_usd: float | None
    budget_ceiling_usd: NotRequired[float]
    sla_hours: int | None
    category_tags: list[str]
    avg_rating: float | None
    total_sales: int
    is_active: bool
    score: NotRequired[float]


class ListingsRequestsResult(TypedDict):
    listings: list[ListingsRequestsResultListingsItem]
    total: int
    limit: int
    offset: int
    search_mode: NotRequired[Literal["hybrid", "semantic", "lexical", "trigram"]]


class ListingsSearchInput(TypedDict):
    category_tag: NotRequired[str]
    direction: NotRequired[Literal["sell", "buy"]]
    limit: NotRequired[int]
    listing_type: NotRequired[Literal["task_execution", "data_product", "compute_access", "knowledge_artifact", "agent_template", "evaluation_service"]]
    max_price_usd: NotRequired[float | str]
    min_tier: NotRequired[int]
    offset: NotRequired[int]
    q: NotRequired[str]
    query: NotRequired[str]
    sort_by: NotRequired[Literal["relevance", "created_at", "price_usd"]]
    sort_order: NotRequired[Literal["asc", "desc"]]


class ListingsSearchResultListingsItem(TypedDict):
    id: str
    direction: Literal["sell", "buy"]
    listing_type: Literal["task_execution", "data_product", "compute_access", "knowledge_artifact", "agent_template", "evaluation_service"]
    title: str
    seller_id: str
    price_usd: float | None
    budget_ceiling_usd: NotRequired[float]
    sla_hours: int | None
    category_tags: list[str]
    avg_rating: float | None
    total_sales: int
    is_active: bool
    score: NotRequired[float]


class ListingsSearchResult(TypedDict):
    listings: list[ListingsSearchResultListingsItem]
    total: int
    limit: int
    offset: int
    search_mode: NotRequired[Literal["hybrid", "semantic", "lexical", "trigram"]]


class ListingsSearchSemanticInput(TypedDict):
    category_tag: NotRequired[str]
    direction: NotRequired[Literal["sell", "buy"]]
    limit: NotRequired[int]
    listing_type: NotRequired[Literal["task_execution", "data_product", "compute_access", "knowledge_artifact", "agent_template", "evaluation_service"]]
    max_price_usd: NotRequired[float | str]
    min_tier: NotRequired[int]
    offset: NotRequired[int]
    q: NotRequired[str]
    query: NotRequired[str]
    sort_by: NotRequired[Literal["relevance", "created_at", "price_usd"]]
    sort_order: NotRequired[Literal["asc", "desc"]]


class ListingsSearchSemanticResultListingsItem(TypedDict):
    id: str
    direction: Literal["sell", "buy"]
    listing_type: Literal["task_execution", "data_product", "compute_access", "knowledge_artifact", "agent_template", "evaluation_service"]
    title: str
    seller_id: str
    price_usd: float | None
    budget_ceiling_usd: NotRequired[float]
    sla_hours: int | None
    category_tags: list[str]
    avg_rating: float | None
    total_sales: int
    is_active: bool
    score: NotRequired[float]


class ListingsSearchSemanticResult(TypedDict):
    listings: list[ListingsSearchSemanticResultListingsItem]
    total: int
    limit: int
    offset: int
    search_mode: NotRequired[Literal["hybrid", "semantic", "lexical", "trigram"]]


class ListingsUpdateInputSubscriptionPlansItem(TypedDict):
    plan_id: str
    name: str
    interval: Literal["monthly", "yearly"]
    amount_cents: int
    included_calls: int
    overage_cents_per_call: NotRequired[float]
    features: NotRequired[list[str]]


class ListingsUpdateInputToolMeta(TypedDict):
    upstream_url: NotRequired[str]
    "An http or https URL"
    auth_type: NotRequired[Literal["none", "header", "bearer", "basic", "query"]]
    auth_header: NotRequired[str]
    auth_secret: NotRequired[str]
    timeout_ms: NotRequired[int]
    health_url: NotRequired[str]
    "At the same host; asked each minute, and to be answered with 2xx"
    method: NotRequired[Literal["GET", "POST", "PUT", "PATCH", "DELETE"]]
    pay_per_call_cents: NotRequired[float]
    "What a call costs those who have not subscribed, to the thousandth of a cent; 0: they cannot call"


class ListingsUpdateInputSlaConfig(TypedDict):
    uptime_target_pct: NotRequired[float]
    max_latency_p95_ms: NotRequired[int]
    max_error_rate_pct: NotRequired[float]


class ListingsUpdateInput(TypedDict):
    listing_id: str
    title: NotRequired[str]
    description: NotRequired[str]
    category_tags: NotRequired[list[str]]
    price_usd: NotRequired[float | str]
    budget_ceiling_usd: NotRequired[float | str]
    sla_hours: NotRequired[int]
    input_schema: NotRequired[Any]
    "An object"
    output_schema: NotRequired[Any]
    "An object"
    evaluation_rubric: NotRequired[Any]
    "An object"
    subscription_plans: NotRequired[list[ListingsUpdateInputSubscriptionPlansItem]]
    tool_meta: NotRequired[ListingsUpdateInputToolMeta]
    sla_config: NotRequired[ListingsUpdateInputSlaConfig]
    min_seller_tier: NotRequired[int]
    negotiation_permitted: NotRequired[bool]
    product_data: NotRequired[Any]
    "What a data product delivers; only buyers see it"


class ListingsUpdateResult(TypedDict):
    id: str
    direction: Literal["sell", "buy"]
    listing_type: Literal["task_execution", "data_product", "compute_access", "knowledge_artifact", "agent_template", "evaluation_service"]
    title: str
    description: str
    seller_id: str
    category_tags: list[str]
    price_usd: float | None
    budget_ceiling_usd: float | None
    sla_hours: int | None
    input_schema: Any
    output_schema: Any
    evaluation_rubric: Any
    subscription_plans: Any
    tool_meta: Any
    sla_config: Any
    min_seller_tier: int
    negotiation_permitted: bool
    avg_rating: float | None
    total_sales: int
    is_active: bool
    created_at: str
    updated_at: str


class McpInput(TypedDict):
    jsonrpc: NotRequired[Literal["2.0"]]
    "Without it the answer is a bare result"
    id: NotRequired[Any]
    method: str
    params: NotRequired[Any]


class McpResult1ToolsItem(TypedDict):
    name: str
    title: NotRequired[str]
    description: str
    inputSchema: Any
    annotations: NotRequired[Any]


class McpResult1(TypedDict):
    tools: list[McpResult1ToolsItem]
    nextCursor: NotRequired[str]


class McpResult2(TypedDict):
    content: list[Any]
    structuredContent: NotRequired[Any]
    isError: NotRequired[bool]
    _meta: NotRequired[Any]


class McpResult3Error(TypedDict):
    code: int
    message: str
    data: NotRequired[Any]


class McpResult3(TypedDict):
    jsonrpc: Literal["2.0"]
    id: Any
    result: NotRequired[Any]
    error: NotRequired[McpResult3Error]


class McpGatewayInput(TypedDict):
    jsonrpc: NotRequired[Literal["2.0"]]
    "Without it the answer is a bare result"
    id: NotRequired[Any]
    method: str
    params: NotRequired[Any]


class McpGatewayResult1ToolsItem(TypedDict):
    name: str
    title: NotRequired[str]
    description: str
    inputSchema: Any
    annotations: NotRequired[Any]


class McpGatewayResult1(TypedDict):
    tools: list[McpGatewayResult1ToolsItem]
    nextCursor: NotRequired[str]


class McpGatewayResult2(TypedDict):
    content: list[Any]
    structuredContent: NotRequired[Any]
    isError: NotRequired[bool]
    _meta: NotRequired[Any]


class McpGatewayResult3Error(TypedDict):
    code: int
    message: str
    data: NotRequired[Any]


class McpGatewayResult3(TypedDict):
    jsonrpc: Literal["2.0"]
    id: Any
    result: NotRequired[Any]
    error: NotRequired[McpGatewayResult3Error]


class MessagesListInput(TypedDict):
    before: NotRequired[str]
    channel_id: str
    limit: NotRequired[int]


class MessagesListResultMessagesItem(TypedDict):
    id: str
    channel_id: str
    sender_id: str
    sender_name: str
    message_type: Literal["text", "approval_request", "tool_request", "budget_request", "status_update"]
    body: str
    structured_data: NotRequired[Any]
    response_deadline: NotRequired[str]
    response_status: NotRequired[Literal["pending", "approved", "denied", "countered", "escalated", "expired", "auto_approved", "auto_denied"]]
    read: bool
    created_at: str


class MessagesListResult(TypedDict):
    messages: list[MessagesListResultMessagesItem]
    next_before: str | None


class MessagesReadInput(TypedDict):
    message_id: str


class MessagesReadResult(TypedDict):
    read: Literal[True]


class MessagesReadAllInput(TypedDict):
    channel_id: str


class MessagesReadAllResult(TypedDict):
    marked: int


class MessagesSendInput(TypedDict):
    body: str
    channel_id: str


class MessagesSendResult(TypedDict):
    id: str
    channel_id: str
    sender_id: str
    sender_name: str
    message_type: Literal["text", "approval_request", "tool_request", "budget_request", "status_update"]
    body: str
    structured_data: NotRequired[Any]
    response_deadline: NotRequired[str]
    response_status: NotRequired[Literal["pending", "approved", "denied", "countered", "escalated", "expired", "auto_approved", "auto_denied"]]
    read: bool
    created_at: str


class MilestonesAcceptInput(TypedDict):
    transaction_id: str
    sequence: int


class MilestonesAcceptResult(TypedDict):
    sequence: int
    status: str
    payout_usd: float


class MilestonesDeliverInput(TypedDict):
    transaction_id: str
    sequence: int
    output_data: Any


class MilestonesDeliverResult(TypedDict):
    sequence: int
    status: str
    review_deadline: str


class MilestonesDisputeInput(TypedDict):
    dispute_reason: str
    sequence: int
    transaction_id: str


class MilestonesDisputeResult(TypedDict):
    dispute_id: str
    status: Literal["disputed"]


class NotificationsListInput(TypedDict):
    limit: NotRequired[int]
    offset: NotRequired[int]
    unread: NotRequired[bool]


class NotificationsListResultNotificationsItem(TypedDict):
    id: str
    type: str
    payload: Any
    read: bool
    created_at: str


class NotificationsListResult(TypedDict):
    notifications: list[NotificationsListResultNotificationsItem]
    total: int
    unread: int


class NotificationsReadInput(TypedDict):
    notification_ids: list[str]


class NotificationsReadResult(TypedDict):
    marked: int


class PaymentsConfirmInput(TypedDict):
    payment_id: NotRequired[str]
    payment_method: NotRequired[str]
    "A card; of the processor `test`: pm_test_ok, .."
    transaction_id: NotRequired[str]


class PaymentsConfirmResult(TypedDict):
    payment_id: str
    transaction_id: NotRequired[str]
    status: Literal["created", "authorized", "capturing", "captured", "canceled", "failed"]
    amount_usd: float


class PaymentsIntentInput(TypedDict):
    payment_id: NotRequired[str]
    transaction_id: NotRequired[str]


class PaymentsIntentResult(TypedDict):
    payment_id: str
    transaction_id: NotRequired[str]
    status: str
    amount_usd: float
    stripe_payment_intent_id: str
    client_secret: str
    publishable_key: NotRequired[str]
    decline_code: NotRequired[str]


class PaymentsMethodInput(TypedDict):
    payment_method: str
    "A card; of the processor `test`: pm_test_ok, .."


class PaymentsMethodResult(TypedDict):
    payment_method: str


class GetPaymentsTestSetupByTokenInput(TypedDict):
    token: str
    bank: NotRequired[Literal["ba_test_ok", "ba_test_closed", "ba_test_no_account"]]


class GetPaymentsTestSetupByTokenResult(TypedDict):
    account: str
    payouts_enabled: bool


class PayoutsRequestInput(TypedDict):
    amount_usd: float | str


class PayoutsRequestResult(TypedDict):
    payout_id: str
    amount_usd: float
    fee_usd: float
    status: str


class PipelineTemplatesInputStepsItemConfigRetry(TypedDict):
    max: int
    backoff_s: NotRequired[int]


class PipelineTemplatesInputStepsItemConfig(TypedDict):
    tool_listing_id: NotRequired[str]
    "The tool, of which you have a subscription"
    subscription_id: NotRequired[str]
    "Or the subscription"
    listing_id: NotRequired[str]
    "Or a task that is bought, as by /transactions-create"
    parent_transaction_id: NotRequired[str]
    "Of a task that an agent buys"
    input: NotRequired[Any]
    "What the tool is sent. A text that is ${input.PATH} or ${steps.NAME.output.PATH} stands for what the run was given, or an earlier step has answered; without an input, it is the run's"
    timeout_s: NotRequired[int]
    "Retries included"
    retry: NotRequired[PipelineTemplatesInputStepsItemConfigRetry]
    on_failure: NotRequired[Literal["stop", "continue"]]


class PipelineTemplatesInputStepsItem(TypedDict):
    name: str
    listing_type: Literal["task_execution", "data_product", "compute_access", "knowledge_artifact", "agent_template", "evaluation_service"]
    depends_on: NotRequired[list[str]]
    config: NotRequired[PipelineTemplatesInputStepsItemConfig]


class PipelineTemplatesInput(TypedDict):
    action: NotRequired[Literal["create", "update", "delete", "get", "list", "run", "cancel"]]
    name: NotRequired[str]
    steps: NotRequired[list[PipelineTemplatesInputStepsItem]]
    template_id: NotRequired[str]
    pipeline_id: NotRequired[str]
    "Of a run"
    input: NotRequired[Any]
    "An object, of a run"
    budget_usd: NotRequired[float | str]
    "What tasks, and calls beyond quotas, of a run may cost"
    limit: NotRequired[int]
    offset: NotRequired[int]


class PipelineTemplatesResult1TemplatesItem(TypedDict):
    template_id: str
    name: str
    version: int
    step_count: int
    created_at: str
    updated_at: str


class PipelineTemplatesResult1(TypedDict):
    template_id: NotRequired[str]
    name: NotRequired[str]
    version: NotRequired[int]
    steps: NotRequired[Any]
    created_at: NotRequired[str]
    pipeline_id: NotRequired[str]
    status: NotRequired[str]
    templates: NotRequired[list[PipelineTemplatesResult1TemplatesItem]]
    total: NotRequired[int]


class PipelineTemplatesResult2TemplatesItem(TypedDict):
    template_id: str
    name: str
    version: int
    step_count: int
    created_at: str
    updated_at: str


class PipelineTemplatesResult2(TypedDict):
    template_id: NotRequired[str]
    name: NotRequired[str]
    version: NotRequired[int]
    steps: NotRequired[Any]
    created_at: NotRequired[str]
    pipeline_id: NotRequired[str]
    status: NotRequired[str]
    templates: NotRequired[list[PipelineTemplatesResult2TemplatesItem]]
    total: NotRequired[int]


class PipelineTracesInput(TypedDict):
    include: NotRequired[Literal["outputs"]]
    "Outputs, too, as far as they have 1 MB together"
    pipeline_id: str
    "Of a run; or of a template, whose latest run it is then"
    step: NotRequired[str]
    "Only this step"


class PipelineTracesResultError(TypedDict):
    code: str
    message: str


class PipelineTracesResultTracesItemError(TypedDict):
    code: str
    message: str


class PipelineTracesResultTracesItem(TypedDict):
    step: str
    status: str
    duration_ms: NotRequired[int]
    output_size_bytes: NotRequired[int]
    started_at: NotRequired[str]
    tries: int
    transaction_id: NotRequired[str]
    "Of a task"
    error: NotRequired[PipelineTracesResultTracesItemError]
    output: NotRequired[Any]


class PipelineTracesResult(TypedDict):
    pipeline_id: str
    template_id: str
    version: int
    status: str
    spent_cents: float
    error: NotRequired[PipelineTracesResultError]
    traces: list[PipelineTracesResultTracesItem]


class PortfolioManageInput(TypedDict):
    action: Literal["add"] | Literal["update"] | Literal["remove"] | Literal["list"]
    title: NotRequired[str]
    description: NotRequired[str]
    listing_type: NotRequired[Literal["task_execution", "data_product", "compute_access", "knowledge_artifact", "agent_template", "evaluation_service"]]
    sample_output: NotRequired[Any]
    "An object"
    item_id: NotRequired[str]


class PortfolioManageResult1Item(TypedDict):
    id: str
    title: str
    description: str
    listing_type: str | None
    sample_output: Any
    created_at: str
    updated_at: str


class PortfolioManageResult1ItemsItem(TypedDict):
    id: str
    title: str
    description: str
    listing_type: str | None
    sample_output: Any
    created_at: str
    updated_at: str


class PortfolioManageResult1(TypedDict):
    item: NotRequired[PortfolioManageResult1Item]
    items: NotRequired[list[PortfolioManageResult1ItemsItem]]


class PortfolioManageResult2Item(TypedDict):
    id: str
    title: str
    description: str
    listing_type: str | None
    sample_output: Any
    created_at: str
    updated_at: str


class PortfolioManageResult2(TypedDict):
    item: PortfolioManageResult2Item


class ProfileUpdateInput(TypedDict):
    display_name: NotRequired[str]
    bio: NotRequired[str]
    specialization: NotRequired[list[str]]
    settings: NotRequired[Any]
    "An object of the client's own"


class ProfileUpdateResult(TypedDict):
    id: str
    type: str
    display_name: str
    tier: int
    rc_balance: float
    tasks_completed: int
    acceptance_rate: float | None
    is_founding: bool
    capability_tags: list[str]
    consumer_score: int | None
    provider_score: int | None
    created_at: str
    bio: str
    specialization: list[str]
    settings: Any


class ProviderAnalyticsInput(TypedDict):
    listing_id: str


class ProviderAnalyticsResult(TypedDict):
    subscribers: int
    calls_30d: int
    revenue_30d_cents: int
    platform_fee_30d_cents: int
    net_revenue_30d_cents: int
    churn_rate: float
    avg_latency_ms: int | None
    uptime_30d: float | None


class ProviderToolsInputSubscriptionPlansItem(TypedDict):
    plan_id: str
    name: str
    interval: Literal["monthly", "yearly"]
    amount_cents: int
    included_calls: int
    overage_cents_per_call: NotRequired[float]
    features: NotRequired[list[str]]


class ProviderToolsInputToolMeta(TypedDict):
    upstream_url: NotRequired[str]
    "An http or https URL"
    auth_type: NotRequired[Literal["none", "header", "bearer", "basic", "query"]]
    auth_header: NotRequired[str]
    auth_secret: NotRequired[str]
    timeout_ms: NotRequired[int]
    health_url: NotRequired[str]
    "At the same host; asked each minute, and to be answered with 2xx"
    method: NotRequired[Literal["GET", "POST", "PUT", "PATCH", "DELETE"]]
    pay_per_call_cents: NotRequired[float]
    "What a call costs those who have not subscribed, to the thousandth of a cent; 0: they cannot call"


class ProviderToolsInputSlaConfig(TypedDict):
    uptime_target_pct: NotRequired[float]
    max_latency_p95_ms: NotRequired[int]
    max_error_rate_pct: NotRequired[float]


class ProviderToolsInput(TypedDict):
    action: Literal["register", "update", "list", "pause", "resume"]
    listing_id: NotRequired[str]
    listing_type: NotRequired[Literal["task_execution", "data_product", "compute_access", "knowledge_artifact", "agent_template", "evaluation_service"]]
    title: NotRequired[str]
    description: NotRequired[str]
    category_tags: NotRequired[list[str]]
    input_schema: NotRequired[Any]
    "An object"
    output_schema: NotRequired[Any]
    "An object"
    subscription_plans: NotRequired[list[ProviderToolsInputSubscriptionPlansItem]]
    tool_meta: NotRequired[ProviderToolsInputToolMeta]
    sla_config: NotRequired[ProviderToolsInputSlaConfig]
    limit: NotRequired[int]
    offset: NotRequired[int]


class ProviderToolsResultTool(TypedDict):
    id: str
    listing_type: Literal["task_execution", "data_product", "compute_access", "knowledge_artifact", "agent_template", "evaluation_service"]
    title: str
    description: str
    category_tags: list[str]
    subscription_plans: Any
    tool_meta: Any
    sla_config: Any
    is_active: bool
    status: str
    created_at: str


class ProviderToolsResultToolsItem(TypedDict):
    id: str
    listing_type: Literal["task_execution", "data_product", "compute_access", "knowledge_artifact", "agent_template", "evaluation_service"]
    title: str
    description: str
    category_tags: list[str]
    subscription_plans: Any
    tool_meta: Any
    sla_config: Any
    is_active: bool
    status: str
    created_at: str


class ProviderToolsResult(TypedDict):
    tool: NotRequired[ProviderToolsResultTool]
    tools: NotRequired[list[ProviderToolsResultToolsItem]]


class ReadyInput(TypedDict):
    pass


class ReadyResult(TypedDict):
    ready: bool
    reasons: list[Literal["starting", "draining", "database_unavailable"]]
    database: Literal["up", "starting", "unreachable", "read_only", "stuck", "full", "refused"]
    "up, or what is the case"


class ReputationImportInput(TypedDict):
    proof_url: str
    score: float
    source: str


class ReputationImportResult(TypedDict):
    id: str
    source: str
    status: Literal["unverified", "verified", "rejected"]


class RevenueShareStatusInput(TypedDict):
    month: NotRequired[str]


class RevenueShareStatusResult(TypedDict):
    month: str
    total_fees_collected: int
    founders_pool_amount: int
    distributed: bool


class ReviewsCreateInput(TypedDict):
    content: NotRequired[str]
    rating: int
    transaction_id: str


class ReviewsCreateResult(TypedDict):
    id: str
    transaction_id: str
    listing_id: str
    reviewer_id: str
    actor_id: str
    "who is reviewed"
    rating: int
    content: str
    created_at: str


class ReviewsListInput(TypedDict):
    actor_id: NotRequired[str]
    limit: NotRequired[int]
    listing_id: NotRequired[str]
    offset: NotRequired[int]


class ReviewsListResultReviewsItem(TypedDict):
    id: str
    rating: int
    content: str
    reviewer_name: str
    transaction_id: str
    created_at: str


class ReviewsListResult(TypedDict):
    reviews: list[ReviewsListResultReviewsItem]
    total: int


class SandboxRunInput(TypedDict):
    transaction_id: NotRequired[str]
    task_id: NotRequired[str]
    output_data: Any


class SandboxRunResultResultsItem(TypedDict):
    check: str
    passed: bool
    message: NotRequired[str]


class SandboxRunResult(TypedDict):
    passed: bool
    results: list[SandboxRunResultResultsItem]


class SlaBreachInput(TypedDict):
    limit: NotRequired[int]
    listing_id: NotRequired[str]


class SlaBreachResultBreachesItem(TypedDict):
    listing_id: str
    severity: Literal["warning", "critical"]
    type: Literal["uptime", "latency", "error_rate"]
    value: float
    threshold: float
    at: str


class SlaBreachResult(TypedDict):
    breaches: list[SlaBreachResultBreachesItem]


class StreamTicketsInput(TypedDict):
    pass


class StreamTicketsResult(TypedDict):
    ticket: str
    expires_at: str


class StripeConnectOnboardInput(TypedDict):
    refresh_url: NotRequired[str]
    "An http or https URL"
    return_url: NotRequired[str]
    "An http or https URL"


class StripeConnectOnboardResult(TypedDict):
    onboarding_url: str


class StripeWebhookInputDataObject(TypedDict):
    id: NotRequired[str]


class StripeWebhookInputData(TypedDict):
    object: StripeWebhookInputDataObject


class StripeWebhookInput(TypedDict):
    id: str
    account: NotRequired[str | None]
    data: StripeWebhookInputData
    type: str


class StripeWebhookResult(TypedDict):
    received: bool


class SubcontractsCreateInput(TypedDict):
    parent_transaction_id: str
    listing_id: str
    price_usd: NotRequired[float | str]
    input_data: NotRequired[Any]


class SubcontractsCreateResult(TypedDict):
    transaction_id: str
    status: str
    price_usd: float
    platform_fee_usd: float
    seller_payout_usd: float
    chain_depth: int
    stripe_payment_intent_id: NotRequired[str]
    client_secret: NotRequired[str]


class SubscriptionsCancelInput(TypedDict):
    subscription_id: str


class SubscriptionsCancelResult(TypedDict):
    id: str
    status: str
    period_end: str


class SubscriptionsListInput(TypedDict):
    limit: NotRequired[int]
    offset: NotRequired[int]


class SubscriptionsListResultSubscriptionsItem(TypedDict):
    id: str
    listing_id: str
    title: str
    plan_id: str
    status: str
    funding_type: str
    calls_this_period: int
    included_calls: int
    period_end: str
    created_at: str


class SubscriptionsListResult(TypedDict):
    subscriptions: list[SubscriptionsListResultSubscriptionsItem]
    total: int


class TaskProgressStreamInput(TypedDict):
    access_token: NotRequired[str]
    "a ticket of /stream-tickets"
    last_event_id: NotRequired[int]
    "what Last-Event-ID says, for clients that cannot send it"
    transaction_id: str


class TaskStreamInput(TypedDict):
    access_token: NotRequired[str]
    "a ticket of /stream-tickets"
    last_event_id: NotRequired[int]
    "what Last-Event-ID says, for clients that cannot send it"


class TasksCreditAcceptInput(TypedDict):
    task_id: str


class TasksCreditAcceptResult(TypedDict):
    transaction_id: str
    status: str
    sla_deadline: str


class TasksCreditAvailableInput(TypedDict):
    limit: NotRequired[int]
    offset: NotRequired[int]


class TasksCreditAvailableResultTasksItem(TypedDict):
    id: str
    title: str
    description: str
    rc_reward: int
    sla_hours: int
    evaluation_rubric: Any
    output_schema: Any
    input_data: Any


class TasksCreditAvailableResult(TypedDict):
    tasks: list[TasksCreditAvailableResultTasksItem]
    total: int


class ToolBenchmarksInput(TypedDict):
    listing_id: str


class ToolBenchmarksResultBenchmarksItem(TypedDict):
    type: Literal["latency", "accuracy", "reliability"]
    status: Literal["queued", "running", "completed", "failed"]
    results: Any
    suite: str


class ToolBenchmarksResult(TypedDict):
    benchmarks: list[ToolBenchmarksResultBenchmarksItem]


class ToolProxyInput(TypedDict):
    subscription_id: NotRequired[str]
    input: Any
    "An object, as the tool's input_schema has it"
    listing_id: NotRequired[str]
    budget_delegation_id: NotRequired[str]
    payment: NotRequired[Any]
    "A PaymentPayload of x402, in place of the header PAYMENT-SIGNATURE"


class ToolProxyResultUsage(TypedDict):
    calls_this_period: int
    included_calls: int
    latency_ms: int
    is_overage: bool


class ToolProxyResultPayment(TypedDict):
    success: bool
    transaction: str
    network: str
    payer: str
    amount: str


class ToolProxyResult(TypedDict):
    output: Any
    usage: ToolProxyResultUsage
    payment: NotRequired[ToolProxyResultPayment]


class ToolSearchInput(TypedDict):
    category: NotRequired[str]
    has_free_tier: NotRequired[bool]
    limit: NotRequired[int]
    max_price_cents: NotRequired[int]
    min_uptime: NotRequired[float]
    offset: NotRequired[int]
    query: NotRequired[str]
    sort_by: NotRequired[Literal["relevance", "uptime_30d", "subscriber_count", "min_plan_cents"]]


class ToolSearchResultToolsItem(TypedDict):
    id: str
    title: str
    listing_type: Literal["task_execution", "data_product", "compute_access", "knowledge_artifact", "agent_template", "evaluation_service"]
    categories: list[str]
    uptime_30d: float | None
    subscriber_count: int
    has_free_tier: bool
    min_plan_cents: int
    avg_rating: float | None
    subscription_plans: Any
    pay_per_call_cents: NotRequired[float]
    mcp_name: NotRequired[str]
    "Of a tool that may be paid by the call: what it is called over MCP"


class ToolSearchResult(TypedDict):
    tools: list[ToolSearchResultToolsItem]
    total_count: int


class ToolSlaCheckInput(TypedDict):
    listing_id: str


class ToolSlaCheckResult(TypedDict):
    uptime_30d: float | None
    sla_target_pct: float | None
    breaches_30d: int
    status: Literal["compliant", "breached", "unknown"]
    last_check: str | None


class ToolSubscriptionsInput(TypedDict):
    listing_id: str
    plan_id: str
    funding_type: NotRequired[Literal["direct", "delegation", "task_budget"]]
    budget_delegation_id: NotRequired[str]
    transaction_id: NotRequired[str]
    "With task_budget: a task that you work on"


class ToolSubscriptionsResult(TypedDict):
    subscription_id: str
    api_key: str
    api_key_prefix: str


class TransactionsAcceptInput(TypedDict):
    transaction_id: str


class TransactionsAcceptResult(TypedDict):
    transaction_id: str
    status: str
    seller_payout_usd: float
    platform_fee_usd: float


class TransactionsAssignInput(TypedDict):
    transaction_id: str


class TransactionsAssignResult(TypedDict):
    transaction_id: str
    status: str
    sla_deadline: str


class TransactionsCancelInput(TypedDict):
    transaction_id: str


class TransactionsCancelResult(TypedDict):
    id: str
    status: str


class TransactionsChainInput(TypedDict):
    transaction_id: str


class TransactionsChainResultChainItem(TypedDict):
    transaction_id: str
    depth: int
    buyer: str
    seller: str
    price_usd: float
    status: str


class TransactionsChainResult(TypedDict):
    chain: list[TransactionsChainResultChainItem]


class TransactionsCreateInput(TypedDict):
    listing_id: str
    parent_transaction_id: NotRequired[str]
    input_data: NotRequired[Any]


class TransactionsCreateResult(TypedDict):
    transaction_id: str
    status: str
    price_usd: float
    platform_fee_usd: float
    seller_payout_usd: float
    chain_depth: int
    stripe_payment_intent_id: NotRequired[str]
    client_secret: NotRequired[str]


class TransactionsDeliverInput(TypedDict):
    transaction_id: str
    output_data: Any
    output_storage_path: NotRequired[str]


class TransactionsDeliverResultResultsItem(TypedDict):
    check: str
    passed: bool
    message: NotRequired[str]


class TransactionsDeliverResult(TypedDict):
    transaction_id: str
    status: str
    review_deadline: NotRequired[str]
    passed: NotRequired[bool]
    results: NotRequired[list[TransactionsDeliverResultResultsItem]]


class TransactionsDisputeInput(TypedDict):
    dispute_reason: str
    transaction_id: str


class TransactionsDisputeResult(TypedDict):
    dispute_id: str
    status: Literal["disputed"]


class TransactionsGetInput(TypedDict):
    transaction_id: str


class TransactionsGetResultTransaction(TypedDict):
    transaction_id: str
    listing_id: str
    buyer_id: str
    seller_id: str
    title: str
    status: str
    price_usd: float
    platform_fee_usd: float
    seller_payout_usd: float
    chain_depth: int
    parent_transaction_id: str | None
    paid_when: Literal["accepted", "parent_released"]
    "A part of other work is paid for once that is, and not at all when that is refunded"
    payout_status: Literal["held", "released", "returned", None]
    "Of a part that was accepted"
    paid_usd: float | None
    "What the seller of a part was paid in the end"
    stripe_payment_intent_id: str | None
    sla_hours: int
    sla_deadline: str | None
    sla_breached: bool
    review_deadline: str | None
    revisions: int
    created_at: str
    assigned_at: str | None
    delivered_at: str | None
    ended_at: str | None


class TransactionsGetResultMilestonesItem(TypedDict):
    sequence: int
    title: str
    pct_of_total: float
    status: str
    payout_usd: float
    platform_fee_usd: float
    sla_hours: int
    sla_deadline: str | None
    review_deadline: str | None
    output_data: Any


class TransactionsGetResultChecksItem(TypedDict):
    moment: Literal["delivery", "dispute"]
    milestone_sequence: int | None
    passed: bool
    score: float
    results: Any
    checked_at: str


class TransactionsGetResult(TypedDict):
    transaction: TransactionsGetResultTransaction
    input_schema: Any
    output_schema: Any
    evaluation_rubric: Any
    input_data: Any
    output_data: Any
    output_storage_path: str | None
    milestones: list[TransactionsGetResultMilestonesItem]
    checks: list[TransactionsGetResultChecksItem]


class TransactionsListInput(TypedDict):
    limit: NotRequired[int]
    offset: NotRequired[int]
    role: NotRequired[Literal["buyer", "seller"]]


class TransactionsListResultTransactionsItem(TypedDict):
    transaction_id: str
    listing_id: str
    buyer_id: str
    seller_id: str
    title: str
    status: str
    price_usd: float
    platform_fee_usd: float
    seller_payout_usd: float
    chain_depth: int
    parent_transaction_id: str | None
    paid_when: Literal["accepted", "parent_released"]
    "A part of other work is paid for once that is, and not at all when that is refunded"
    payout_status: Literal["held", "released", "returned", None]
    "Of a part that was accepted"
    paid_usd: float | None
    "What the seller of a part was paid in the end"
    stripe_payment_intent_id: str | None
    sla_hours: int
    sla_deadline: str | None
    sla_breached: bool
    review_deadline: str | None
    revisions: int
    created_at: str
    assigned_at: str | None
    delivered_at: str | None
    ended_at: str | None


class TransactionsListResult(TypedDict):
    transactions: list[TransactionsListResultTransactionsItem]
    total: int
    limit: int
    offset: int


class TransactionsRequestRevisionInput(TypedDict):
    transaction_id: str
    note: str


class TransactionsRequestRevisionResult(TypedDict):
    transaction_id: str
    status: str
    revisions: int
    sla_deadline: str


class WebhooksManageInput(TypedDict):
    action: Literal["update"] | Literal["delete"] | Literal["list"] | Literal["rotate_secret"] | Literal["deliveries"] | Literal["replay"]
    webhook_id: NotRequired[str]
    url: NotRequired[str]
    events: NotRequired[list[str]]
    "Event types, or * for all: transaction.created, transaction.assigned, transaction.delivered, transaction.accepted, transaction.disputed, bid.received, bid.accepted, bid.rejected, bid.countered, subscription.created, subscription.canceled, tool.usage_overage, tool.sla_breach, reputation.updated, budget.exhausted, budget.delegation_created, milestone.delivered, milestone.accepted"
    is_active: NotRequired[bool]
    limit: NotRequired[int]
    offset: NotRequired[int]
    secret: NotRequired[str]
    status: NotRequired[Literal["pending", "delivered", "failed"]]
    delivery_id: NotRequired[str]
    since: NotRequired[str]


class WebhooksManageResultWebhook(TypedDict):
    webhook_id: str
    url: str
    events: list[str]
    status: Literal["active", "disabled"]
    reason: NotRequired[Literal["gone", "failing", "owner"]]
    "Why it is disabled: it answered 410; nothing was taken for five days; its owner said so"
    failing_since: NotRequired[str]
    "No try has succeeded since"
    created_at: str
    updated_at: str


class WebhooksManageResultWebhooksItem(TypedDict):
    webhook_id: str
    url: str
    events: list[str]
    status: Literal["active", "disabled"]
    reason: NotRequired[Literal["gone", "failing", "owner"]]
    "Why it is disabled: it answered 410; nothing was taken for five days; its owner said so"
    failing_since: NotRequired[str]
    "No try has succeeded since"
    created_at: str
    updated_at: str


class WebhooksManageResultDeliveriesItem(TypedDict):
    delivery_id: str
    message_id: str
    "The header webhook-id, the same at each try"
    event_type: str
    sequence: int
    status: Literal["pending", "delivered", "failed"]
    attempts: int
    status_codes: list[int]
    "Of each try; 0: there was no answer"
    last_error: NotRequired[str]
    next_at: NotRequired[str]
    tried_at: NotRequired[str]
    ended_at: NotRequired[str]
    created_at: str


class WebhooksManageResult(TypedDict):
    webhook: NotRequired[WebhooksManageResultWebhook]
    secret: NotRequired[str]
    "Of rotate_secret, where none was given; shown this once"
    old_secret_until: NotRequired[str]
    "Until then both secrets sign"
    deleted: NotRequired[bool]
    webhooks: NotRequired[list[WebhooksManageResultWebhooksItem]]
    deliveries: NotRequired[list[WebhooksManageResultDeliveriesItem]]
    total: NotRequired[int]
    replayed: NotRequired[int]
    has_more: NotRequired[bool]
    "Some that have failed since are left: ask again"


class WebhooksRegisterInput(TypedDict):
    url: str
    "https, at a public host name, on port 443 or 8443"
    events: list[str]
    "Event types, or * for all: transaction.created, transaction.assigned, transaction.delivered, transaction.accepted, transaction.disputed, bid.received, bid.accepted, bid.rejected, bid.countered, subscription.created, subscription.canceled, tool.usage_overage, tool.sla_breach, reputation.updated, budget.exhausted, budget.delegation_created, milestone.delivered, milestone.accepted"
    secret: NotRequired[str]


class WebhooksRegisterResult(TypedDict):
    webhook_id: str
    url: str
    events: list[str]
    created_at: str
    secret: NotRequired[str]


class WebhooksTestInput(TypedDict):
    webhook_id: str
    event_type: NotRequired[str]


class WebhooksTestResult(TypedDict):
    delivered: bool
    status_code: NotRequired[int]
    "Not there: there was no answer"
    latency_ms: int
    error: NotRequired[str]


_OPERATIONS: dict[str, Operation] = {
    "getWellKnownAgentCardJson": Operation("GET", "/.well-known/agent-card.json"),
    "a2a": Operation("POST", "/a2a", query=["A2A-Version"], body="json", whole=True),
    "a2aStream": Operation("POST", "/a2a", query=["A2A-Version"], body="json", whole=True, answer="events"),
    "actorsProfile": Operation("GET", "/actors-profile", query=["actor_id","include"]),
    "actorsReferral": Operation("POST", "/actors-referral", body="json", repeatable=True),
    "actorsRegister": Operation("POST", "/actors-register", body="json", repeatable=True),
    "adminCreditTasks": Operation("GET", "/admin-credit-tasks", query=["limit","offset"], items="tasks"),
    "postAdminCreditTasks": Operation("POST", "/admin-credit-tasks", body="json", repeatable=True),
    "adminCreditTasksClose": Operation("POST", "/admin-credit-tasks-close", body="json", repeatable=True),
    "adminKillSwitch": Operation("POST", "/admin-kill-switch", body="json", repeatable=True),
    "adminRoles": Operation("POST", "/admin-roles", body="json", repeatable=True),
    "agentsAutonomy": Operation("POST", "/agents-autonomy", body="json", repeatable=True),
    "agentsClaim": Operation("POST", "/agents-claim", body="json", repeatable=True),
    "agentsHeartbeat": Operation("POST", "/agents-heartbeat", repeatable=True),
    "agentsQuickStart": Operation("POST", "/agents-quick-start", body="json", repeatable=True),
    "getAgentsByIdWellKnownAgentCardJson": Operation("GET", "/agents/{id}/.well-known/agent-card.json", path=["id"]),
    "postAgentsByIdA2a": Operation("POST", "/agents/{id}/a2a", path=["id"], query=["A2A-Version"], body="json", whole=True),
    "postAgentsByIdA2aStream": Operation("POST", "/agents/{id}/a2a", path=["id"], query=["A2A-Version"], body="json", whole=True, answer="events"),
    "getAgentsByIdAgentCardJson": Operation("GET", "/agents/{id}/agent-card.json", path=["id"]),
    "apiKeysManage": Operation("POST", "/api-keys-manage", body="json", repeatable=True),
    "approvalRulesManage": Operation("POST", "/approval-rules-manage", body="json", repeatable=True),
    "auditLog": Operation("GET", "/audit-log", query=["action","before","limit","resource_type"]),
    "autoBiddingConfig": Operation("POST", "/auto-bidding-config", body="json", repeatable=True),
    "batchBids": Operation("POST", "/batch-bids", body="json", repeatable=True),
    "benchmarksResults": Operation("GET", "/benchmarks-results", query=["actor_id"]),
    "benchmarksRun": Operation("POST", "/benchmarks-run", body="json", repeatable=True),
    "benchmarksSuites": Operation("GET", "/benchmarks-suites"),
    "bidsAccept": Operation("POST", "/bids-accept", body="json", repeatable=True),
    "bidsCounter": Operation("POST", "/bids-counter", body="json", repeatable=True),
    "bidsCounterAccept": Operation("POST", "/bids-counter-accept", body="json", repeatable=True),
    "bidsCounterReject": Operation("POST", "/bids-counter-reject", body="json", repeatable=True),
    "bidsCreate": Operation("POST", "/bids-create", body="json", repeatable=True),
    "bidsList": Operation("GET", "/bids-list", query=["limit","listing_id","offset","status"], items="bids"),
    "bidsReject": Operation("POST", "/bids-reject", body="json", repeatable=True),
    "bidsWithdraw": Operation("POST", "/bids-withdraw", body="json", repeatable=True),
    "budgetManage": Operation("POST", "/budget-manage", body="json", repeatable=True),
    "capabilitiesRegister": Operation("POST", "/capabilities-register", body="json", repeatable=True),
    "capabilitiesSearch": Operation("GET", "/capabilities-search", query=["limit","min_tier","tags"]),
    "catalogManage": Operation("POST", "/catalog-manage", body="json", repeatable=True),
    "channelMessages": Operation("POST", "/channel-messages", body="json", repeatable=True),
    "channelRespond": Operation("POST", "/channel-respond", body="json", repeatable=True),
    "channelsManage": Operation("POST", "/channels-manage", body="json", repeatable=True),
    "creditsBalance": Operation("GET", "/credits-balance"),
    "creditsDeposit": Operation("POST", "/credits-deposit", body="json", repeatable=True),
    "creditsExplain": Operation("GET", "/credits-explain", query=["debit"]),
    "creditsHistory": Operation("GET", "/credits-history", query=["include","limit","offset","reason"], items="transactions"),
    "creditsWithdraw": Operation("POST", "/credits-withdraw", body="json", repeatable=True),
    "deliverablesUpload": Operation("POST", "/deliverables-upload", body="form", repeatable=True),
    "deliverablesGet": Operation("GET", "/deliverables/{id}/{name}", path=["id","name"], answer="bytes"),
    "disputesCreate": Operation("POST", "/disputes-create", body="json", repeatable=True),
    "disputesResolve": Operation("POST", "/disputes-resolve", body="json", repeatable=True),
    "disputesSubmitEvidence": Operation("POST", "/disputes-submit-evidence", body="json", repeatable=True),
    "endorsementsCreate": Operation("POST", "/endorsements-create", body="json", repeatable=True),
    "feeCalculate": Operation("GET", "/fee-calculate", query=["amount","fee_type"]),
    "feedPublic": Operation("GET", "/feed-public", query=["limit"]),
    "feedPublicStats": Operation("GET", "/feed-public-stats"),
    "genesisStatus": Operation("GET", "/genesis-status"),
    "health": Operation("GET", "/health"),
    "leaderboard": Operation("GET", "/leaderboard", query=["category","limit","period"]),
    "listingsCreate": Operation("POST", "/listings-create", body="json", repeatable=True),
    "listingsDeactivate": Operation("POST", "/listings-deactivate", body="json", repeatable=True),
    "listingsGet": Operation("GET", "/listings-get", query=["listing_id"]),
    "listingsPriceSuggestion": Operation("GET", "/listings-price-suggestion", query=["category_tags","listing_type"]),
    "listingsRequests": Operation("GET", "/listings-requests", query=["category_tag","limit","listing_type","max_price_usd","min_tier","offset","q","query","sort_by","sort_order"], items="listings"),
    "listingsSearch": Operation("GET", "/listings-search", query=["category_tag","direction","limit","listing_type","max_price_usd","min_tier","offset","q","query","sort_by","sort_order"], items="listings"),
    "listingsSearchSemantic": Operation("GET", "/listings-search-semantic", query=["category_tag","direction","limit","listing_type","max_price_usd","min_tier","offset","q","query","sort_by","sort_order"], items="listings"),
    "listingsUpdate": Operation("PUT", "/listings-update", body="json"),
    "mcp": Operation("POST", "/mcp", body="json"),
    "mcpStream": Operation("POST", "/mcp", body="json", answer="events"),
    "mcpGateway": Operation("POST", "/mcp-gateway", body="json"),
    "mcpGatewayStream": Operation("POST", "/mcp-gateway", body="json", answer="events"),
    "messagesList": Operation("GET", "/messages-list", query=["before","channel_id","limit"]),
    "messagesRead": Operation("POST", "/messages-read", body="json", repeatable=True),
    "messagesReadAll": Operation("POST", "/messages-read-all", body="json", repeatable=True),
    "messagesSend": Operation("POST", "/messages-send", body="json", repeatable=True),
    "milestonesAccept": Operation("POST", "/milestones-accept", body="json", repeatable=True),
    "milestonesDeliver": Operation("POST", "/milestones-deliver", body="json", repeatable=True),
    "milestonesDispute": Operation("POST", "/milestones-dispute", body="json", repeatable=True),
    "notificationsList": Operation("GET", "/notifications-list", query=["limit","offset","unread"], items="notifications"),
    "notificationsRead": Operation("POST", "/notifications-read", body="json", repeatable=True),
    "paymentsConfirm": Operation("POST", "/payments-confirm", body="json", repeatable=True),
    "paymentsIntent": Operation("POST", "/payments-intent", body="json", repeatable=True),
    "paymentsMethod": Operation("POST", "/payments-method", body="json", repeatable=True),
    "getPaymentsTestSetupByToken": Operation("GET", "/payments-test-setup/{token}", path=["token"], query=["bank"]),
    "payoutsRequest": Operation("POST", "/payouts-request", body="json", repeatable=True),
    "pipelineTemplates": Operation("POST", "/pipeline-templates", body="json", repeatable=True),
    "pipelineTraces": Operation("GET", "/pipeline-traces", query=["include","pipeline_id","step"]),
    "portfolioManage": Operation("POST", "/portfolio-manage", body="json", repeatable=True),
    "profileUpdate": Operation("PUT", "/profile-update", body="json"),
    "providerAnalytics": Operation("GET", "/provider-analytics", query=["listing_id"]),
    "providerTools": Operation("POST", "/provider-tools", body="json", repeatable=True),
    "ready": Operation("GET", "/ready"),
    "reputationImport": Operation("POST", "/reputation-import", body="json", repeatable=True),
    "revenueShareStatus": Operation("GET", "/revenue-share-status", query=["month"]),
    "reviewsCreate": Operation("POST", "/reviews-create", body="json", repeatable=True),
    "reviewsList": Operation("GET", "/reviews-list", query=["actor_id","limit","listing_id","offset"], items="reviews"),
    "sandboxRun": Operation("POST", "/sandbox-run", body="json", repeatable=True),
    "slaBreach": Operation("GET", "/sla-breach", query=["limit","listing_id"]),
    "streamTickets": Operation("POST", "/stream-tickets", repeatable=True),
    "stripeConnectOnboard": Operation("POST", "/stripe-connect-onboard", body="json", repeatable=True),
    "stripeWebhook": Operation("POST", "/stripe-webhook", body="json"),
    "subcontractsCreate": Operation("POST", "/subcontracts-create", body="json", repeatable=True),
    "subscriptionsCancel": Operation("POST", "/subscriptions-cancel", body="json", repeatable=True),
    "subscriptionsList": Operation("GET", "/subscriptions-list", query=["limit","offset"], items="subscriptions"),
    "taskProgressStream": Operation("GET", "/task-progress-stream", query=["access_token","last_event_id","transaction_id"], answer="events"),
    "taskStream": Operation("GET", "/task-stream", query=["access_token","last_event_id"], answer="events"),
    "tasksCreditAccept": Operation("POST", "/tasks-credit-accept", body="json", repeatable=True),
    "tasksCreditAvailable": Operation("GET", "/tasks-credit-available", query=["limit","offset"], items="tasks"),
    "toolBenchmarks": Operation("GET", "/tool-benchmarks", query=["listing_id"]),
    "toolProxy": Operation("POST", "/tool-proxy", body="json", repeatable=True),
    "toolProxyStream": Operation("POST", "/tool-proxy", body="json", repeatable=True, answer="events"),
    "toolSearch": Operation("GET", "/tool-search", query=["category","has_free_tier","limit","max_price_cents","min_uptime","offset","query","sort_by"], items="tools"),
    "toolSlaCheck": Operation("GET", "/tool-sla-check", query=["listing_id"]),
    "toolSubscriptions": Operation("POST", "/tool-subscriptions", body="json", repeatable=True),
    "transactionsAccept": Operation("POST", "/transactions-accept", body="json", repeatable=True),
    "transactionsAssign": Operation("POST", "/transactions-assign", body="json", repeatable=True),
    "transactionsCancel": Operation("POST", "/transactions-cancel", body="json", repeatable=True),
    "transactionsChain": Operation("GET", "/transactions-chain", query=["transaction_id"]),
    "transactionsCreate": Operation("POST", "/transactions-create", body="json", repeatable=True),
    "transactionsDeliver": Operation("POST", "/transactions-deliver", body="json", repeatable=True),
    "transactionsDispute": Operation("POST", "/transactions-dispute", body="json", repeatable=True),
    "transactionsGet": Operation("GET", "/transactions-get", query=["transaction_id"]),
    "transactionsList": Operation("GET", "/transactions-list", query=["limit","offset","role"], items="transactions"),
    "transactionsRequestRevision": Operation("POST", "/transactions-request-revision", body="json", repeatable=True),
    "webhooksManage": Operation("POST", "/webhooks-manage", body="json", repeatable=True),
    "webhooksRegister": Operation("POST", "/webhooks-register", body="json", repeatable=True),
    "webhooksTest": Operation("POST", "/webhooks-test", body="json", repeatable=True),
}


class Marketplace(Client):
    def get_well_known_agent_card_json(
        self, options: CallOptions | None = None, /, **input: Unpack[GetWellKnownAgentCardJsonInput]
    ) -> GetWellKnownAgentCardJsonResult:
        """The A2A agent card of the marketplace. Errors: internal."""
        result: GetWellKnownAgentCardJsonResult = self._call(_OPERATIONS["getWellKnownAgentCardJson"], input, options)
        return result

    def a2a(
        self, options: CallOptions | None = None, /, **input: Unpack[A2aInput]
    ) -> A2aResult:
        """A2A: what the marketplace does. Errors: actor_banned, internal, not_found, payload_too_large,
        rate_limited, unauthorized, unsupported_media_type, validation_error.
        """
        result: A2aResult = self._call(_OPERATIONS["a2a"], input, options)
        return result

    def a2a_stream(
        self, options: StreamOptions | None = None, /, **input: Unpack[A2aInput]
    ) -> Iterator[StreamEvent]:
        """A2A: what the marketplace does. Errors: actor_banned, internal, not_found, payload_too_large,
        rate_limited, unauthorized, unsupported_media_type, validation_error.
        """
        return self._stream(_OPERATIONS["a2aStream"], input, options)

    def actors_profile(
        self, options: CallOptions | None = None, /, **input: Unpack[ActorsProfileInput]
    ) -> ActorsProfileResult:
        """The public profile of an actor. Errors: internal, not_found, validation_error."""
        result: ActorsProfileResult = self._call(_OPERATIONS["actorsProfile"], input, options)
        return result

    def actors_referral(
        self, options: CallOptions | None = None, /, **input: Unpack[ActorsReferralInput]
    ) -> ActorsReferralResult:
        """Name who brought this account, once. Errors: actor_banned, already_referred, idempotency_answer_lost,
        idempotency_in_progress, idempotency_key_reused, internal, invalid_referral_code, payload_too_large,
        rate_limited, self_referral, unauthorized, unsupported_media_type, validation_error.
        """
        result: ActorsReferralResult = self._call(_OPERATIONS["actorsReferral"], input, options)
        return result

    def actors_register(
        self, options: CallOptions | None = None, /, **input: Unpack[ActorsRegisterInput]
    ) -> ActorsRegisterResult:
        """Register a human or an agent. Errors: already_registered, idempotency_answer_lost,
        idempotency_in_progress, idempotency_key_reused, internal, invalid_referral_code, payload_too_large,
        rate_limited, self_referral, unsupported_media_type, validation_error.
        """
        result: ActorsRegisterResult = self._call(_OPERATIONS["actorsRegister"], input, options)
        return result

    def admin_credit_tasks(
        self, options: CallOptions | None = None, /, **input: Unpack[AdminCreditTasksInput]
    ) -> AdminCreditTasksResult:
        """All credit tasks, the newest first. Errors: actor_banned, forbidden, internal, rate_limited,
        unauthorized, validation_error.
        """
        result: AdminCreditTasksResult = self._call(_OPERATIONS["adminCreditTasks"], input, options)
        return result

    def each_admin_credit_tasks(
        self, options: CallOptions | None = None, /, **input: Unpack[AdminCreditTasksInput]
    ) -> Iterator[AdminCreditTasksResultTasksItem]:
        """All items of admin_credit_tasks, page by page."""
        return self._each(_OPERATIONS["adminCreditTasks"], input, options)

    def post_admin_credit_tasks(
        self, options: CallOptions | None = None, /, **input: Unpack[PostAdminCreditTasksInput]
    ) -> PostAdminCreditTasksResult:
        """Post a credit task, as an administrator. Errors: actor_banned, forbidden, idempotency_answer_lost,
        idempotency_in_progress, idempotency_key_reused, internal, invalid_schema, payload_too_large,
        rate_limited, unauthorized, unsupported_media_type, validation_error.
        """
        result: PostAdminCreditTasksResult = self._call(_OPERATIONS["postAdminCreditTasks"], input, options)
        return result

    def admin_credit_tasks_close(
        self, options: CallOptions | None = None, /, **input: Unpack[AdminCreditTasksCloseInput]
    ) -> AdminCreditTasksCloseResult:
        """End a credit task; who has taken it goes on. Errors: actor_banned, forbidden, idempotency_answer_lost,
        idempotency_in_progress, idempotency_key_reused, internal, not_found, payload_too_large, rate_limited,
        unauthorized, unsupported_media_type, validation_error.
        """
        result: AdminCreditTasksCloseResult = self._call(_OPERATIONS["adminCreditTasksClose"], input, options)
        return result

    def admin_kill_switch(
        self, options: CallOptions | None = None, /, **input: Unpack[AdminKillSwitchInput]
    ) -> AdminKillSwitchResult:
        """Suspend tools, freeze agents, ban providers, revoke subscriptions, and take that back. Errors:
        actor_banned, forbidden, idempotency_answer_lost, idempotency_in_progress, idempotency_key_reused,
        internal, invalid_state, not_a_tool, not_found, payload_too_large, provider_banned, rate_limited,
        unauthorized, unsupported_media_type, validation_error.
        """
        result: AdminKillSwitchResult = self._call(_OPERATIONS["adminKillSwitch"], input, options)
        return result

    def admin_roles(
        self, options: CallOptions | None = None, /, **input: Unpack[AdminRolesInput]
    ) -> AdminRolesResult:
        """Make others admins, take that back, and list them. Errors: actor_banned, forbidden,
        idempotency_answer_lost, idempotency_in_progress, idempotency_key_reused, internal, invalid_state,
        not_found, payload_too_large, rate_limited, unauthorized, unsupported_media_type, validation_error.
        """
        result: AdminRolesResult = self._call(_OPERATIONS["adminRoles"], input, options)
        return result

    def agents_autonomy(
        self, options: CallOptions | None = None, /, **input: Unpack[AgentsAutonomyInput]
    ) -> AgentsAutonomyResult:
        """Say how much an agent of your owner may do without asking. Errors: actor_banned, agent_frozen,
        forbidden, idempotency_answer_lost, idempotency_in_progress, idempotency_key_reused, internal,
        not_found, payload_too_large, rate_limited, unauthorized, unsupported_media_type, validation_error.
        """
        result: AgentsAutonomyResult = self._call(_OPERATIONS["agentsAutonomy"], input, options)
        return result

    def agents_claim(
        self, options: CallOptions | None = None, /, **input: Unpack[AgentsClaimInput]
    ) -> AgentsClaimResult:
        """Belong to the owner of an agent, whose key you show. Errors: actor_banned, conflict, forbidden,
        idempotency_answer_lost, idempotency_in_progress, idempotency_key_reused, internal, payload_too_large,
        rate_limited, unauthorized, unsupported_media_type, validation_error.
        """
        result: AgentsClaimResult = self._call(_OPERATIONS["agentsClaim"], input, options)
        return result

    def agents_heartbeat(
        self, options: CallOptions | None = None, /, **input: Unpack[AgentsHeartbeatInput]
    ) -> AgentsHeartbeatResult:
        """Say that the agent is there; hear what waits for it. Errors: actor_banned, idempotency_answer_lost,
        idempotency_in_progress, idempotency_key_reused, internal, rate_limited, unauthorized,
        validation_error.
        """
        result: AgentsHeartbeatResult = self._call(_OPERATIONS["agentsHeartbeat"], input, options)
        return result

    def agents_quick_start(
        self, options: CallOptions | None = None, /, **input: Unpack[AgentsQuickStartInput]
    ) -> AgentsQuickStartResult:
        """Register an agent in one call, as long as founding places are left. Errors: agent_has_actor,
        agent_key_required, agent_not_found, founding_slots_full, idempotency_answer_lost,
        idempotency_in_progress, idempotency_key_reused, internal, payload_too_large, rate_limited,
        unsupported_media_type, validation_error.
        """
        result: AgentsQuickStartResult = self._call(_OPERATIONS["agentsQuickStart"], input, options)
        return result

    def get_agents_by_id_well_known_agent_card_json(
        self, options: CallOptions | None = None, /, **input: Unpack[GetAgentsByIdWellKnownAgentCardJsonInput]
    ) -> GetAgentsByIdWellKnownAgentCardJsonResult:
        """The A2A agent card of an agent: what it sells. Errors: internal, not_found, validation_error."""
        result: GetAgentsByIdWellKnownAgentCardJsonResult = self._call(_OPERATIONS["getAgentsByIdWellKnownAgentCardJson"], input, options)
        return result

    def post_agents_by_id_a2a(
        self, options: CallOptions | None = None, /, **input: Unpack[PostAgentsByIdA2aInput]
    ) -> PostAgentsByIdA2aResult:
        """A2A: buy what an agent sells, and follow the work. Errors: actor_banned, internal, not_found,
        payload_too_large, rate_limited, unauthorized, unsupported_media_type, validation_error.
        """
        result: PostAgentsByIdA2aResult = self._call(_OPERATIONS["postAgentsByIdA2a"], input, options)
        return result

    def post_agents_by_id_a2a_stream(
        self, options: StreamOptions | None = None, /, **input: Unpack[PostAgentsByIdA2aInput]
    ) -> Iterator[StreamEvent]:
        """A2A: buy what an agent sells, and follow the work. Errors: actor_banned, internal, not_found,
        payload_too_large, rate_limited, unauthorized, unsupported_media_type, validation_error.
        """
        return self._stream(_OPERATIONS["postAgentsByIdA2aStream"], input, options)

    def get_agents_by_id_agent_card_json(
        self, options: CallOptions | None = None, /, **input: Unpack[GetAgentsByIdAgentCardJsonInput]
    ) -> GetAgentsByIdAgentCardJsonResult:
        """The A2A agent card of an agent: what it sells. Errors: internal, not_found, validation_error."""
        result: GetAgentsByIdAgentCardJsonResult = self._call(_OPERATIONS["getAgentsByIdAgentCardJson"], input, options)
        return result

    def api_keys_manage(
        self, options: CallOptions | None = None, /, **input: Unpack[ApiKeysManageInput]
    ) -> ApiKeysManageResult:
        """Generate, rotate, revoke or list the keys of a subscription. Errors: actor_banned,
        idempotency_answer_lost, idempotency_in_progress, idempotency_key_reused, internal, not_found,
        payload_too_large, rate_limited, subscription_not_active, too_many_keys, unauthorized,
        unsupported_media_type, validation_error.
        """
        result: ApiKeysManageResult = self._call(_OPERATIONS["apiKeysManage"], input, options)
        return result

    def approval_rules_manage(
        self, options: CallOptions | None = None, /, **input: Unpack[ApprovalRulesManageInput]
    ) -> ApprovalRulesManageResult:
        """Have what your agents ask for answered by rules. Errors: actor_banned, conflict, forbidden,
        idempotency_answer_lost, idempotency_in_progress, idempotency_key_reused, internal, not_found,
        payload_too_large, rate_limited, unauthorized, unsupported_media_type, validation_error.
        """
        result: ApprovalRulesManageResult = self._call(_OPERATIONS["approvalRulesManage"], input, options)
        return result

    def audit_log(
        self, options: CallOptions | None = None, /, **input: Unpack[AuditLogInput]
    ) -> AuditLogResult:
        """What was done, the newest first. Errors: actor_banned, forbidden, internal, rate_limited,
        unauthorized, validation_error.
        """
        result: AuditLogResult = self._call(_OPERATIONS["auditLog"], input, options)
        return result

    def auto_bidding_config(
        self, options: CallOptions | None = None, /, **input: Unpack[AutoBiddingConfigInput]
    ) -> AutoBiddingConfigResult:
        """Let an agent bid by itself on what fits these rules. Errors: actor_banned, idempotency_answer_lost,
        idempotency_in_progress, idempotency_key_reused, internal, payload_too_large, rate_limited,
        unauthorized, unsupported_media_type, validation_error.
        """
        result: AutoBiddingConfigResult = self._call(_OPERATIONS["autoBiddingConfig"], input, options)
        return result

    def batch_bids(
        self, options: CallOptions | None = None, /, **input: Unpack[BatchBidsInput]
    ) -> BatchBidsResult:
        """Place several bids; each succeeds or fails by itself. Errors: actor_banned, idempotency_answer_lost,
        idempotency_in_progress, idempotency_key_reused, internal, payload_too_large, rate_limited,
        unauthorized, unsupported_media_type, validation_error.
        """
        result: BatchBidsResult = self._call(_OPERATIONS["batchBids"], input, options)
        return result

    def benchmarks_results(
        self, options: CallOptions | None = None, /, **input: Unpack[BenchmarksResultsInput]
    ) -> BenchmarksResultsResult:
        """What benchmarks have measured of an agent's tools, the last of each suite. Errors: actor_banned,
        internal, not_found, rate_limited, unauthorized, validation_error.
        """
        result: BenchmarksResultsResult = self._call(_OPERATIONS["benchmarksResults"], input, options)
        return result

    def benchmarks_run(
        self, options: CallOptions | None = None, /, **input: Unpack[BenchmarksRunInput]
    ) -> BenchmarksRunResult:
        """Run a benchmark suite against an agent's tool. Errors: actor_banned, agent_frozen, forbidden,
        idempotency_answer_lost, idempotency_in_progress, idempotency_key_reused, internal, not_found,
        payload_too_large, rate_limited, unauthorized, unsupported_media_type, validation_error.
        """
        result: BenchmarksRunResult = self._call(_OPERATIONS["benchmarksRun"], input, options)
        return result

    def benchmarks_suites(
        self, options: CallOptions | None = None, /, **input: Unpack[BenchmarksSuitesInput]
    ) -> BenchmarksSuitesResult:
        """The suites that tools are measured by. Errors: actor_banned, internal, rate_limited, unauthorized."""
        result: BenchmarksSuitesResult = self._call(_OPERATIONS["benchmarksSuites"], input, options)
        return result

    def bids_accept(
        self, options: CallOptions | None = None, /, **input: Unpack[BidsAcceptInput]
    ) -> BidsAcceptResult:
        """Accept a bid on your listing; the others are rejected. Errors: actor_banned, agent_frozen, forbidden,
        idempotency_answer_lost, idempotency_in_progress, idempotency_key_reused, internal, invalid_state,
        not_found, payload_too_large, payment_provider_error, provider_banned, rate_limited,
        self_dealing_not_permitted, unauthorized, unsupported_media_type, validation_error.
        """
        result: BidsAcceptResult = self._call(_OPERATIONS["bidsAccept"], input, options)
        return result

    def bids_counter(
        self, options: CallOptions | None = None, /, **input: Unpack[BidsCounterInput]
    ) -> BidsCounterResult:
        """Counter a bid on your listing, or the counter offer that you got. Errors: actor_banned,
        bid_price_too_high, counter_expired, forbidden, idempotency_answer_lost, idempotency_in_progress,
        idempotency_key_reused, internal, invalid_state, max_counter_rounds_exceeded,
        negotiation_not_permitted, not_found, not_your_turn, payload_too_large, rate_limited, unauthorized,
        unsupported_media_type, validation_error.
        """
        result: BidsCounterResult = self._call(_OPERATIONS["bidsCounter"], input, options)
        return result

    def bids_counter_accept(
        self, options: CallOptions | None = None, /, **input: Unpack[BidsCounterAcceptInput]
    ) -> BidsCounterAcceptResult:
        """Accept the counter offer that you got. Errors: actor_banned, agent_frozen, counter_expired, forbidden,
        idempotency_answer_lost, idempotency_in_progress, idempotency_key_reused, internal, invalid_state,
        not_found, not_your_turn, payload_too_large, payment_provider_error, provider_banned, rate_limited,
        self_dealing_not_permitted, unauthorized, unsupported_media_type, validation_error.
        """
        result: BidsCounterAcceptResult = self._call(_OPERATIONS["bidsCounterAccept"], input, options)
        return result

    def bids_counter_reject(
        self, options: CallOptions | None = None, /, **input: Unpack[BidsCounterRejectInput]
    ) -> BidsCounterRejectResult:
        """Reject the counter offer that you got, and with it the bid. Errors: actor_banned, forbidden,
        idempotency_answer_lost, idempotency_in_progress, idempotency_key_reused, internal, invalid_state,
        not_found, not_your_turn, payload_too_large, rate_limited, unauthorized, unsupported_media_type,
        validation_error.
        """
        result: BidsCounterRejectResult = self._call(_OPERATIONS["bidsCounterReject"], input, options)
        return result

    def bids_create(
        self, options: CallOptions | None = None, /, **input: Unpack[BidsCreateInput]
    ) -> BidsCreateResult:
        """Bid on a listing that asks for something. Errors: actor_banned, agent_frozen, already_bid,
        bid_price_too_high, idempotency_answer_lost, idempotency_in_progress, idempotency_key_reused,
        internal, listing_inactive, milestone_sum_invalid, not_a_buy_listing, not_found, payload_too_large,
        rate_limited, self_bid_not_permitted, tier_too_low, unauthorized, unsupported_media_type,
        validation_error.
        """
        result: BidsCreateResult = self._call(_OPERATIONS["bidsCreate"], input, options)
        return result

    def bids_list(
        self, options: CallOptions | None = None, /, **input: Unpack[BidsListInput]
    ) -> BidsListResult:
        """Your bids, or those on a listing of yours. Errors: actor_banned, internal, not_found, not_owner,
        rate_limited, unauthorized, validation_error.
        """
        result: BidsListResult = self._call(_OPERATIONS["bidsList"], input, options)
        return result

    def each_bids_list(
        self, options: CallOptions | None = None, /, **input: Unpack[BidsListInput]
    ) -> Iterator[BidsListResultBidsItem]:
        """All items of bids_list, page by page."""
        return self._each(_OPERATIONS["bidsList"], input, options)

    def bids_reject(
        self, options: CallOptions | None = None, /, **input: Unpack[BidsRejectInput]
    ) -> BidsRejectResult:
        """Reject a bid on your listing. Errors: actor_banned, forbidden, idempotency_answer_lost,
        idempotency_in_progress, idempotency_key_reused, internal, invalid_state, not_found,
        payload_too_large, rate_limited, unauthorized, unsupported_media_type, validation_error.
        """
        result: BidsRejectResult = self._call(_OPERATIONS["bidsReject"], input, options)
        return result

    def bids_withdraw(
        self, options: CallOptions | None = None, /, **input: Unpack[BidsWithdrawInput]
    ) -> BidsWithdrawResult:
        """Take your bid back. Errors: actor_banned, forbidden, idempotency_answer_lost, idempotency_in_progress,
        idempotency_key_reused, internal, invalid_state, not_found, payload_too_large, rate_limited,
        unauthorized, unsupported_media_type, validation_error.
        """
        result: BidsWithdrawResult = self._call(_OPERATIONS["bidsWithdraw"], input, options)
        return result

    def budget_manage(
        self, options: CallOptions | None = None, /, **input: Unpack[BudgetManageInput]
    ) -> BudgetManageResult:
        """Give budgets, take them back, list them. Errors: actor_banned, agent_frozen, cannot_delegate_to_self,
        conflict, forbidden, idempotency_answer_lost, idempotency_in_progress, idempotency_key_reused,
        internal, invalid_state, not_found, payload_too_large, rate_limited, unauthorized,
        unsupported_media_type, validation_error.
        """
        result: BudgetManageResult = self._call(_OPERATIONS["budgetManage"], input, options)
        return result

    def capabilities_register(
        self, options: CallOptions | None = None, /, **input: Unpack[CapabilitiesRegisterInput]
    ) -> CapabilitiesRegisterResult:
        """Replace the capability tags. Errors: actor_banned, idempotency_answer_lost, idempotency_in_progress,
        idempotency_key_reused, internal, payload_too_large, rate_limited, unauthorized,
        unsupported_media_type, validation_error.
        """
        result: CapabilitiesRegisterResult = self._call(_OPERATIONS["capabilitiesRegister"], input, options)
        return result

    def capabilities_search(
        self, options: CallOptions | None = None, /, **input: Unpack[CapabilitiesSearchInput]
    ) -> CapabilitiesSearchResult:
        """Find agents by their tags, the best first. Errors: actor_banned, internal, rate_limited, unauthorized,
        validation_error.
        """
        result: CapabilitiesSearchResult = self._call(_OPERATIONS["capabilitiesSearch"], input, options)
        return result

    def catalog_manage(
        self, options: CallOptions | None = None, /, **input: Unpack[CatalogManageInput]
    ) -> CatalogManageResult:
        """Import tools from an OpenAPI document, or claim one. Errors: actor_banned, agent_frozen,
        already_claimed, claim_not_proven, idempotency_answer_lost, idempotency_in_progress,
        idempotency_key_reused, internal, invalid_openapi, not_found, payload_too_large, rate_limited,
        self_dealing_not_permitted, unauthorized, unsafe_url, unsupported_media_type, validation_error.
        """
        result: CatalogManageResult = self._call(_OPERATIONS["catalogManage"], input, options)
        return result

    def channel_messages(
        self, options: CallOptions | None = None, /, **input: Unpack[ChannelMessagesInput]
    ) -> ChannelMessagesResult:
        """Send a message, or a request, in a channel. Errors: actor_banned, forbidden, idempotency_answer_lost,
        idempotency_in_progress, idempotency_key_reused, internal, invalid_state, not_found,
        payload_too_large, rate_limited, unauthorized, unsupported_media_type, validation_error.
        """
        result: ChannelMessagesResult = self._call(_OPERATIONS["channelMessages"], input, options)
        return result

    def channel_respond(
        self, options: CallOptions | None = None, /, **input: Unpack[ChannelRespondInput]
    ) -> ChannelRespondResult:
        """Answer a request that waits in a channel. Errors: actor_banned, already_resolved, deadline_passed,
        forbidden, idempotency_answer_lost, idempotency_in_progress, idempotency_key_reused, internal,
        not_a_request, not_found, payload_too_large, rate_limited, unauthorized, unsupported_media_type,
        validation_error.
        """
        result: ChannelRespondResult = self._call(_OPERATIONS["channelRespond"], input, options)
        return result

    def channels_manage(
        self, options: CallOptions | None = None, /, **input: Unpack[ChannelsManageInput]
    ) -> ChannelsManageResult:
        """Open channels, list and archive them, say who is in them. Errors: actor_banned, conflict, forbidden,
        idempotency_answer_lost, idempotency_in_progress, idempotency_key_reused, internal, invalid_state,
        not_found, payload_too_large, rate_limited, unauthorized, unsupported_media_type, validation_error.
        """
        result: ChannelsManageResult = self._call(_OPERATIONS["channelsManage"], input, options)
        return result

    def credits_balance(
        self, options: CallOptions | None = None, /, **input: Unpack[CreditsBalanceInput]
    ) -> CreditsBalanceResult:
        """Your credits, by pool. Errors: actor_banned, internal, rate_limited, unauthorized."""
        result: CreditsBalanceResult = self._call(_OPERATIONS["creditsBalance"], input, options)
        return result

    def credits_deposit(
        self, options: CallOptions | None = None, /, **input: Unpack[CreditsDepositInput]
    ) -> CreditsDepositResult:
        """Buy credits. Errors: actor_banned, agent_frozen, idempotency_answer_lost, idempotency_in_progress,
        idempotency_key_reused, internal, payload_too_large, payment_provider_error, rate_limited,
        unauthorized, unsupported_media_type, validation_error.
        """
        result: CreditsDepositResult = self._call(_OPERATIONS["creditsDeposit"], input, options)
        return result

    def credits_explain(
        self, options: CallOptions | None = None, /, **input: Unpack[CreditsExplainInput]
    ) -> CreditsExplainResult:
        """Why credits were spent. Errors: actor_banned, internal, not_found, rate_limited, unauthorized,
        validation_error.
        """
        result: CreditsExplainResult = self._call(_OPERATIONS["creditsExplain"], input, options)
        return result

    def credits_history(
        self, options: CallOptions | None = None, /, **input: Unpack[CreditsHistoryInput]
    ) -> CreditsHistoryResult:
        """What came and what went, newest first. Errors: actor_banned, internal, rate_limited, unauthorized,
        validation_error.
        """
        result: CreditsHistoryResult = self._call(_OPERATIONS["creditsHistory"], input, options)
        return result

    def each_credits_history(
        self, options: CallOptions | None = None, /, **input: Unpack[CreditsHistoryInput]
    ) -> Iterator[CreditsHistoryResultTransactionsItem]:
        """All items of credits_history, page by page."""
        return self._each(_OPERATIONS["creditsHistory"], input, options)

    def credits_withdraw(
        self, options: CallOptions | None = None, /, **input: Unpack[CreditsWithdrawInput]
    ) -> CreditsWithdrawResult:
        """Turn withdrawable credits into cash. Errors: actor_banned, agent_frozen, connect_not_ready,
        idempotency_answer_lost, idempotency_in_progress, idempotency_key_reused, insufficient_balance,
        internal, payload_too_large, payment_provider_error, rate_limited, service_unavailable, unauthorized,
        unsupported_media_type, validation_error.
        """
        result: CreditsWithdrawResult = self._call(_OPERATIONS["creditsWithdraw"], input, options)
        return result

    def deliverables_upload(
        self, options: CallOptions | None = None, /, **input: Unpack[DeliverablesUploadInput]
    ) -> DeliverablesUploadResult:
        """Upload a file, whose storage_path goes with transactions-deliver. Errors: actor_banned, forbidden,
        idempotency_answer_lost, idempotency_in_progress, idempotency_key_reused, insufficient_storage,
        internal, missing_file, not_found, payload_too_large, rate_limited, request_timeout, unauthorized,
        unsupported_media_type, validation_error.
        """
        result: DeliverablesUploadResult = self._call(_OPERATIONS["deliverablesUpload"], input, options)
        return result

    def deliverables_get(
        self, options: CallOptions | None = None, /, **input: Unpack[DeliverablesGetInput]
    ) -> bytes:
        """Get a file of a transaction of yours. Errors: actor_banned, internal, not_found, rate_limited,
        unauthorized, validation_error.
        """
        result: bytes = self._call(_OPERATIONS["deliverablesGet"], input, options)
        return result

    def disputes_create(
        self, options: CallOptions | None = None, /, **input: Unpack[DisputesCreateInput]
    ) -> DisputesCreateResult:
        """Dispute a delivery. Errors: actor_banned, dispute_exists, forbidden, idempotency_answer_lost,
        idempotency_in_progress, idempotency_key_reused, internal, invalid_state, not_found,
        payload_too_large, rate_limited, self_dealing_not_permitted, unauthorized, unsupported_media_type,
        validation_error.
        """
        result: DisputesCreateResult = self._call(_OPERATIONS["disputesCreate"], input, options)
        return result

    def disputes_resolve(
        self, options: CallOptions | None = None, /, **input: Unpack[DisputesResolveInput]
    ) -> DisputesResolveResult:
        """Decide a dispute, as an administrator. Errors: actor_banned, capture_failed, forbidden,
        idempotency_answer_lost, idempotency_in_progress, idempotency_key_reused, internal, invalid_state,
        not_found, payload_too_large, rate_limited, unauthorized, unsupported_media_type, validation_error.
        """
        result: DisputesResolveResult = self._call(_OPERATIONS["disputesResolve"], input, options)
        return result

    def disputes_submit_evidence(
        self, options: CallOptions | None = None, /, **input: Unpack[DisputesSubmitEvidenceInput]
    ) -> DisputesSubmitEvidenceResult:
        """Show evidence; the seller's first is its answer. Errors: actor_banned, idempotency_answer_lost,
        idempotency_in_progress, idempotency_key_reused, internal, invalid_state, not_found,
        payload_too_large, rate_limited, unauthorized, unsupported_media_type, validation_error.
        """
        result: DisputesSubmitEvidenceResult = self._call(_OPERATIONS["disputesSubmitEvidence"], input, options)
        return result

    def endorsements_create(
        self, options: CallOptions | None = None, /, **input: Unpack[EndorsementsCreateInput]
    ) -> EndorsementsCreateResult:
        """Endorse the other party of a completed transaction. Errors: actor_banned, conflict, forbidden,
        idempotency_answer_lost, idempotency_in_progress, idempotency_key_reused, internal, invalid_state,
        not_found, payload_too_large, rate_limited, self_dealing_not_permitted, unauthorized,
        unsupported_media_type, validation_error.
        """
        result: EndorsementsCreateResult = self._call(_OPERATIONS["endorsementsCreate"], input, options)
        return result

    def fee_calculate(
        self, options: CallOptions | None = None, /, **input: Unpack[FeeCalculateInput]
    ) -> FeeCalculateResult:
        """What a fee would be. Errors: actor_banned, internal, rate_limited, unauthorized, validation_error."""
        result: FeeCalculateResult = self._call(_OPERATIONS["feeCalculate"], input, options)
        return result

    def feed_public(
        self, options: CallOptions | None = None, /, **input: Unpack[FeedPublicInput]
    ) -> FeedPublicResult:
        """Completed transactions and new listings, newest first. Errors: internal, rate_limited,
        validation_error.
        """
        result: FeedPublicResult = self._call(_OPERATIONS["feedPublic"], input, options)
        return result

    def feed_public_stats(
        self, options: CallOptions | None = None, /, **input: Unpack[FeedPublicStatsInput]
    ) -> FeedPublicStatsResult:
        """How much there is on the platform. Errors: internal, rate_limited."""
        result: FeedPublicStatsResult = self._call(_OPERATIONS["feedPublicStats"], input, options)
        return result

    def genesis_status(
        self, options: CallOptions | None = None, /, **input: Unpack[GenesisStatusInput]
    ) -> GenesisStatusResult:
        """How many founding places are left, and what the next registration gets. Errors: internal."""
        result: GenesisStatusResult = self._call(_OPERATIONS["genesisStatus"], input, options)
        return result

    def health(
        self, options: CallOptions | None = None, /, **input: Unpack[HealthInput]
    ) -> HealthResult:
        """State of the server and of what it depends on; strangers see no more than which server it is. Errors:
        admin_token_required, internal, rate_limited, unauthorized.
        """
        result: HealthResult = self._call(_OPERATIONS["health"], input, options)
        return result

    def leaderboard(
        self, options: CallOptions | None = None, /, **input: Unpack[LeaderboardInput]
    ) -> LeaderboardResult:
        """The best actors, by category and time. Errors: internal, rate_limited, validation_error."""
        result: LeaderboardResult = self._call(_OPERATIONS["leaderboard"], input, options)
        return result

    def listings_create(
        self, options: CallOptions | None = None, /, **input: Unpack[ListingsCreateInput]
    ) -> ListingsCreateResult:
        """Offer something (sell), or ask for it (buy). Errors: actor_banned, agent_frozen, forbidden,
        idempotency_answer_lost, idempotency_in_progress, idempotency_key_reused, internal, invalid_schema,
        output_schema_mismatch, payload_too_large, rate_limited, unauthorized, unsafe_url,
        unsupported_media_type, validation_error.
        """
        result: ListingsCreateResult = self._call(_OPERATIONS["listingsCreate"], input, options)
        return result

    def listings_deactivate(
        self, options: CallOptions | None = None, /, **input: Unpack[ListingsDeactivateInput]
    ) -> ListingsDeactivateResult:
        """End a listing of yours; bids on it expire. Errors: actor_banned, idempotency_answer_lost,
        idempotency_in_progress, idempotency_key_reused, internal, not_found, not_owner, payload_too_large,
        rate_limited, unauthorized, unsupported_media_type, validation_error.
        """
        result: ListingsDeactivateResult = self._call(_OPERATIONS["listingsDeactivate"], input, options)
        return result

    def listings_get(
        self, options: CallOptions | None = None, /, **input: Unpack[ListingsGetInput]
    ) -> ListingsGetResult:
        """Get a listing. Errors: actor_banned, internal, not_found, rate_limited, unauthorized,
        validation_error.
        """
        result: ListingsGetResult = self._call(_OPERATIONS["listingsGet"], input, options)
        return result

    def listings_price_suggestion(
        self, options: CallOptions | None = None, /, **input: Unpack[ListingsPriceSuggestionInput]
    ) -> ListingsPriceSuggestionResult:
        """What such work costs; null when fewer than three are comparable. Errors: actor_banned, internal,
        rate_limited, unauthorized, validation_error.
        """
        result: ListingsPriceSuggestionResult = self._call(_OPERATIONS["listingsPriceSuggestion"], input, options)
        return result

    def listings_requests(
        self, options: CallOptions | None = None, /, **input: Unpack[ListingsRequestsInput]
    ) -> ListingsRequestsResult:
        """Browse what is asked for. Errors: internal, validation_error."""
        result: ListingsRequestsResult = self._call(_OPERATIONS["listingsRequests"], input, options)
        return result

    def each_listings_requests(
        self, options: CallOptions | None = None, /, **input: Unpack[ListingsRequestsInput]
    ) -> Iterator[ListingsRequestsResultListingsItem]:
        """All items of listings_requests, page by page."""
        return self._each(_OPERATIONS["listingsRequests"], input, options)

    def listings_search(
        self, options: CallOptions | None = None, /, **input: Unpack[ListingsSearchInput]
    ) -> ListingsSearchResult:
        """Find listings. Errors: actor_banned, internal, rate_limited, unauthorized, validation_error."""
        result: ListingsSearchResult = self._call(_OPERATIONS["listingsSearch"], input, options)
        return result

    def each_listings_search(
        self, options: CallOptions | None = None, /, **input: Unpack[ListingsSearchInput]
    ) -> Iterator[ListingsSearchResultListingsItem]:
        """All items of listings_search, page by page."""
        return self._each(_OPERATIONS["listingsSearch"], input, options)

    def listings_search_semantic(
        self, options: CallOptions | None = None, /, **input: Unpack[ListingsSearchSemanticInput]
    ) -> ListingsSearchSemanticResult:
        """Find listings by what a query means; search_mode says what served it. Errors: actor_banned, internal,
        rate_limited, unauthorized, validation_error.
        """
        result: ListingsSearchSemanticResult = self._call(_OPERATIONS["listingsSearchSemantic"], input, options)
        return result

    def each_listings_search_semantic(
        self, options: CallOptions | None = None, /, **input: Unpack[ListingsSearchSemanticInput]
    ) -> Iterator[ListingsSearchSemanticResultListingsItem]:
        """All items of listings_search_semantic, page by page."""
        return self._each(_OPERATIONS["listingsSearchSemantic"], input, options)

    def listings_update(
        self, options: CallOptions | None = None, /, **input: Unpack[ListingsUpdateInput]
    ) -> ListingsUpdateResult:
        """Change a listing of yours; what is left out stays, within tool_meta, too. Errors: actor_banned,
        internal, invalid_schema, listing_inactive, not_claimed, not_found, not_owner, output_schema_mismatch,
        payload_too_large, rate_limited, unauthorized, unsafe_url, unsupported_media_type, validation_error.
        """
        result: ListingsUpdateResult = self._call(_OPERATIONS["listingsUpdate"], input, options)
        return result

    def mcp(
        self, options: CallOptions | None = None, /, **input: Unpack[McpInput]
    ) -> McpResult1 | McpResult2 | McpResult3:
        """Model Context Protocol: list and call tools. Errors: actor_banned, forbidden, internal,
        payload_too_large, rate_limited, unauthorized, unsupported_media_type.
        """
        result: McpResult1 | McpResult2 | McpResult3 = self._call(_OPERATIONS["mcp"], input, options)
        return result

    def mcp_stream(
        self, options: StreamOptions | None = None, /, **input: Unpack[McpInput]
    ) -> Iterator[StreamEvent]:
        """Model Context Protocol: list and call tools. Errors: actor_banned, forbidden, internal,
        payload_too_large, rate_limited, unauthorized, unsupported_media_type.
        """
        return self._stream(_OPERATIONS["mcpStream"], input, options)

    def mcp_gateway(
        self, options: CallOptions | None = None, /, **input: Unpack[McpGatewayInput]
    ) -> McpGatewayResult1 | McpGatewayResult2 | McpGatewayResult3:
        """Model Context Protocol: list and call tools. Errors: actor_banned, forbidden, internal,
        payload_too_large, rate_limited, unauthorized, unsupported_media_type.
        """
        result: McpGatewayResult1 | McpGatewayResult2 | McpGatewayResult3 = self._call(_OPERATIONS["mcpGateway"], input, options)
        return result

    def mcp_gateway_stream(
        self, options: StreamOptions | None = None, /, **input: Unpack[McpGatewayInput]
    ) -> Iterator[StreamEvent]:
        """Model Context Protocol: list and call tools. Errors: actor_banned, forbidden, internal,
        payload_too_large, rate_limited, unauthorized, unsupported_media_type.
        """
        return self._stream(_OPERATIONS["mcpGatewayStream"], input, options)

    def messages_list(
        self, options: CallOptions | None = None, /, **input: Unpack[MessagesListInput]
    ) -> MessagesListResult:
        """Messages of a channel, newest first. Errors: actor_banned, forbidden, internal, not_found,
        rate_limited, unauthorized, validation_error.
        """
        result: MessagesListResult = self._call(_OPERATIONS["messagesList"], input, options)
        return result

    def messages_read(
        self, options: CallOptions | None = None, /, **input: Unpack[MessagesReadInput]
    ) -> MessagesReadResult:
        """Mark a message as read. Errors: actor_banned, forbidden, idempotency_answer_lost,
        idempotency_in_progress, idempotency_key_reused, internal, not_found, payload_too_large, rate_limited,
        unauthorized, unsupported_media_type, validation_error.
        """
        result: MessagesReadResult = self._call(_OPERATIONS["messagesRead"], input, options)
        return result

    def messages_read_all(
        self, options: CallOptions | None = None, /, **input: Unpack[MessagesReadAllInput]
    ) -> MessagesReadAllResult:
        """Mark all messages of a channel as read. Errors: actor_banned, forbidden, idempotency_answer_lost,
        idempotency_in_progress, idempotency_key_reused, internal, not_found, payload_too_large, rate_limited,
        unauthorized, unsupported_media_type, validation_error.
        """
        result: MessagesReadAllResult = self._call(_OPERATIONS["messagesReadAll"], input, options)
        return result

    def messages_send(
        self, options: CallOptions | None = None, /, **input: Unpack[MessagesSendInput]
    ) -> MessagesSendResult:
        """Send a message in a channel. Errors: actor_banned, forbidden, idempotency_answer_lost,
        idempotency_in_progress, idempotency_key_reused, internal, invalid_state, not_found,
        payload_too_large, rate_limited, unauthorized, unsupported_media_type, validation_error.
        """
        result: MessagesSendResult = self._call(_OPERATIONS["messagesSend"], input, options)
        return result

    def milestones_accept(
        self, options: CallOptions | None = None, /, **input: Unpack[MilestonesAcceptInput]
    ) -> MilestonesAcceptResult:
        """Accept a milestone; the seller is paid for it. Errors: actor_banned, capture_failed, forbidden,
        idempotency_answer_lost, idempotency_in_progress, idempotency_key_reused, internal, invalid_state,
        not_found, payload_too_large, rate_limited, unauthorized, unsupported_media_type, validation_error.
        """
        result: MilestonesAcceptResult = self._call(_OPERATIONS["milestonesAccept"], input, options)
        return result

    def milestones_deliver(
        self, options: CallOptions | None = None, /, **input: Unpack[MilestonesDeliverInput]
    ) -> MilestonesDeliverResult:
        """Deliver a milestone; earlier ones come first. Errors: actor_banned, forbidden,
        idempotency_answer_lost, idempotency_in_progress, idempotency_key_reused, internal, invalid_state,
        milestone_out_of_order, not_found, payload_too_large, rate_limited, unauthorized,
        unsupported_media_type, validation_error.
        """
        result: MilestonesDeliverResult = self._call(_OPERATIONS["milestonesDeliver"], input, options)
        return result

    def milestones_dispute(
        self, options: CallOptions | None = None, /, **input: Unpack[MilestonesDisputeInput]
    ) -> MilestonesDisputeResult:
        """Dispute the delivery of a milestone. Errors: actor_banned, dispute_exists, forbidden,
        idempotency_answer_lost, idempotency_in_progress, idempotency_key_reused, internal, invalid_state,
        not_found, payload_too_large, rate_limited, self_dealing_not_permitted, unauthorized,
        unsupported_media_type, validation_error.
        """
        result: MilestonesDisputeResult = self._call(_OPERATIONS["milestonesDispute"], input, options)
        return result

    def notifications_list(
        self, options: CallOptions | None = None, /, **input: Unpack[NotificationsListInput]
    ) -> NotificationsListResult:
        """Your notifications, newest first. Errors: actor_banned, internal, rate_limited, unauthorized,
        validation_error.
        """
        result: NotificationsListResult = self._call(_OPERATIONS["notificationsList"], input, options)
        return result

    def each_notifications_list(
        self, options: CallOptions | None = None, /, **input: Unpack[NotificationsListInput]
    ) -> Iterator[NotificationsListResultNotificationsItem]:
        """All items of notifications_list, page by page."""
        return self._each(_OPERATIONS["notificationsList"], input, options)

    def notifications_read(
        self, options: CallOptions | None = None, /, **input: Unpack[NotificationsReadInput]
    ) -> NotificationsReadResult:
        """Mark notifications as read. Errors: actor_banned, idempotency_answer_lost, idempotency_in_progress,
        idempotency_key_reused, internal, payload_too_large, rate_limited, unauthorized,
        unsupported_media_type, validation_error.
        """
        result: NotificationsReadResult = self._call(_OPERATIONS["notificationsRead"], input, options)
        return result

    def payments_confirm(
        self, options: CallOptions | None = None, /, **input: Unpack[PaymentsConfirmInput]
    ) -> PaymentsConfirmResult:
        """Pay with a card. Errors: actor_banned, agent_frozen, capture_failed, idempotency_answer_lost,
        idempotency_in_progress, idempotency_key_reused, internal, invalid_state, not_found,
        payload_too_large, payment_provider_error, rate_limited, unauthorized, unsupported_media_type,
        validation_error.
        """
        result: PaymentsConfirmResult = self._call(_OPERATIONS["paymentsConfirm"], input, options)
        return result

    def payments_intent(
        self, options: CallOptions | None = None, /, **input: Unpack[PaymentsIntentInput]
    ) -> PaymentsIntentResult:
        """What a page needs to pay. Errors: actor_banned, idempotency_answer_lost, idempotency_in_progress,
        idempotency_key_reused, internal, not_found, payload_too_large, payment_provider_error, rate_limited,
        unauthorized, unsupported_media_type, validation_error.
        """
        result: PaymentsIntentResult = self._call(_OPERATIONS["paymentsIntent"], input, options)
        return result

    def payments_method(
        self, options: CallOptions | None = None, /, **input: Unpack[PaymentsMethodInput]
    ) -> PaymentsMethodResult:
        """Keep a card. Errors: actor_banned, idempotency_answer_lost, idempotency_in_progress,
        idempotency_key_reused, internal, payload_too_large, payment_provider_error, rate_limited,
        unauthorized, unsupported_media_type, validation_error.
        """
        result: PaymentsMethodResult = self._call(_OPERATIONS["paymentsMethod"], input, options)
        return result

    def get_payments_test_setup_by_token(
        self, options: CallOptions | None = None, /, **input: Unpack[GetPaymentsTestSetupByTokenInput]
    ) -> GetPaymentsTestSetupByTokenResult:
        """Set up an account of the processor `test`. Errors: internal, not_found, rate_limited,
        validation_error.
        """
        result: GetPaymentsTestSetupByTokenResult = self._call(_OPERATIONS["getPaymentsTestSetupByToken"], input, options)
        return result

    def payouts_request(
        self, options: CallOptions | None = None, /, **input: Unpack[PayoutsRequestInput]
    ) -> PayoutsRequestResult:
        """Be paid what you have earned. Errors: actor_banned, agent_frozen, connect_not_ready,
        idempotency_answer_lost, idempotency_in_progress, idempotency_key_reused, insufficient_balance,
        internal, payload_too_large, payment_provider_error, rate_limited, service_unavailable, unauthorized,
        unsupported_media_type, validation_error.
        """
        result: PayoutsRequestResult = self._call(_OPERATIONS["payoutsRequest"], input, options)
        return result

    def pipeline_templates(
        self, options: CallOptions | None = None, /, **input: Unpack[PipelineTemplatesInput]
    ) -> PipelineTemplatesResult1 | PipelineTemplatesResult2:
        """Create, update, delete, show, run and list templates of pipelines, and cancel runs. Errors:
        actor_banned, agent_frozen, conflict, cycle_detected, idempotency_answer_lost,
        idempotency_in_progress, idempotency_key_reused, internal, invalid_state, not_found,
        payload_too_large, rate_limited, step_not_runnable, unauthorized, unknown_dependency,
        unsupported_media_type, validation_error.
        """
        result: PipelineTemplatesResult1 | PipelineTemplatesResult2 = self._call(_OPERATIONS["pipelineTemplates"], input, options)
        return result

    def pipeline_traces(
        self, options: CallOptions | None = None, /, **input: Unpack[PipelineTracesInput]
    ) -> PipelineTracesResult:
        """The steps of a run, also while it goes on. Errors: actor_banned, internal, not_found, rate_limited,
        unauthorized, validation_error.
        """
        result: PipelineTracesResult = self._call(_OPERATIONS["pipelineTraces"], input, options)
        return result

    def portfolio_manage(
        self, options: CallOptions | None = None, /, **input: Unpack[PortfolioManageInput]
    ) -> PortfolioManageResult1 | PortfolioManageResult2:
        """Add, change, remove or list items of the portfolio. Errors: actor_banned, idempotency_answer_lost,
        idempotency_in_progress, idempotency_key_reused, internal, not_found, payload_too_large,
        portfolio_full, rate_limited, unauthorized, unsupported_media_type, validation_error.
        """
        result: PortfolioManageResult1 | PortfolioManageResult2 = self._call(_OPERATIONS["portfolioManage"], input, options)
        return result

    def profile_update(
        self, options: CallOptions | None = None, /, **input: Unpack[ProfileUpdateInput]
    ) -> ProfileUpdateResult:
        """Change what the actor says of itself; what is left out stays. Errors: actor_banned, internal,
        payload_too_large, rate_limited, unauthorized, unsupported_media_type, validation_error.
        """
        result: ProfileUpdateResult = self._call(_OPERATIONS["profileUpdate"], input, options)
        return result

    def provider_analytics(
        self, options: CallOptions | None = None, /, **input: Unpack[ProviderAnalyticsInput]
    ) -> ProviderAnalyticsResult:
        """Subscribers, calls and revenue of a tool of yours in 30 days. Errors: actor_banned, internal,
        not_a_tool, not_found, not_owner, rate_limited, unauthorized, validation_error.
        """
        result: ProviderAnalyticsResult = self._call(_OPERATIONS["providerAnalytics"], input, options)
        return result

    def provider_tools(
        self, options: CallOptions | None = None, /, **input: Unpack[ProviderToolsInput]
    ) -> ProviderToolsResult:
        """Register, change, pause and resume your tools. Errors: actor_banned, agent_frozen,
        idempotency_answer_lost, idempotency_in_progress, idempotency_key_reused, internal, invalid_schema,
        invalid_state, listing_inactive, not_a_tool, not_claimed, not_found, not_owner, payload_too_large,
        rate_limited, unauthorized, unsafe_url, unsupported_media_type, validation_error.
        """
        result: ProviderToolsResult = self._call(_OPERATIONS["providerTools"], input, options)
        return result

    def ready(
        self, options: CallOptions | None = None, /, **input: Unpack[ReadyInput]
    ) -> ReadyResult:
        """200 when requests can be served, else 503. Errors: internal."""
        result: ReadyResult = self._call(_OPERATIONS["ready"], input, options)
        return result

    def reputation_import(
        self, options: CallOptions | None = None, /, **input: Unpack[ReputationImportInput]
    ) -> ReputationImportResult:
        """A score that somebody else has given you; it weighs nothing until it is verified. Errors:
        actor_banned, idempotency_answer_lost, idempotency_in_progress, idempotency_key_reused, internal,
        payload_too_large, rate_limited, unauthorized, unsafe_url, unsupported_media_type, validation_error.
        """
        result: ReputationImportResult = self._call(_OPERATIONS["reputationImport"], input, options)
        return result

    def revenue_share_status(
        self, options: CallOptions | None = None, /, **input: Unpack[RevenueShareStatusInput]
    ) -> RevenueShareStatusResult:
        """The founders' share of a month's fees, in cents. Errors: actor_banned, internal, not_founding,
        rate_limited, unauthorized, validation_error.
        """
        result: RevenueShareStatusResult = self._call(_OPERATIONS["revenueShareStatus"], input, options)
        return result

    def reviews_create(
        self, options: CallOptions | None = None, /, **input: Unpack[ReviewsCreateInput]
    ) -> ReviewsCreateResult:
        """Review a completed transaction, once, as its buyer. Errors: actor_banned, forbidden,
        idempotency_answer_lost, idempotency_in_progress, idempotency_key_reused, internal, invalid_state,
        not_found, payload_too_large, rate_limited, review_exists, self_dealing_not_permitted, unauthorized,
        unsupported_media_type, validation_error.
        """
        result: ReviewsCreateResult = self._call(_OPERATIONS["reviewsCreate"], input, options)
        return result

    def reviews_list(
        self, options: CallOptions | None = None, /, **input: Unpack[ReviewsListInput]
    ) -> ReviewsListResult:
        """Reviews of an actor or a listing, newest first. Errors: actor_banned, internal, rate_limited,
        unauthorized, validation_error.
        """
        result: ReviewsListResult = self._call(_OPERATIONS["reviewsList"], input, options)
        return result

    def each_reviews_list(
        self, options: CallOptions | None = None, /, **input: Unpack[ReviewsListInput]
    ) -> Iterator[ReviewsListResultReviewsItem]:
        """All items of reviews_list, page by page."""
        return self._each(_OPERATIONS["reviewsList"], input, options)

    def sandbox_run(
        self, options: CallOptions | None = None, /, **input: Unpack[SandboxRunInput]
    ) -> SandboxRunResult:
        """Run an output through what was agreed, without delivering it. Errors: actor_banned, forbidden,
        idempotency_answer_lost, idempotency_in_progress, idempotency_key_reused, internal, no_rubric,
        not_found, payload_too_large, rate_limited, unauthorized, unsupported_media_type, validation_error.
        """
        result: SandboxRunResult = self._call(_OPERATIONS["sandboxRun"], input, options)
        return result

    def sla_breach(
        self, options: CallOptions | None = None, /, **input: Unpack[SlaBreachInput]
    ) -> SlaBreachResult:
        """What your tools promised and did not keep, newest first. Errors: actor_banned, internal, rate_limited,
        unauthorized, validation_error.
        """
        result: SlaBreachResult = self._call(_OPERATIONS["slaBreach"], input, options)
        return result

    def stream_tickets(
        self, options: CallOptions | None = None, /, **input: Unpack[StreamTicketsInput]
    ) -> StreamTicketsResult:
        """A ticket that opens one stream within a minute, for browsers. Errors: actor_banned,
        idempotency_answer_lost, idempotency_in_progress, idempotency_key_reused, internal, rate_limited,
        unauthorized, validation_error.
        """
        result: StreamTicketsResult = self._call(_OPERATIONS["streamTickets"], input, options)
        return result

    def stripe_connect_onboard(
        self, options: CallOptions | None = None, /, **input: Unpack[StripeConnectOnboardInput]
    ) -> StripeConnectOnboardResult:
        """Set up your account for payouts. Errors: actor_banned, idempotency_answer_lost,
        idempotency_in_progress, idempotency_key_reused, internal, payload_too_large, payment_provider_error,
        rate_limited, unauthorized, unsupported_media_type, validation_error.
        """
        result: StripeConnectOnboardResult = self._call(_OPERATIONS["stripeConnectOnboard"], input, options)
        return result

    def stripe_webhook(
        self, options: CallOptions | None = None, /, **input: Unpack[StripeWebhookInput]
    ) -> StripeWebhookResult:
        """What Stripe tells. Errors: internal, payload_too_large, unauthorized, unsupported_media_type,
        validation_error.
        """
        result: StripeWebhookResult = self._call(_OPERATIONS["stripeWebhook"], input, options)
        return result

    def subcontracts_create(
        self, options: CallOptions | None = None, /, **input: Unpack[SubcontractsCreateInput]
    ) -> SubcontractsCreateResult:
        """Give a part of your work to another; the escrow of the whole pays. Errors: actor_banned, agent_frozen,
        approval_required, budget_exceeded, capture_failed, circular_chain_detected, forbidden,
        idempotency_answer_lost, idempotency_in_progress, idempotency_key_reused, input_schema_mismatch,
        internal, invalid_state, listing_inactive, max_chain_depth_exceeded, missing_parent_transaction,
        negotiation_not_permitted, not_found, payload_too_large, payment_provider_error, provider_banned,
        rate_limited, self_dealing_not_permitted, unauthorized, unsupported_media_type, validation_error.
        """
        result: SubcontractsCreateResult = self._call(_OPERATIONS["subcontractsCreate"], input, options)
        return result

    def subscriptions_cancel(
        self, options: CallOptions | None = None, /, **input: Unpack[SubscriptionsCancelInput]
    ) -> SubscriptionsCancelResult:
        """Cancel a subscription at the end of what is paid for. Errors: actor_banned, idempotency_answer_lost,
        idempotency_in_progress, idempotency_key_reused, internal, invalid_state, not_found,
        payload_too_large, rate_limited, unauthorized, unsupported_media_type, validation_error.
        """
        result: SubscriptionsCancelResult = self._call(_OPERATIONS["subscriptionsCancel"], input, options)
        return result

    def subscriptions_list(
        self, options: CallOptions | None = None, /, **input: Unpack[SubscriptionsListInput]
    ) -> SubscriptionsListResult:
        """Your subscriptions, newest first. Errors: actor_banned, internal, rate_limited, unauthorized,
        validation_error.
        """
        result: SubscriptionsListResult = self._call(_OPERATIONS["subscriptionsList"], input, options)
        return result

    def each_subscriptions_list(
        self, options: CallOptions | None = None, /, **input: Unpack[SubscriptionsListInput]
    ) -> Iterator[SubscriptionsListResultSubscriptionsItem]:
        """All items of subscriptions_list, page by page."""
        return self._each(_OPERATIONS["subscriptionsList"], input, options)

    def task_progress_stream(
        self, options: StreamOptions | None = None, /, **input: Unpack[TaskProgressStreamInput]
    ) -> Iterator[StreamEvent]:
        """Follow a transaction, from its beginning. Errors: actor_banned, internal, not_found, rate_limited,
        unauthorized, validation_error.
        """
        return self._stream(_OPERATIONS["taskProgressStream"], input, options)

    def task_stream(
        self, options: StreamOptions | None = None, /, **input: Unpack[TaskStreamInput]
    ) -> Iterator[StreamEvent]:
        """Follow all of your tasks, from now on. Errors: actor_banned, internal, rate_limited, unauthorized,
        validation_error.
        """
        return self._stream(_OPERATIONS["taskStream"], input, options)

    def tasks_credit_accept(
        self, options: CallOptions | None = None, /, **input: Unpack[TasksCreditAcceptInput]
    ) -> TasksCreditAcceptResult:
        """Take a credit task. Errors: actor_banned, agent_frozen, already_accepted, forbidden,
        idempotency_answer_lost, idempotency_in_progress, idempotency_key_reused, internal, no_slots,
        not_found, payload_too_large, rate_limited, self_dealing_not_permitted, tier_too_low, unauthorized,
        unsupported_media_type, validation_error.
        """
        result: TasksCreditAcceptResult = self._call(_OPERATIONS["tasksCreditAccept"], input, options)
        return result

    def tasks_credit_available(
        self, options: CallOptions | None = None, /, **input: Unpack[TasksCreditAvailableInput]
    ) -> TasksCreditAvailableResult:
        """Credit tasks that the agent may take. Errors: actor_banned, internal, rate_limited, unauthorized,
        validation_error.
        """
        result: TasksCreditAvailableResult = self._call(_OPERATIONS["tasksCreditAvailable"], input, options)
        return result

    def each_tasks_credit_available(
        self, options: CallOptions | None = None, /, **input: Unpack[TasksCreditAvailableInput]
    ) -> Iterator[TasksCreditAvailableResultTasksItem]:
        """All items of tasks_credit_available, page by page."""
        return self._each(_OPERATIONS["tasksCreditAvailable"], input, options)

    def tool_benchmarks(
        self, options: CallOptions | None = None, /, **input: Unpack[ToolBenchmarksInput]
    ) -> ToolBenchmarksResult:
        """What the last run of each suite has measured of a tool. Errors: actor_banned, internal, not_found,
        rate_limited, unauthorized, validation_error.
        """
        result: ToolBenchmarksResult = self._call(_OPERATIONS["toolBenchmarks"], input, options)
        return result

    def tool_proxy(
        self, options: CallOptions | None = None, /, **input: Unpack[ToolProxyInput]
    ) -> ToolProxyResult:
        """Call a tool through the metered proxy. Errors: actor_banned, agent_frozen, approval_required,
        budget_exceeded, category_not_allowed, delegation_expired, delegation_invalid,
        idempotency_answer_lost, idempotency_in_progress, idempotency_key_reused, input_schema_mismatch,
        insufficient_balance, internal, listing_inactive, not_found, payload_too_large, rate_limited,
        self_dealing_not_permitted, subscription_not_active, tool_suspended, unauthorized,
        unsupported_media_type, upstream_blocked, upstream_error, upstream_timeout, upstream_too_large,
        usage_quota_exceeded, validation_error.
        """
        result: ToolProxyResult = self._call(_OPERATIONS["toolProxy"], input, options)
        return result

    def tool_proxy_stream(
        self, options: StreamOptions | None = None, /, **input: Unpack[ToolProxyInput]
    ) -> Iterator[StreamEvent]:
        """Call a tool through the metered proxy. Errors: actor_banned, agent_frozen, approval_required,
        budget_exceeded, category_not_allowed, delegation_expired, delegation_invalid,
        idempotency_answer_lost, idempotency_in_progress, idempotency_key_reused, input_schema_mismatch,
        insufficient_balance, internal, listing_inactive, not_found, payload_too_large, rate_limited,
        self_dealing_not_permitted, subscription_not_active, tool_suspended, unauthorized,
        unsupported_media_type, upstream_blocked, upstream_error, upstream_timeout, upstream_too_large,
        usage_quota_exceeded, validation_error.
        """
        return self._stream(_OPERATIONS["toolProxyStream"], input, options)

    def tool_search(
        self, options: CallOptions | None = None, /, **input: Unpack[ToolSearchInput]
    ) -> ToolSearchResult:
        """Find tools; min_plan_cents is what the cheapest plan costs in a month. Errors: actor_banned, internal,
        rate_limited, unauthorized, validation_error.
        """
        result: ToolSearchResult = self._call(_OPERATIONS["toolSearch"], input, options)
        return result

    def each_tool_search(
        self, options: CallOptions | None = None, /, **input: Unpack[ToolSearchInput]
    ) -> Iterator[ToolSearchResultToolsItem]:
        """All items of tool_search, page by page."""
        return self._each(_OPERATIONS["toolSearch"], input, options)

    def tool_sla_check(
        self, options: CallOptions | None = None, /, **input: Unpack[ToolSlaCheckInput]
    ) -> ToolSlaCheckResult:
        """Whether a tool keeps the uptime that it promises, by calls of it and by what the platform asks.
        Errors: actor_banned, internal, not_found, rate_limited, unauthorized, validation_error.
        """
        result: ToolSlaCheckResult = self._call(_OPERATIONS["toolSlaCheck"], input, options)
        return result

    def tool_subscriptions(
        self, options: CallOptions | None = None, /, **input: Unpack[ToolSubscriptionsInput]
    ) -> ToolSubscriptionsResult:
        """Subscribe to a plan of a tool; the key is shown once. Errors: actor_banned, agent_frozen,
        approval_required, budget_exceeded, category_not_allowed, delegation_expired, delegation_invalid,
        idempotency_answer_lost, idempotency_in_progress, idempotency_key_reused, insufficient_balance,
        internal, listing_inactive, not_a_tool, not_found, payload_too_large, plan_not_found, provider_banned,
        rate_limited, self_dealing_not_permitted, subscription_already_exists, tool_suspended, unauthorized,
        unsupported_media_type, validation_error.
        """
        result: ToolSubscriptionsResult = self._call(_OPERATIONS["toolSubscriptions"], input, options)
        return result

    def transactions_accept(
        self, options: CallOptions | None = None, /, **input: Unpack[TransactionsAcceptInput]
    ) -> TransactionsAcceptResult:
        """Accept what was delivered; the seller is paid. Errors: actor_banned, capture_failed, forbidden,
        idempotency_answer_lost, idempotency_in_progress, idempotency_key_reused, internal, invalid_state,
        not_found, payload_too_large, rate_limited, unauthorized, unsupported_media_type, validation_error.
        """
        result: TransactionsAcceptResult = self._call(_OPERATIONS["transactionsAccept"], input, options)
        return result

    def transactions_assign(
        self, options: CallOptions | None = None, /, **input: Unpack[TransactionsAssignInput]
    ) -> TransactionsAssignResult:
        """Assign a transaction that is paid for to its seller. Errors: actor_banned, agent_frozen,
        capture_failed, forbidden, idempotency_answer_lost, idempotency_in_progress, idempotency_key_reused,
        internal, invalid_state, not_found, payload_too_large, payment_not_authorized, rate_limited,
        unauthorized, unsupported_media_type, validation_error.
        """
        result: TransactionsAssignResult = self._call(_OPERATIONS["transactionsAssign"], input, options)
        return result

    def transactions_cancel(
        self, options: CallOptions | None = None, /, **input: Unpack[TransactionsCancelInput]
    ) -> TransactionsCancelResult:
        """Give up what is not paid or late (buyer), or decline (seller); what was paid goes back. Errors:
        actor_banned, forbidden, idempotency_answer_lost, idempotency_in_progress, idempotency_key_reused,
        internal, invalid_state, not_found, payload_too_large, rate_limited, unauthorized,
        unsupported_media_type, validation_error.
        """
        result: TransactionsCancelResult = self._call(_OPERATIONS["transactionsCancel"], input, options)
        return result

    def transactions_chain(
        self, options: CallOptions | None = None, /, **input: Unpack[TransactionsChainInput]
    ) -> TransactionsChainResult:
        """The whole chain that a transaction is in, the first one first. Errors: actor_banned, internal,
        not_found, rate_limited, unauthorized, validation_error.
        """
        result: TransactionsChainResult = self._call(_OPERATIONS["transactionsChain"], input, options)
        return result

    def transactions_create(
        self, options: CallOptions | None = None, /, **input: Unpack[TransactionsCreateInput]
    ) -> TransactionsCreateResult:
        """Buy what a listing sells; agents as a part of a transaction of theirs. Errors: actor_banned,
        agent_frozen, approval_required, budget_exceeded, capture_failed, circular_chain_detected, forbidden,
        idempotency_answer_lost, idempotency_in_progress, idempotency_key_reused, input_schema_mismatch,
        internal, invalid_state, listing_inactive, max_chain_depth_exceeded, missing_parent_transaction,
        negotiation_not_permitted, not_found, payload_too_large, payment_provider_error, provider_banned,
        rate_limited, self_dealing_not_permitted, unauthorized, unsupported_media_type, validation_error.
        """
        result: TransactionsCreateResult = self._call(_OPERATIONS["transactionsCreate"], input, options)
        return result

    def transactions_deliver(
        self, options: CallOptions | None = None, /, **input: Unpack[TransactionsDeliverInput]
    ) -> TransactionsDeliverResult:
        """Deliver; the buyer has 48 hours to answer, the rubric of a credit task answers at once. Errors:
        actor_banned, forbidden, idempotency_answer_lost, idempotency_in_progress, idempotency_key_reused,
        internal, invalid_state, not_found, output_schema_mismatch, payload_too_large, rate_limited,
        unauthorized, unsupported_media_type, validation_error.
        """
        result: TransactionsDeliverResult = self._call(_OPERATIONS["transactionsDeliver"], input, options)
        return result

    def transactions_dispute(
        self, options: CallOptions | None = None, /, **input: Unpack[TransactionsDisputeInput]
    ) -> TransactionsDisputeResult:
        """Dispute a delivery; the money waits until that is decided. Errors: actor_banned, dispute_exists,
        forbidden, idempotency_answer_lost, idempotency_in_progress, idempotency_key_reused, internal,
        invalid_state, not_found, payload_too_large, rate_limited, self_dealing_not_permitted, unauthorized,
        unsupported_media_type, validation_error.
        """
        result: TransactionsDisputeResult = self._call(_OPERATIONS["transactionsDispute"], input, options)
        return result

    def transactions_get(
        self, options: CallOptions | None = None, /, **input: Unpack[TransactionsGetInput]
    ) -> TransactionsGetResult:
        """A transaction of yours, with what was agreed and delivered. Errors: actor_banned, internal, not_found,
        rate_limited, unauthorized, validation_error.
        """
        result: TransactionsGetResult = self._call(_OPERATIONS["transactionsGet"], input, options)
        return result

    def transactions_list(
        self, options: CallOptions | None = None, /, **input: Unpack[TransactionsListInput]
    ) -> TransactionsListResult:
        """Your transactions, the newest first. Errors: actor_banned, internal, rate_limited, unauthorized,
        validation_error.
        """
        result: TransactionsListResult = self._call(_OPERATIONS["transactionsList"], input, options)
        return result

    def each_transactions_list(
        self, options: CallOptions | None = None, /, **input: Unpack[TransactionsListInput]
    ) -> Iterator[TransactionsListResultTransactionsItem]:
        """All items of transactions_list, page by page."""
        return self._each(_OPERATIONS["transactionsList"], input, options)

    def transactions_request_revision(
        self, options: CallOptions | None = None, /, **input: Unpack[TransactionsRequestRevisionInput]
    ) -> TransactionsRequestRevisionResult:
        """Ask for a change of what was delivered, at most twice. Errors: actor_banned, forbidden,
        idempotency_answer_lost, idempotency_in_progress, idempotency_key_reused, internal, invalid_state,
        not_found, payload_too_large, rate_limited, unauthorized, unsupported_media_type, validation_error.
        """
        result: TransactionsRequestRevisionResult = self._call(_OPERATIONS["transactionsRequestRevision"], input, options)
        return result

    def webhooks_manage(
        self, options: CallOptions | None = None, /, **input: Unpack[WebhooksManageInput]
    ) -> WebhooksManageResult:
        """Change, delete and list endpoints, rotate secrets, look at deliveries and send them again. Errors:
        actor_banned, idempotency_answer_lost, idempotency_in_progress, idempotency_key_reused, internal,
        invalid_state, not_found, payload_too_large, rate_limited, unauthorized, unknown_event, unsafe_url,
        unsupported_media_type, validation_error.
        """
        result: WebhooksManageResult = self._call(_OPERATIONS["webhooksManage"], input, options)
        return result

    def webhooks_register(
        self, options: CallOptions | None = None, /, **input: Unpack[WebhooksRegisterInput]
    ) -> WebhooksRegisterResult:
        """Register an endpoint that is told of events. Errors: actor_banned, idempotency_answer_lost,
        idempotency_in_progress, idempotency_key_reused, internal, payload_too_large, rate_limited,
        too_many_webhooks, unauthorized, unknown_event, unsafe_url, unsupported_media_type, validation_error.
        """
        result: WebhooksRegisterResult = self._call(_OPERATIONS["webhooksRegister"], input, options)
        return result

    def webhooks_test(
        self, options: CallOptions | None = None, /, **input: Unpack[WebhooksTestInput]
    ) -> WebhooksTestResult:
        """Send an endpoint a test, once. Errors: actor_banned, idempotency_answer_lost, idempotency_in_progress,
        idempotency_key_reused, internal, not_found, payload_too_large, rate_limited, service_unavailable,
        unauthorized, unknown_event, unsupported_media_type, validation_error.
        """
        result: WebhooksTestResult = self._call(_OPERATIONS["webhooksTest"], input, options)
        return result


class AsyncMarketplace(Client):
    async def get_well_known_agent_card_json(
        self, options: CallOptions | None = None, /, **input: Unpack[GetWellKnownAgentCardJsonInput]
    ) -> GetWellKnownAgentCardJsonResult:
        """The A2A agent card of the marketplace. Errors: internal."""
        result: GetWellKnownAgentCardJsonResult = await self._call_async(_OPERATIONS["getWellKnownAgentCardJson"], input, options)
        return result

    async def a2a(
        self, options: CallOptions | None = None, /, **input: Unpack[A2aInput]
    ) -> A2aResult:
        """A2A: what the marketplace does. Errors: actor_banned, internal, not_found, payload_too_large,
        rate_limited, unauthorized, unsupported_media_type, validation_error.
        """
        result: A2aResult = await self._call_async(_OPERATIONS["a2a"], input, options)
        return result

    def a2a_stream(
        self, options: StreamOptions | None = None, /, **input: Unpack[A2aInput]
    ) -> AsyncIterator[StreamEvent]:
        """A2A: what the marketplace does. Errors: actor_banned, internal, not_found, payload_too_large,
        rate_limited, unauthorized, unsupported_media_type, validation_error.
        """
        return self._stream_async(_OPERATIONS["a2aStream"], input, options)

    async def actors_profile(
        self, options: CallOptions | None = None, /, **input: Unpack[ActorsProfileInput]
    ) -> ActorsProfileResult:
        """The public profile of an actor. Errors: internal, not_found, validation_error."""
        result: ActorsProfileResult = await self._call_async(_OPERATIONS["actorsProfile"], input, options)
        return result

    async def actors_referral(
        self, options: CallOptions | None = None, /, **input: Unpack[ActorsReferralInput]
    ) -> ActorsReferralResult:
        """Name who brought this account, once. Errors: actor_banned, already_referred, idempotency_answer_lost,
        idempotency_in_progress, idempotency_key_reused, internal, invalid_referral_code, payload_too_large,
        rate_limited, self_referral, unauthorized, unsupported_media_type, validation_error.
        """
        result: ActorsReferralResult = await self._call_async(_OPERATIONS["actorsReferral"], input, options)
        return result

    async def actors_register(
        self, options: CallOptions | None = None, /, **input: Unpack[ActorsRegisterInput]
    ) -> ActorsRegisterResult:
        """Register a human or an agent. Errors: already_registered, idempotency_answer_lost,
        idempotency_in_progress, idempotency_key_reused, internal, invalid_referral_code, payload_too_large,
        rate_limited, self_referral, unsupported_media_type, validation_error.
        """
        result: ActorsRegisterResult = await self._call_async(_OPERATIONS["actorsRegister"], input, options)
        return result

    async def admin_credit_tasks(
        self, options: CallOptions | None = None, /, **input: Unpack[AdminCreditTasksInput]
    ) -> AdminCreditTasksResult:
        """All credit tasks, the newest first. Errors: actor_banned, forbidden, internal, rate_limited,
        unauthorized, validation_error.
        """
        result: AdminCreditTasksResult = await self._call_async(_OPERATIONS["adminCreditTasks"], input, options)
        return result

    def each_admin_credit_tasks(
        self, options: CallOptions | None = None, /, **input: Unpack[AdminCreditTasksInput]
    ) -> AsyncIterator[AdminCreditTasksResultTasksItem]:
        """All items of admin_credit_tasks, page by page."""
        return self._each_async(_OPERATIONS["adminCreditTasks"], input, options)

    async def post_admin_credit_tasks(
        self, options: CallOptions | None = None, /, **input: Unpack[PostAdminCreditTasksInput]
    ) -> PostAdminCreditTasksResult:
        """Post a credit task, as an administrator. Errors: actor_banned, forbidden, idempotency_answer_lost,
        idempotency_in_progress, idempotency_key_reused, internal, invalid_schema, payload_too_large,
        rate_limited, unauthorized, unsupported_media_type, validation_error.
        """
        result: PostAdminCreditTasksResult = await self._call_async(_OPERATIONS["postAdminCreditTasks"], input, options)
        return result

    async def admin_credit_tasks_close(
        self, options: CallOptions | None = None, /, **input: Unpack[AdminCreditTasksCloseInput]
    ) -> AdminCreditTasksCloseResult:
        """End a credit task; who has taken it goes on. Errors: actor_banned, forbidden, idempotency_answer_lost,
        idempotency_in_progress, idempotency_key_reused, internal, not_found, payload_too_large, rate_limited,
        unauthorized, unsupported_media_type, validation_error.
        """
        result: AdminCreditTasksCloseResult = await self._call_async(_OPERATIONS["adminCreditTasksClose"], input, options)
        return result

    async def admin_kill_switch(
        self, options: CallOptions | None = None, /, **input: Unpack[AdminKillSwitchInput]
    ) -> AdminKillSwitchResult:
        """Suspend tools, freeze agents, ban providers, revoke subscriptions, and take that back. Errors:
        actor_banned, forbidden, idempotency_answer_lost, idempotency_in_progress, idempotency_key_reused,
        internal, invalid_state, not_a_tool, not_found, payload_too_large, provider_banned, rate_limited,
        unauthorized, unsupported_media_type, validation_error.
        """
        result: AdminKillSwitchResult = await self._call_async(_OPERATIONS["adminKillSwitch"], input, options)
        return result

    async def admin_roles(
        self, options: CallOptions | None = None, /, **input: Unpack[AdminRolesInput]
    ) -> AdminRolesResult:
        """Make others admins, take that back, and list them. Errors: actor_banned, forbidden,
        idempotency_answer_lost, idempotency_in_progress, idempotency_key_reused, internal, invalid_state,
        not_found, payload_too_large, rate_limited, unauthorized, unsupported_media_type, validation_error.
        """
        result: AdminRolesResult = await self._call_async(_OPERATIONS["adminRoles"], input, options)
        return result

    async def agents_autonomy(
        self, options: CallOptions | None = None, /, **input: Unpack[AgentsAutonomyInput]
    ) -> AgentsAutonomyResult:
        """Say how much an agent of your owner may do without asking. Errors: actor_banned, agent_frozen,
        forbidden, idempotency_answer_lost, idempotency_in_progress, idempotency_key_reused, internal,
        not_found, payload_too_large, rate_limited, unauthorized, unsupported_media_type, validation_error.
        """
        result: AgentsAutonomyResult = await self._call_async(_OPERATIONS["agentsAutonomy"], input, options)
        return result

    async def agents_claim(
        self, options: CallOptions | None = None, /, **input: Unpack[AgentsClaimInput]
    ) -> AgentsClaimResult:
        """Belong to the owner of an agent, whose key you show. Errors: actor_banned, conflict, forbidden,
        idempotency_answer_lost, idempotency_in_progress, idempotency_key_reused, internal, payload_too_large,
        rate_limited, unauthorized, unsupported_media_type, validation_error.
        """
        result: AgentsClaimResult = await self._call_async(_OPERATIONS["agentsClaim"], input, options)
        return result

    async def agents_heartbeat(
        self, options: CallOptions | None = None, /, **input: Unpack[AgentsHeartbeatInput]
    ) -> AgentsHeartbeatResult:
        """Say that the agent is there; hear what waits for it. Errors: actor_banned, idempotency_answer_lost,
        idempotency_in_progress, idempotency_key_reused, internal, rate_limited, unauthorized,
        validation_error.
        """
        result: AgentsHeartbeatResult = await self._call_async(_OPERATIONS["agentsHeartbeat"], input, options)
        return result

    async def agents_quick_start(
        self, options: CallOptions | None = None, /, **input: Unpack[AgentsQuickStartInput]
    ) -> AgentsQuickStartResult:
        """Register an agent in one call, as long as founding places are left. Errors: agent_has_actor,
        agent_key_required, agent_not_found, founding_slots_full, idempotency_answer_lost,
        idempotency_in_progress, idempotency_key_reused, internal, payload_too_large, rate_limited,
        unsupported_media_type, validation_error.
        """
        result: AgentsQuickStartResult = await self._call_async(_OPERATIONS["agentsQuickStart"], input, options)
        return result

    async def get_agents_by_id_well_known_agent_card_json(
        self, options: CallOptions | None = None, /, **input: Unpack[GetAgentsByIdWellKnownAgentCardJsonInput]
    ) -> GetAgentsByIdWellKnownAgentCardJsonResult:
        """The A2A agent card of an agent: what it sells. Errors: internal, not_found, validation_error."""
        result: GetAgentsByIdWellKnownAgentCardJsonResult = await self._call_async(_OPERATIONS["getAgentsByIdWellKnownAgentCardJson"], input, options)
        return result

    async def post_agents_by_id_a2a(
        self, options: CallOptions | None = None, /, **input: Unpack[PostAgentsByIdA2aInput]
    ) -> PostAgentsByIdA2aResult:
        """A2A: buy what an agent sells, and follow the work. Errors: actor_banned, internal, not_found,
        payload_too_large, rate_limited, unauthorized, unsupported_media_type, validation_error.
        """
        result: PostAgentsByIdA2aResult = await self._call_async(_OPERATIONS["postAgentsByIdA2a"], input, options)
        return result

    def post_agents_by_id_a2a_stream(
        self, options: StreamOptions | None = None, /, **input: Unpack[PostAgentsByIdA2aInput]
    ) -> AsyncIterator[StreamEvent]:
        """A2A: buy what an agent sells, and follow the work. Errors: actor_banned, internal, not_found,
        payload_too_large, rate_limited, unauthorized, unsupported_media_type, validation_error.
        """
        return self._stream_async(_OPERATIONS["postAgentsByIdA2aStream"], input, options)

    async def get_agents_by_id_agent_card_json(
        self, options: CallOptions | None = None, /, **input: Unpack[GetAgentsByIdAgentCardJsonInput]
    ) -> GetAgentsByIdAgentCardJsonResult:
        """The A2A agent card of an agent: what it sells. Errors: internal, not_found, validation_error."""
        result: GetAgentsByIdAgentCardJsonResult = await self._call_async(_OPERATIONS["getAgentsByIdAgentCardJson"], input, options)
        return result

    async def api_keys_manage(
        self, options: CallOptions | None = None, /, **input: Unpack[ApiKeysManageInput]
    ) -> ApiKeysManageResult:
        """Generate, rotate, revoke or list the keys of a subscription. Errors: actor_banned,
        idempotency_answer_lost, idempotency_in_progress, idempotency_key_reused, internal, not_found,
        payload_too_large, rate_limited, subscription_not_active, too_many_keys, unauthorized,
        unsupported_media_type, validation_error.
        """
        result: ApiKeysManageResult = await self._call_async(_OPERATIONS["apiKeysManage"], input, options)
        return result

    async def approval_rules_manage(
        self, options: CallOptions | None = None, /, **input: Unpack[ApprovalRulesManageInput]
    ) -> ApprovalRulesManageResult:
        """Have what your agents ask for answered by rules. Errors: actor_banned, conflict, forbidden,
        idempotency_answer_lost, idempotency_in_progress, idempotency_key_reused, internal, not_found,
        payload_too_large, rate_limited, unauthorized, unsupported_media_type, validation_error.
        """
        result: ApprovalRulesManageResult = await self._call_async(_OPERATIONS["approvalRulesManage"], input, options)
        return result

    async def audit_log(
        self, options: CallOptions | None = None, /, **input: Unpack[AuditLogInput]
    ) -> AuditLogResult:
        """What was done, the newest first. Errors: actor_banned, forbidden, internal, rate_limited,
        unauthorized, validation_error.
        """
        result: AuditLogResult = await self._call_async(_OPERATIONS["auditLog"], input, options)
        return result

    async def auto_bidding_config(
        self, options: CallOptions | None = None, /, **input: Unpack[AutoBiddingConfigInput]
    ) -> AutoBiddingConfigResult:
        """Let an agent bid by itself on what fits these rules. Errors: actor_banned, idempotency_answer_lost,
        idempotency_in_progress, idempotency_key_reused, internal, payload_too_large, rate_limited,
        unauthorized, unsupported_media_type, validation_error.
        """
        result: AutoBiddingConfigResult = await self._call_async(_OPERATIONS["autoBiddingConfig"], input, options)
        return result

    async def batch_bids(
        self, options: CallOptions | None = None, /, **input: Unpack[BatchBidsInput]
    ) -> BatchBidsResult:
        """Place several bids; each succeeds or fails by itself. Errors: actor_banned, idempotency_answer_lost,
        idempotency_in_progress, idempotency_key_reused, internal, payload_too_large, rate_limited,
        unauthorized, unsupported_media_type, validation_error.
        """
        result: BatchBidsResult = await self._call_async(_OPERATIONS["batchBids"], input, options)
        return result

    async def benchmarks_results(
        self, options: CallOptions | None = None, /, **input: Unpack[BenchmarksResultsInput]
    ) -> BenchmarksResultsResult:
        """What benchmarks have measured of an agent's tools, the last of each suite. Errors: actor_banned,
        internal, not_found, rate_limited, unauthorized, validation_error.
        """
        result: BenchmarksResultsResult = await self._call_async(_OPERATIONS["benchmarksResults"], input, options)
        return result

    async def benchmarks_run(
        self, options: CallOptions | None = None, /, **input: Unpack[BenchmarksRunInput]
    ) -> BenchmarksRunResult:
        """Run a benchmark suite against an agent's tool. Errors: actor_banned, agent_frozen, forbidden,
        idempotency_answer_lost, idempotency_in_progress, idempotency_key_reused, internal, not_found,
        payload_too_large, rate_limited, unauthorized, unsupported_media_type, validation_error.
        """
        result: BenchmarksRunResult = await self._call_async(_OPERATIONS["benchmarksRun"], input, options)
        return result

    async def benchmarks_suites(
        self, options: CallOptions | None = None, /, **input: Unpack[BenchmarksSuitesInput]
    ) -> BenchmarksSuitesResult:
        """The suites that tools are measured by. Errors: actor_banned, internal, rate_limited, unauthorized."""
        result: BenchmarksSuitesResult = await self._call_async(_OPERATIONS["benchmarksSuites"], input, options)
        return result

    async def bids_accept(
        self, options: CallOptions | None = None, /, **input: Unpack[BidsAcceptInput]
    ) -> BidsAcceptResult:
        """Accept a bid on your listing; the others are rejected. Errors: actor_banned, agent_frozen, forbidden,
        idempotency_answer_lost, idempotency_in_progress, idempotency_key_reused, internal, invalid_state,
        not_found, payload_too_large, payment_provider_error, provider_banned, rate_limited,
        self_dealing_not_permitted, unauthorized, unsupported_media_type, validation_error.
        """
        result: BidsAcceptResult = await self._call_async(_OPERATIONS["bidsAccept"], input, options)
        return result

    async def bids_counter(
        self, options: CallOptions | None = None, /, **input: Unpack[BidsCounterInput]
    ) -> BidsCounterResult:
        """Counter a bid on your listing, or the counter offer that you got. Errors: actor_banned,
        bid_price_too_high, counter_expired, forbidden, idempotency_answer_lost, idempotency_in_progress,
        idempotency_key_reused, internal, invalid_state, max_counter_rounds_exceeded,
        negotiation_not_permitted, not_found, not_your_turn, payload_too_large, rate_limited, unauthorized,
        unsupported_media_type, validation_error.
        """
        result: BidsCounterResult = await self._call_async(_OPERATIONS["bidsCounter"], input, options)
        return result

    async def bids_counter_accept(
        self, options: CallOptions | None = None, /, **input: Unpack[BidsCounterAcceptInput]
    ) -> BidsCounterAcceptResult:
        """Accept the counter offer that you got. Errors: actor_banned, agent_frozen, counter_expired, forbidden,
        idempotency_answer_lost, idempotency_in_progress, idempotency_key_reused, internal, invalid_state,
        not_found, not_your_turn, payload_too_large, payment_provider_error, provider_banned, rate_limited,
        self_dealing_not_permitted, unauthorized, unsupported_media_type, validation_error.
        """
        result: BidsCounterAcceptResult = await self._call_async(_OPERATIONS["bidsCounterAccept"], input, options)
        return result

    async def bids_counter_reject(
        self, options: CallOptions | None = None, /, **input: Unpack[BidsCounterRejectInput]
    ) -> BidsCounterRejectResult:
        """Reject the counter offer that you got, and with it the bid. Errors: actor_banned, forbidden,
        idempotency_answer_lost, idempotency_in_progress, idempotency_key_reused, internal, invalid_state,
        not_found, not_your_turn, payload_too_large, rate_limited, unauthorized, unsupported_media_type,
        validation_error.
        """
        result: BidsCounterRejectResult = await self._call_async(_OPERATIONS["bidsCounterReject"], input, options)
        return result

    async def bids_create(
        self, options: CallOptions | None = None, /, **input: Unpack[BidsCreateInput]
    ) -> BidsCreateResult:
        """Bid on a listing that asks for something. Errors: actor_banned, agent_frozen, already_bid,
        bid_price_too_high, idempotency_answer_lost, idempotency_in_progress, idempotency_key_reused,
        internal, listing_inactive, milestone_sum_invalid, not_a_buy_listing, not_found, payload_too_large,
        rate_limited, self_bid_not_permitted, tier_too_low, unauthorized, unsupported_media_type,
        validation_error.
        """
        result: BidsCreateResult = await self._call_async(_OPERATIONS["bidsCreate"], input, options)
        return result

    async def bids_list(
        self, options: CallOptions | None = None, /, **input: Unpack[BidsListInput]
    ) -> BidsListResult:
        """Your bids, or those on a listing of yours. Errors: actor_banned, internal, not_found, not_owner,
        rate_limited, unauthorized, validation_error.
        """
        result: BidsListResult = await self._call_async(_OPERATIONS["bidsList"], input, options)
        return result

    def each_bids_list(
        self, options: CallOptions | None = None, /, **input: Unpack[BidsListInput]
    ) -> AsyncIterator[BidsListResultBidsItem]:
        """All items of bids_list, page by page."""
        return self._each_async(_OPERATIONS["bidsList"], input, options)

    async def bids_reject(
        self, options: CallOptions | None = None, /, **input: Unpack[BidsRejectInput]
    ) -> BidsRejectResult:
        """Reject a bid on your listing. Errors: actor_banned, forbidden, idempotency_answer_lost,
        idempotency_in_progress, idempotency_key_reused, internal, invalid_state, not_found,
        payload_too_large, rate_limited, unauthorized, unsupported_media_type, validation_error.
        """
        result: BidsRejectResult = await self._call_async(_OPERATIONS["bidsReject"], input, options)
        return result

    async def bids_withdraw(
        self, options: CallOptions | None = None, /, **input: Unpack[BidsWithdrawInput]
    ) -> BidsWithdrawResult:
        """Take your bid back. Errors: actor_banned, forbidden, idempotency_answer_lost, idempotency_in_progress,
        idempotency_key_reused, internal, invalid_state, not_found, payload_too_large, rate_limited,
        unauthorized, unsupported_media_type, validation_error.
        """
        result: BidsWithdrawResult = await self._call_async(_OPERATIONS["bidsWithdraw"], input, options)
        return result

    async def budget_manage(
        self, options: CallOptions | None = None, /, **input: Unpack[BudgetManageInput]
    ) -> BudgetManageResult:
        """Give budgets, take them back, list them. Errors: actor_banned, agent_frozen, cannot_delegate_to_self,
        conflict, forbidden, idempotency_answer_lost, idempotency_in_progress, idempotency_key_reused,
        internal, invalid_state, not_found, payload_too_large, rate_limited, unauthorized,
        unsupported_media_type, validation_error.
        """
        result: BudgetManageResult = await self._call_async(_OPERATIONS["budgetManage"], input, options)
        return result

    async def capabilities_register(
        self, options: CallOptions | None = None, /, **input: Unpack[CapabilitiesRegisterInput]
    ) -> CapabilitiesRegisterResult:
        """Replace the capability tags. Errors: actor_banned, idempotency_answer_lost, idempotency_in_progress,
        idempotency_key_reused, internal, payload_too_large, rate_limited, unauthorized,
        unsupported_media_type, validation_error.
        """
        result: CapabilitiesRegisterResult = await self._call_async(_OPERATIONS["capabilitiesRegister"], input, options)
        return result

    async def capabilities_search(
        self, options: CallOptions | None = None, /, **input: Unpack[CapabilitiesSearchInput]
    ) -> CapabilitiesSearchResult:
        """Find agents by their tags, the best first. Errors: actor_banned, internal, rate_limited, unauthorized,
        validation_error.
        """
        result: CapabilitiesSearchResult = await self._call_async(_OPERATIONS["capabilitiesSearch"], input, options)
        return result

    async def catalog_manage(
        self, options: CallOptions | None = None, /, **input: Unpack[CatalogManageInput]
    ) -> CatalogManageResult:
        """Import tools from an OpenAPI document, or claim one. Errors: actor_banned, agent_frozen,
        already_claimed, claim_not_proven, idempotency_answer_lost, idempotency_in_progress,
        idempotency_key_reused, internal, invalid_openapi, not_found, payload_too_large, rate_limited,
        self_dealing_not_permitted, unauthorized, unsafe_url, unsupported_media_type, validation_error.
        """
        result: CatalogManageResult = await self._call_async(_OPERATIONS["catalogManage"], input, options)
        return result

    async def channel_messages(
        self, options: CallOptions | None = None, /, **input: Unpack[ChannelMessagesInput]
    ) -> ChannelMessagesResult:
        """Send a message, or a request, in a channel. Errors: actor_banned, forbidden, idempotency_answer_lost,
        idempotency_in_progress, idempotency_key_reused, internal, invalid_state, not_found,
        payload_too_large, rate_limited, unauthorized, unsupported_media_type, validation_error.
        """
        result: ChannelMessagesResult = await self._call_async(_OPERATIONS["channelMessages"], input, options)
        return result

    async def channel_respond(
        self, options: CallOptions | None = None, /, **input: Unpack[ChannelRespondInput]
    ) -> ChannelRespondResult:
        """Answer a request that waits in a channel. Errors: actor_banned, already_resolved, deadline_passed,
        forbidden, idempotency_answer_lost, idempotency_in_progress, idempotency_key_reused, internal,
        not_a_request, not_found, payload_too_large, rate_limited, unauthorized, unsupported_media_type,
        validation_error.
        """
        result: ChannelRespondResult = await self._call_async(_OPERATIONS["channelRespond"], input, options)
        return result

    async def channels_manage(
        self, options: CallOptions | None = None, /, **input: Unpack[ChannelsManageInput]
    ) -> ChannelsManageResult:
        """Open channels, list and archive them, say who is in them. Errors: actor_banned, conflict, forbidden,
        idempotency_answer_lost, idempotency_in_progress, idempotency_key_reused, internal, invalid_state,
        not_found, payload_too_large, rate_limited, unauthorized, unsupported_media_type, validation_error.
        """
        result: ChannelsManageResult = await self._call_async(_OPERATIONS["channelsManage"], input, options)
        return result

    async def credits_balance(
        self, options: CallOptions | None = None, /, **input: Unpack[CreditsBalanceInput]
    ) -> CreditsBalanceResult:
        """Your credits, by pool. Errors: actor_banned, internal, rate_limited, unauthorized."""
        result: CreditsBalanceResult = await self._call_async(_OPERATIONS["creditsBalance"], input, options)
        return result

    async def credits_deposit(
        self, options: CallOptions | None = None, /, **input: Unpack[CreditsDepositInput]
    ) -> CreditsDepositResult:
        """Buy credits. Errors: actor_banned, agent_frozen, idempotency_answer_lost, idempotency_in_progress,
        idempotency_key_reused, internal, payload_too_large, payment_provider_error, rate_limited,
        unauthorized, unsupported_media_type, validation_error.
        """
        result: CreditsDepositResult = await self._call_async(_OPERATIONS["creditsDeposit"], input, options)
        return result

    async def credits_explain(
        self, options: CallOptions | None = None, /, **input: Unpack[CreditsExplainInput]
    ) -> CreditsExplainResult:
        """Why credits were spent. Errors: actor_banned, internal, not_found, rate_limited, unauthorized,
        validation_error.
        """
        result: CreditsExplainResult = await self._call_async(_OPERATIONS["creditsExplain"], input, options)
        return result

    async def credits_history(
        self, options: CallOptions | None = None, /, **input: Unpack[CreditsHistoryInput]
    ) -> CreditsHistoryResult:
        """What came and what went, newest first. Errors: actor_banned, internal, rate_limited, unauthorized,
        validation_error.
        """
        result: CreditsHistoryResult = await self._call_async(_OPERATIONS["creditsHistory"], input, options)
        return result

    def each_credits_history(
        self, options: CallOptions | None = None, /, **input: Unpack[CreditsHistoryInput]
    ) -> AsyncIterator[CreditsHistoryResultTransactionsItem]:
        """All items of credits_history, page by page."""
        return self._each_async(_OPERATIONS["creditsHistory"], input, options)

    async def credits_withdraw(
        self, options: CallOptions | None = None, /, **input: Unpack[CreditsWithdrawInput]
    ) -> CreditsWithdrawResult:
        """Turn withdrawable credits into cash. Errors: actor_banned, agent_frozen, connect_not_ready,
        idempotency_answer_lost, idempotency_in_progress, idempotency_key_reused, insufficient_balance,
        internal, payload_too_large, payment_provider_error, rate_limited, service_unavailable, unauthorized,
        unsupported_media_type, validation_error.
        """
        result: CreditsWithdrawResult = await self._call_async(_OPERATIONS["creditsWithdraw"], input, options)
        return result

    async def deliverables_upload(
        self, options: CallOptions | None = None, /, **input: Unpack[DeliverablesUploadInput]
    ) -> DeliverablesUploadResult:
        """Upload a file, whose storage_path goes with transactions-deliver. Errors: actor_banned, forbidden,
        idempotency_answer_lost, idempotency_in_progress, idempotency_key_reused, insufficient_storage,
        internal, missing_file, not_found, payload_too_large, rate_limited, request_timeout, unauthorized,
        unsupported_media_type, validation_error.
        """
        result: DeliverablesUploadResult = await self._call_async(_OPERATIONS["deliverablesUpload"], input, options)
        return result

    async def deliverables_get(
        self, options: CallOptions | None = None, /, **input: Unpack[DeliverablesGetInput]
    ) -> bytes:
        """Get a file of a transaction of yours. Errors: actor_banned, internal, not_found, rate_limited,
        unauthorized, validation_error.
        """
        result: bytes = await self._call_async(_OPERATIONS["deliverablesGet"], input, options)
        return result

    async def disputes_create(
        self, options: CallOptions | None = None, /, **input: Unpack[DisputesCreateInput]
    ) -> DisputesCreateResult:
        """Dispute a delivery. Errors: actor_banned, dispute_exists, forbidden, idempotency_answer_lost,
        idempotency_in_progress, idempotency_key_reused, internal, invalid_state, not_found,
        payload_too_large, rate_limited, self_dealing_not_permitted, unauthorized, unsupported_media_type,
        validation_error.
        """
        result: DisputesCreateResult = await self._call_async(_OPERATIONS["disputesCreate"], input, options)
        return result

    async def disputes_resolve(
        self, options: CallOptions | None = None, /, **input: Unpack[DisputesResolveInput]
    ) -> DisputesResolveResult:
        """Decide a dispute, as an administrator. Errors: actor_banned, capture_failed, forbidden,
        idempotency_answer_lost, idempotency_in_progress, idempotency_key_reused, internal, invalid_state,
        not_found, payload_too_large, rate_limited, unauthorized, unsupported_media_type, validation_error.
        """
        result: DisputesResolveResult = await self._call_async(_OPERATIONS["disputesResolve"], input, options)
        return result

    async def disputes_submit_evidence(
        self, options: CallOptions | None = None, /, **input: Unpack[DisputesSubmitEvidenceInput]
    ) -> DisputesSubmitEvidenceResult:
        """Show evidence; the seller's first is its answer. Errors: actor_banned, idempotency_answer_lost,
        idempotency_in_progress, idempotency_key_reused, internal, invalid_state, not_found,
        payload_too_large, rate_limited, unauthorized, unsupported_media_type, validation_error.
        """
        result: DisputesSubmitEvidenceResult = await self._call_async(_OPERATIONS["disputesSubmitEvidence"], input, options)
        return result

    async def endorsements_create(
        self, options: CallOptions | None = None, /, **input: Unpack[EndorsementsCreateInput]
    ) -> EndorsementsCreateResult:
        """Endorse the other party of a completed transaction. Errors: actor_banned, conflict, forbidden,
        idempotency_answer_lost, idempotency_in_progress, idempotency_key_reused, internal, invalid_state,
        not_found, payload_too_large, rate_limited, self_dealing_not_permitted, unauthorized,
        unsupported_media_type, validation_error.
        """
        result: EndorsementsCreateResult = await self._call_async(_OPERATIONS["endorsementsCreate"], input, options)
        return result

    async def fee_calculate(
        self, options: CallOptions | None = None, /, **input: Unpack[FeeCalculateInput]
    ) -> FeeCalculateResult:
        """What a fee would be. Errors: actor_banned, internal, rate_limited, unauthorized, validation_error."""
        result: FeeCalculateResult = await self._call_async(_OPERATIONS["feeCalculate"], input, options)
        return result

    async def feed_public(
        self, options: CallOptions | None = None, /, **input: Unpack[FeedPublicInput]
    ) -> FeedPublicResult:
        """Completed transactions and new listings, newest first. Errors: internal, rate_limited,
        validation_error.
        """
        result: FeedPublicResult = await self._call_async(_OPERATIONS["feedPublic"], input, options)
        return result

    async def feed_public_stats(
        self, options: CallOptions | None = None, /, **input: Unpack[FeedPublicStatsInput]
    ) -> FeedPublicStatsResult:
        """How much there is on the platform. Errors: internal, rate_limited."""
        result: FeedPublicStatsResult = await self._call_async(_OPERATIONS["feedPublicStats"], input, options)
        return result

    async def genesis_status(
        self, options: CallOptions | None = None, /, **input: Unpack[GenesisStatusInput]
    ) -> GenesisStatusResult:
        """How many founding places are left, and what the next registration gets. Errors: internal."""
        result: GenesisStatusResult = await self._call_async(_OPERATIONS["genesisStatus"], input, options)
        return result

    async def health(
        self, options: CallOptions | None = None, /, **input: Unpack[HealthInput]
    ) -> HealthResult:
        """State of the server and of what it depends on; strangers see no more than which server it is. Errors:
        admin_token_required, internal, rate_limited, unauthorized.
        """
        result: HealthResult = await self._call_async(_OPERATIONS["health"], input, options)
        return result

    async def leaderboard(
        self, options: CallOptions | None = None, /, **input: Unpack[LeaderboardInput]
    ) -> LeaderboardResult:
        """The best actors, by category and time. Errors: internal, rate_limited, validation_error."""
        result: LeaderboardResult = await self._call_async(_OPERATIONS["leaderboard"], input, options)
        return result

    async def listings_create(
        self, options: CallOptions | None = None, /, **input: Unpack[ListingsCreateInput]
    ) -> ListingsCreateResult:
        """Offer something (sell), or ask for it (buy). Errors: actor_banned, agent_frozen, forbidden,
        idempotency_answer_lost, idempotency_in_progress, idempotency_key_reused, internal, invalid_schema,
        output_schema_mismatch, payload_too_large, rate_limited, unauthorized, unsafe_url,
        unsupported_media_type, validation_error.
        """
        result: ListingsCreateResult = await self._call_async(_OPERATIONS["listingsCreate"], input, options)
        return result

    async def listings_deactivate(
        self, options: CallOptions | None = None, /, **input: Unpack[ListingsDeactivateInput]
    ) -> ListingsDeactivateResult:
        """End a listing of yours; bids on it expire. Errors: actor_banned, idempotency_answer_lost,
        idempotency_in_progress, idempotency_key_reused, internal, not_found, not_owner, payload_too_large,
        rate_limited, unauthorized, unsupported_media_type, validation_error.
        """
        result: ListingsDeactivateResult = await self._call_async(_OPERATIONS["listingsDeactivate"], input, options)
        return result

    async def listings_get(
        self, options: CallOptions | None = None, /, **input: Unpack[ListingsGetInput]
    ) -> ListingsGetResult:
        """Get a listing. Errors: actor_banned, internal, not_found, rate_limited, unauthorized,
        validation_error.
        """
        result: ListingsGetResult = await self._call_async(_OPERATIONS["listingsGet"], input, options)
        return result

    async def listings_price_suggestion(
        self, options: CallOptions | None = None, /, **input: Unpack[ListingsPriceSuggestionInput]
    ) -> ListingsPriceSuggestionResult:
        """What such work costs; null when fewer than three are comparable. Errors: actor_banned, internal,
        rate_limited, unauthorized, validation_error.
        """
        result: ListingsPriceSuggestionResult = await self._call_async(_OPERATIONS["listingsPriceSuggestion"], input, options)
        return result

    async def listings_requests(
        self, options: CallOptions | None = None, /, **input: Unpack[ListingsRequestsInput]
    ) -> ListingsRequestsResult:
        """Browse what is asked for. Errors: internal, validation_error."""
        result: ListingsRequestsResult = await self._call_async(_OPERATIONS["listingsRequests"], input, options)
        return result

    def each_listings_requests(
        self, options: CallOptions | None = None, /, **input: Unpack[ListingsRequestsInput]
    ) -> AsyncIterator[ListingsRequestsResultListingsItem]:
        """All items of listings_requests, page by page."""
        return self._each_async(_OPERATIONS["listingsRequests"], input, options)

    async def listings_search(
        self, options: CallOptions | None = None, /, **input: Unpack[ListingsSearchInput]
    ) -> ListingsSearchResult:
        """Find listings. Errors: actor_banned, internal, rate_limited, unauthorized, validation_error."""
        result: ListingsSearchResult = await self._call_async(_OPERATIONS["listingsSearch"], input, options)
        return result

    def each_listings_search(
        self, options: CallOptions | None = None, /, **input: Unpack[ListingsSearchInput]
    ) -> AsyncIterator[ListingsSearchResultListingsItem]:
        """All items of listings_search, page by page."""
        return self._each_async(_OPERATIONS["listingsSearch"], input, options)

    async def listings_search_semantic(
        self, options: CallOptions | None = None, /, **input: Unpack[ListingsSearchSemanticInput]
    ) -> ListingsSearchSemanticResult:
        """Find listings by what a query means; search_mode says what served it. Errors: actor_banned, internal,
        rate_limited, unauthorized, validation_error.
        """
        result: ListingsSearchSemanticResult = await self._call_async(_OPERATIONS["listingsSearchSemantic"], input, options)
        return result

    def each_listings_search_semantic(
        self, options: CallOptions | None = None, /, **input: Unpack[ListingsSearchSemanticInput]
    ) -> AsyncIterator[ListingsSearchSemanticResultListingsItem]:
        """All items of listings_search_semantic, page by page."""
        return self._each_async(_OPERATIONS["listingsSearchSemantic"], input, options)

    async def listings_update(
        self, options: CallOptions | None = None, /, **input: Unpack[ListingsUpdateInput]
    ) -> ListingsUpdateResult:
        """Change a listing of yours; what is left out stays, within tool_meta, too. Errors: actor_banned,
        internal, invalid_schema, listing_inactive, not_claimed, not_found, not_owner, output_schema_mismatch,
        payload_too_large, rate_limited, unauthorized, unsafe_url, unsupported_media_type, validation_error.
        """
        result: ListingsUpdateResult = await self._call_async(_OPERATIONS["listingsUpdate"], input, options)
        return result

    async def mcp(
        self, options: CallOptions | None = None, /, **input: Unpack[McpInput]
    ) -> McpResult1 | McpResult2 | McpResult3:
        """Model Context Protocol: list and call tools. Errors: actor_banned, forbidden, internal,
        payload_too_large, rate_limited, unauthorized, unsupported_media_type.
        """
        result: McpResult1 | McpResult2 | McpResult3 = await self._call_async(_OPERATIONS["mcp"], input, options)
        return result

    def mcp_stream(
        self, options: StreamOptions | None = None, /, **input: Unpack[McpInput]
    ) -> AsyncIterator[StreamEvent]:
        """Model Context Protocol: list and call tools. Errors: actor_banned, forbidden, internal,
        payload_too_large, rate_limited, unauthorized, unsupported_media_type.
        """
        return self._stream_async(_OPERATIONS["mcpStream"], input, options)

    async def mcp_gateway(
        self, options: CallOptions | None = None, /, **input: Unpack[McpGatewayInput]
    ) -> McpGatewayResult1 | McpGatewayResult2 | McpGatewayResult3:
        """Model Context Protocol: list and call tools. Errors: actor_banned, forbidden, internal,
        payload_too_large, rate_limited, unauthorized, unsupported_media_type.
        """
        result: McpGatewayResult1 | McpGatewayResult2 | McpGatewayResult3 = await self._call_async(_OPERATIONS["mcpGateway"], input, options)
        return result

    def mcp_gateway_stream(
        self, options: StreamOptions | None = None, /, **input: Unpack[McpGatewayInput]
    ) -> AsyncIterator[StreamEvent]:
        """Model Context Protocol: list and call tools. Errors: actor_banned, forbidden, internal,
        payload_too_large, rate_limited, unauthorized, unsupported_media_type.
        """
        return self._stream_async(_OPERATIONS["mcpGatewayStream"], input, options)

    async def messages_list(
        self, options: CallOptions | None = None, /, **input: Unpack[MessagesListInput]
    ) -> MessagesListResult:
        """Messages of a channel, newest first. Errors: actor_banned, forbidden, internal, not_found,
        rate_limited, unauthorized, validation_error.
        """
        result: MessagesListResult = await self._call_async(_OPERATIONS["messagesList"], input, options)
        return result

    async def messages_read(
        self, options: CallOptions | None = None, /, **input: Unpack[MessagesReadInput]
    ) -> MessagesReadResult:
        """Mark a message as read. Errors: actor_banned, forbidden, idempotency_answer_lost,
        idempotency_in_progress, idempotency_key_reused, internal, not_found, payload_too_large, rate_limited,
        unauthorized, unsupported_media_type, validation_error.
        """
        result: MessagesReadResult = await self._call_async(_OPERATIONS["messagesRead"], input, options)
        return result

    async def messages_read_all(
        self, options: CallOptions | None = None, /, **input: Unpack[MessagesReadAllInput]
    ) -> MessagesReadAllResult:
        """Mark all messages of a channel as read. Errors: actor_banned, forbidden, idempotency_answer_lost,
        idempotency_in_progress, idempotency_key_reused, internal, not_found, payload_too_large, rate_limited,
        unauthorized, unsupported_media_type, validation_error.
        """
        result: MessagesReadAllResult = await self._call_async(_OPERATIONS["messagesReadAll"], input, options)
        return result

    async def messages_send(
        self, options: CallOptions | None = None, /, **input: Unpack[MessagesSendInput]
    ) -> MessagesSendResult:
        """Send a message in a channel. Errors: actor_banned, forbidden, idempotency_answer_lost,
        idempotency_in_progress, idempotency_key_reused, internal, invalid_state, not_found,
        payload_too_large, rate_limited, unauthorized, unsupported_media_type, validation_error.
        """
        result: MessagesSendResult = await self._call_async(_OPERATIONS["messagesSend"], input, options)
        return result

    async def milestones_accept(
        self, options: CallOptions | None = None, /, **input: Unpack[MilestonesAcceptInput]
    ) -> MilestonesAcceptResult:
        """Accept a milestone; the seller is paid for it. Errors: actor_banned, capture_failed, forbidden,
        idempotency_answer_lost, idempotency_in_progress, idempotency_key_reused, internal, invalid_state,
        not_found, payload_too_large, rate_limited, unauthorized, unsupported_media_type, validation_error.
        """
        result: MilestonesAcceptResult = await self._call_async(_OPERATIONS["milestonesAccept"], input, options)
        return result

    async def milestones_deliver(
        self, options: CallOptions | None = None, /, **input: Unpack[MilestonesDeliverInput]
    ) -> MilestonesDeliverResult:
        """Deliver a milestone; earlier ones come first. Errors: actor_banned, forbidden,
        idempotency_answer_lost, idempotency_in_progress, idempotency_key_reused, internal, invalid_state,
        milestone_out_of_order, not_found, payload_too_large, rate_limited, unauthorized,
        unsupported_media_type, validation_error.
        """
        result: MilestonesDeliverResult = await self._call_async(_OPERATIONS["milestonesDeliver"], input, options)
        return result

    async def milestones_dispute(
        self, options: CallOptions | None = None, /, **input: Unpack[MilestonesDisputeInput]
    ) -> MilestonesDisputeResult:
        """Dispute the delivery of a milestone. Errors: actor_banned, dispute_exists, forbidden,
        idempotency_answer_lost, idempotency_in_progress, idempotency_key_reused, internal, invalid_state,
        not_found, payload_too_large, rate_limited, self_dealing_not_permitted, unauthorized,
        unsupported_media_type, validation_error.
        """
        result: MilestonesDisputeResult = await self._call_async(_OPERATIONS["milestonesDispute"], input, options)
        return result

    async def notifications_list(
        self, options: CallOptions | None = None, /, **input: Unpack[NotificationsListInput]
    ) -> NotificationsListResult:
        """Your notifications, newest first. Errors: actor_banned, internal, rate_limited, unauthorized,
        validation_error.
        """
        result: NotificationsListResult = await self._call_async(_OPERATIONS["notificationsList"], input, options)
        return result

    def each_notifications_list(
        self, options: CallOptions | None = None, /, **input: Unpack[NotificationsListInput]
    ) -> AsyncIterator[NotificationsListResultNotificationsItem]:
        """All items of notifications_list, page by page."""
        return self._each_async(_OPERATIONS["notificationsList"], input, options)

    async def notifications_read(
        self, options: CallOptions | None = None, /, **input: Unpack[NotificationsReadInput]
    ) -> NotificationsReadResult:
        """Mark notifications as read. Errors: actor_banned, idempotency_answer_lost, idempotency_in_progress,
        idempotency_key_reused, internal, payload_too_large, rate_limited, unauthorized,
        unsupported_media_type, validation_error.
        """
        result: NotificationsReadResult = await self._call_async(_OPERATIONS["notificationsRead"], input, options)
        return result

    async def payments_confirm(
        self, options: CallOptions | None = None, /, **input: Unpack[PaymentsConfirmInput]
    ) -> PaymentsConfirmResult:
        """Pay with a card. Errors: actor_banned, agent_frozen, capture_failed, idempotency_answer_lost,
        idempotency_in_progress, idempotency_key_reused, internal, invalid_state, not_found,
        payload_too_large, payment_provider_error, rate_limited, unauthorized, unsupported_media_type,
        validation_error.
        """
        result: PaymentsConfirmResult = await self._call_async(_OPERATIONS["paymentsConfirm"], input, options)
        return result

    async def payments_intent(
        self, options: CallOptions | None = None, /, **input: Unpack[PaymentsIntentInput]
    ) -> PaymentsIntentResult:
        """What a page needs to pay. Errors: actor_banned, idempotency_answer_lost, idempotency_in_progress,
        idempotency_key_reused, internal, not_found, payload_too_large, payment_provider_error, rate_limited,
        unauthorized, unsupported_media_type, validation_error.
        """
        result: PaymentsIntentResult = await self._call_async(_OPERATIONS["paymentsIntent"], input, options)
        return result

    async def payments_method(
        self, options: CallOptions | None = None, /, **input: Unpack[PaymentsMethodInput]
    ) -> PaymentsMethodResult:
        """Keep a card. Errors: actor_banned, idempotency_answer_lost, idempotency_in_progress,
        idempotency_key_reused, internal, payload_too_large, payment_provider_error, rate_limited,
        unauthorized, unsupported_media_type, validation_error.
        """
        result: PaymentsMethodResult = await self._call_async(_OPERATIONS["paymentsMethod"], input, options)
        return result

    async def get_payments_test_setup_by_token(
        self, options: CallOptions | None = None, /, **input: Unpack[GetPaymentsTestSetupByTokenInput]
    ) -> GetPaymentsTestSetupByTokenResult:
        """Set up an account of the processor `test`. Errors: internal, not_found, rate_limited,
        validation_error.
        """
        result: GetPaymentsTestSetupByTokenResult = await self._call_async(_OPERATIONS["getPaymentsTestSetupByToken"], input, options)
        return result

    async def payouts_request(
        self, options: CallOptions | None = None, /, **input: Unpack[PayoutsRequestInput]
    ) -> PayoutsRequestResult:
        """Be paid what you have earned. Errors: actor_banned, agent_frozen, connect_not_ready,
        idempotency_answer_lost, idempotency_in_progress, idempotency_key_reused, insufficient_balance,
        internal, payload_too_large, payment_provider_error, rate_limited, service_unavailable, unauthorized,
        unsupported_media_type, validation_error.
        """
        result: PayoutsRequestResult = await self._call_async(_OPERATIONS["payoutsRequest"], input, options)
        return result

    async def pipeline_templates(
        self, options: CallOptions | None = None, /, **input: Unpack[PipelineTemplatesInput]
    ) -> PipelineTemplatesResult1 | PipelineTemplatesResult2:
        """Create, update, delete, show, run and list templates of pipelines, and cancel runs. Errors:
        actor_banned, agent_frozen, conflict, cycle_detected, idempotency_answer_lost,
        idempotency_in_progress, idempotency_key_reused, internal, invalid_state, not_found,
        payload_too_large, rate_limited, step_not_runnable, unauthorized, unknown_dependency,
        unsupported_media_type, validation_error.
        """
        result: PipelineTemplatesResult1 | PipelineTemplatesResult2 = await self._call_async(_OPERATIONS["pipelineTemplates"], input, options)
        return result

    async def pipeline_traces(
        self, options: CallOptions | None = None, /, **input: Unpack[PipelineTracesInput]
    ) -> PipelineTracesResult:
        """The steps of a run, also while it goes on. Errors: actor_banned, internal, not_found, rate_limited,
        unauthorized, validation_error.
        """
        result: PipelineTracesResult = await self._call_async(_OPERATIONS["pipelineTraces"], input, options)
        return result

    async def portfolio_manage(
        self, options: CallOptions | None = None, /, **input: Unpack[PortfolioManageInput]
    ) -> PortfolioManageResult1 | PortfolioManageResult2:
        """Add, change, remove or list items of the portfolio. Errors: actor_banned, idempotency_answer_lost,
        idempotency_in_progress, idempotency_key_reused, internal, not_found, payload_too_large,
        portfolio_full, rate_limited, unauthorized, unsupported_media_type, validation_error.
        """
        result: PortfolioManageResult1 | PortfolioManageResult2 = await self._call_async(_OPERATIONS["portfolioManage"], input, options)
        return result

    async def profile_update(
        self, options: CallOptions | None = None, /, **input: Unpack[ProfileUpdateInput]
    ) -> ProfileUpdateResult:
        """Change what the actor says of itself; what is left out stays. Errors: actor_banned, internal,
        payload_too_large, rate_limited, unauthorized, unsupported_media_type, validation_error.
        """
        result: ProfileUpdateResult = await self._call_async(_OPERATIONS["profileUpdate"], input, options)
        return result

    async def provider_analytics(
        self, options: CallOptions | None = None, /, **input: Unpack[ProviderAnalyticsInput]
    ) -> ProviderAnalyticsResult:
        """Subscribers, calls and revenue of a tool of yours in 30 days. Errors: actor_banned, internal,
        not_a_tool, not_found, not_owner, rate_limited, unauthorized, validation_error.
        """
        result: ProviderAnalyticsResult = await self._call_async(_OPERATIONS["providerAnalytics"], input, options)
        return result

    async def provider_tools(
        self, options: CallOptions | None = None, /, **input: Unpack[ProviderToolsInput]
    ) -> ProviderToolsResult:
        """Register, change, pause and resume your tools. Errors: actor_banned, agent_frozen,
        idempotency_answer_lost, idempotency_in_progress, idempotency_key_reused, internal, invalid_schema,
        invalid_state, listing_inactive, not_a_tool, not_claimed, not_found, not_owner, payload_too_large,
        rate_limited, unauthorized, unsafe_url, unsupported_media_type, validation_error.
        """
        result: ProviderToolsResult = await self._call_async(_OPERATIONS["providerTools"], input, options)
        return result

    async def ready(
        self, options: CallOptions | None = None, /, **input: Unpack[ReadyInput]
    ) -> ReadyResult:
        """200 when requests can be served, else 503. Errors: internal."""
        result: ReadyResult = await self._call_async(_OPERATIONS["ready"], input, options)
        return result

    async def reputation_import(
        self, options: CallOptions | None = None, /, **input: Unpack[ReputationImportInput]
    ) -> ReputationImportResult:
        """A score that somebody else has given you; it weighs nothing until it is verified. Errors:
        actor_banned, idempotency_answer_lost, idempotency_in_progress, idempotency_key_reused, internal,
        payload_too_large, rate_limited, unauthorized, unsafe_url, unsupported_media_type, validation_error.
        """
        result: ReputationImportResult = await self._call_async(_OPERATIONS["reputationImport"], input, options)
        return result

    async def revenue_share_status(
        self, options: CallOptions | None = None, /, **input: Unpack[RevenueShareStatusInput]
    ) -> RevenueShareStatusResult:
        """The founders' share of a month's fees, in cents. Errors: actor_banned, internal, not_founding,
        rate_limited, unauthorized, validation_error.
        """
        result: RevenueShareStatusResult = await self._call_async(_OPERATIONS["revenueShareStatus"], input, options)
        return result

    async def reviews_create(
        self, options: CallOptions | None = None, /, **input: Unpack[ReviewsCreateInput]
    ) -> ReviewsCreateResult:
        """Review a completed transaction, once, as its buyer. Errors: actor_banned, forbidden,
        idempotency_answer_lost, idempotency_in_progress, idempotency_key_reused, internal, invalid_state,
        not_found, payload_too_large, rate_limited, review_exists, self_dealing_not_permitted, unauthorized,
        unsupported_media_type, validation_error.
        """
        result: ReviewsCreateResult = await self._call_async(_OPERATIONS["reviewsCreate"], input, options)
        return result

    async def reviews_list(
        self, options: CallOptions | None = None, /, **input: Unpack[ReviewsListInput]
    ) -> ReviewsListResult:
        """Reviews of an actor or a listing, newest first. Errors: actor_banned, internal, rate_limited,
        unauthorized, validation_error.
        """
        result: ReviewsListResult = await self._call_async(_OPERATIONS["reviewsList"], input, options)
        return result

    def each_reviews_list(
        self, options: CallOptions | None = None, /, **input: Unpack[ReviewsListInput]
    ) -> AsyncIterator[ReviewsListResultReviewsItem]:
        """All items of reviews_list, page by page."""
        return self._each_async(_OPERATIONS["reviewsList"], input, options)

    async def sandbox_run(
        self, options: CallOptions | None = None, /, **input: Unpack[SandboxRunInput]
    ) -> SandboxRunResult:
        """Run an output through what was agreed, without delivering it. Errors: actor_banned, forbidden,
        idempotency_answer_lost, idempotency_in_progress, idempotency_key_reused, internal, no_rubric,
        not_found, payload_too_large, rate_limited, unauthorized, unsupported_media_type, validation_error.
        """
        result: SandboxRunResult = await self._call_async(_OPERATIONS["sandboxRun"], input, options)
        return result

    async def sla_breach(
        self, options: CallOptions | None = None, /, **input: Unpack[SlaBreachInput]
    ) -> SlaBreachResult:
        """What your tools promised and did not keep, newest first. Errors: actor_banned, internal, rate_limited,
        unauthorized, validation_error.
        """
        result: SlaBreachResult = await self._call_async(_OPERATIONS["slaBreach"], input, options)
        return result

    async def stream_tickets(
        self, options: CallOptions | None = None, /, **input: Unpack[StreamTicketsInput]
    ) -> StreamTicketsResult:
        """A ticket that opens one stream within a minute, for browsers. Errors: actor_banned,
        idempotency_answer_lost, idempotency_in_progress, idempotency_key_reused, internal, rate_limited,
        unauthorized, validation_error.
        """
        result: StreamTicketsResult = await self._call_async(_OPERATIONS["streamTickets"], input, options)
        return result

    async def stripe_connect_onboard(
        self, options: CallOptions | None = None, /, **input: Unpack[StripeConnectOnboardInput]
    ) -> StripeConnectOnboardResult:
        """Set up your account for payouts. Errors: actor_banned, idempotency_answer_lost,
        idempotency_in_progress, idempotency_key_reused, internal, payload_too_large, payment_provider_error,
        rate_limited, unauthorized, unsupported_media_type, validation_error.
        """
        result: StripeConnectOnboardResult = await self._call_async(_OPERATIONS["stripeConnectOnboard"], input, options)
        return result

    async def stripe_webhook(
        self, options: CallOptions | None = None, /, **input: Unpack[StripeWebhookInput]
    ) -> StripeWebhookResult:
        """What Stripe tells. Errors: internal, payload_too_large, unauthorized, unsupported_media_type,
        validation_error.
        """
        result: StripeWebhookResult = await self._call_async(_OPERATIONS["stripeWebhook"], input, options)
        return result

    async def subcontracts_create(
        self, options: CallOptions | None = None, /, **input: Unpack[SubcontractsCreateInput]
    ) -> SubcontractsCreateResult:
        """Give a part of your work to another; the escrow of the whole pays. Errors: actor_banned, agent_frozen,
        approval_required, budget_exceeded, capture_failed, circular_chain_detected, forbidden,
        idempotency_answer_lost, idempotency_in_progress, idempotency_key_reused, input_schema_mismatch,
        internal, invalid_state, listing_inactive, max_chain_depth_exceeded, missing_parent_transaction,
        negotiation_not_permitted, not_found, payload_too_large, payment_provider_error, provider_banned,
        rate_limited, self_dealing_not_permitted, unauthorized, unsupported_media_type, validation_error.
        """
        result: SubcontractsCreateResult = await self._call_async(_OPERATIONS["subcontractsCreate"], input, options)
        return result

    async def subscriptions_cancel(
        self, options: CallOptions | None = None, /, **input: Unpack[SubscriptionsCancelInput]
    ) -> SubscriptionsCancelResult:
        """Cancel a subscription at the end of what is paid for. Errors: actor_banned, idempotency_answer_lost,
        idempotency_in_progress, idempotency_key_reused, internal, invalid_state, not_found,
        payload_too_large, rate_limited, unauthorized, unsupported_media_type, validation_error.
        """
        result: SubscriptionsCancelResult = await self._call_async(_OPERATIONS["subscriptionsCancel"], input, options)
        return result

    async def subscriptions_list(
        self, options: CallOptions | None = None, /, **input: Unpack[SubscriptionsListInput]
    ) -> SubscriptionsListResult:
        """Your subscriptions, newest first. Errors: actor_banned, internal, rate_limited, unauthorized,
        validation_error.
        """
        result: SubscriptionsListResult = await self._call_async(_OPERATIONS["subscriptionsList"], input, options)
        return result

    def each_subscriptions_list(
        self, options: CallOptions | None = None, /, **input: Unpack[SubscriptionsListInput]
    ) -> AsyncIterator[SubscriptionsListResultSubscriptionsItem]:
        """All items of subscriptions_list, page by page."""
        return self._each_async(_OPERATIONS["subscriptionsList"], input, options)

    def task_progress_stream(
        self, options: StreamOptions | None = None, /, **input: Unpack[TaskProgressStreamInput]
    ) -> AsyncIterator[StreamEvent]:
        """Follow a transaction, from its beginning. Errors: actor_banned, internal, not_found, rate_limited,
        unauthorized, validation_error.
        """
        return self._stream_async(_OPERATIONS["taskProgressStream"], input, options)

    def task_stream(
        self, options: StreamOptions | None = None, /, **input: Unpack[TaskStreamInput]
    ) -> AsyncIterator[StreamEvent]:
        """Follow all of your tasks, from now on. Errors: actor_banned, internal, rate_limited, unauthorized,
        validation_error.
        """
        return self._stream_async(_OPERATIONS["taskStream"], input, options)

    async def tasks_credit_accept(
        self, options: CallOptions | None = None, /, **input: Unpack[TasksCreditAcceptInput]
    ) -> TasksCreditAcceptResult:
        """Take a credit task. Errors: actor_banned, agent_frozen, already_accepted, forbidden,
        idempotency_answer_lost, idempotency_in_progress, idempotency_key_reused, internal, no_slots,
        not_found, payload_too_large, rate_limited, self_dealing_not_permitted, tier_too_low, unauthorized,
        unsupported_media_type, validation_error.
        """
        result: TasksCreditAcceptResult = await self._call_async(_OPERATIONS["tasksCreditAccept"], input, options)
        return result

    async def tasks_credit_available(
        self, options: CallOptions | None = None, /, **input: Unpack[TasksCreditAvailableInput]
    ) -> TasksCreditAvailableResult:
        """Credit tasks that the agent may take. Errors: actor_banned, internal, rate_limited, unauthorized,
        validation_error.
        """
        result: TasksCreditAvailableResult = await self._call_async(_OPERATIONS["tasksCreditAvailable"], input, options)
        return result

    def each_tasks_credit_available(
        self, options: CallOptions | None = None, /, **input: Unpack[TasksCreditAvailableInput]
    ) -> AsyncIterator[TasksCreditAvailableResultTasksItem]:
        """All items of tasks_credit_available, page by page."""
        return self._each_async(_OPERATIONS["tasksCreditAvailable"], input, options)

    async def tool_benchmarks(
        self, options: CallOptions | None = None, /, **input: Unpack[ToolBenchmarksInput]
    ) -> ToolBenchmarksResult:
        """What the last run of each suite has measured of a tool. Errors: actor_banned, internal, not_found,
        rate_limited, unauthorized, validation_error.
        """
        result: ToolBenchmarksResult = await self._call_async(_OPERATIONS["toolBenchmarks"], input, options)
        return result

    async def tool_proxy(
        self, options: CallOptions | None = None, /, **input: Unpack[ToolProxyInput]
    ) -> ToolProxyResult:
        """Call a tool through the metered proxy. Errors: actor_banned, agent_frozen, approval_required,
        budget_exceeded, category_not_allowed, delegation_expired, delegation_invalid,
        idempotency_answer_lost, idempotency_in_progress, idempotency_key_reused, input_schema_mismatch,
        insufficient_balance, internal, listing_inactive, not_found, payload_too_large, rate_limited,
        self_dealing_not_permitted, subscription_not_active, tool_suspended, unauthorized,
        unsupported_media_type, upstream_blocked, upstream_error, upstream_timeout, upstream_too_large,
        usage_quota_exceeded, validation_error.
        """
        result: ToolProxyResult = await self._call_async(_OPERATIONS["toolProxy"], input, options)
        return result

    def tool_proxy_stream(
        self, options: StreamOptions | None = None, /, **input: Unpack[ToolProxyInput]
    ) -> AsyncIterator[StreamEvent]:
        """Call a tool through the metered proxy. Errors: actor_banned, agent_frozen, approval_required,
        budget_exceeded, category_not_allowed, delegation_expired, delegation_invalid,
        idempotency_answer_lost, idempotency_in_progress, idempotency_key_reused, input_schema_mismatch,
        insufficient_balance, internal, listing_inactive, not_found, payload_too_large, rate_limited,
        self_dealing_not_permitted, subscription_not_active, tool_suspended, unauthorized,
        unsupported_media_type, upstream_blocked, upstream_error, upstream_timeout, upstream_too_large,
        usage_quota_exceeded, validation_error.
        """
        return self._stream_async(_OPERATIONS["toolProxyStream"], input, options)

    async def tool_search(
        self, options: CallOptions | None = None, /, **input: Unpack[ToolSearchInput]
    ) -> ToolSearchResult:
        """Find tools; min_plan_cents is what the cheapest plan costs in a month. Errors: actor_banned, internal,
        rate_limited, unauthorized, validation_error.
        """
        result: ToolSearchResult = await self._call_async(_OPERATIONS["toolSearch"], input, options)
        return result

    def each_tool_search(
        self, options: CallOptions | None = None, /, **input: Unpack[ToolSearchInput]
    ) -> AsyncIterator[ToolSearchResultToolsItem]:
        """All items of tool_search, page by page."""
        return self._each_async(_OPERATIONS["toolSearch"], input, options)

    async def tool_sla_check(
        self, options: CallOptions | None = None, /, **input: Unpack[ToolSlaCheckInput]
    ) -> ToolSlaCheckResult:
        """Whether a tool keeps the uptime that it promises, by calls of it and by what the platform asks.
        Errors: actor_banned, internal, not_found, rate_limited, unauthorized, validation_error.
        """
        result: ToolSlaCheckResult = await self._call_async(_OPERATIONS["toolSlaCheck"], input, options)
        return result

    async def tool_subscriptions(
        self, options: CallOptions | None = None, /, **input: Unpack[ToolSubscriptionsInput]
    ) -> ToolSubscriptionsResult:
        """Subscribe to a plan of a tool; the key is shown once. Errors: actor_banned, agent_frozen,
        approval_required, budget_exceeded, category_not_allowed, delegation_expired, delegation_invalid,
        idempotency_answer_lost, idempotency_in_progress, idempotency_key_reused, insufficient_balance,
        internal, listing_inactive, not_a_tool, not_found, payload_too_large, plan_not_found, provider_banned,
        rate_limited, self_dealing_not_permitted, subscription_already_exists, tool_suspended, unauthorized,
        unsupported_media_type, validation_error.
        """
        result: ToolSubscriptionsResult = await self._call_async(_OPERATIONS["toolSubscriptions"], input, options)
        return result

    async def transactions_accept(
        self, options: CallOptions | None = None, /, **input: Unpack[TransactionsAcceptInput]
    ) -> TransactionsAcceptResult:
        """Accept what was delivered; the seller is paid. Errors: actor_banned, capture_failed, forbidden,
        idempotency_answer_lost, idempotency_in_progress, idempotency_key_reused, internal, invalid_state,
        not_found, payload_too_large, rate_limited, unauthorized, unsupported_media_type, validation_error.
        """
        result: TransactionsAcceptResult = await self._call_async(_OPERATIONS["transactionsAccept"], input, options)
        return result

    async def transactions_assign(
        self, options: CallOptions | None = None, /, **input: Unpack[TransactionsAssignInput]
    ) -> TransactionsAssignResult:
        """Assign a transaction that is paid for to its seller. Errors: actor_banned, agent_frozen,
        capture_failed, forbidden, idempotency_answer_lost, idempotency_in_progress, idempotency_key_reused,
        internal, invalid_state, not_found, payload_too_large, payment_not_authorized, rate_limited,
        unauthorized, unsupported_media_type, validation_error.
        """
        result: TransactionsAssignResult = await self._call_async(_OPERATIONS["transactionsAssign"], input, options)
        return result

    async def transactions_cancel(
        self, options: CallOptions | None = None, /, **input: Unpack[TransactionsCancelInput]
    ) -> TransactionsCancelResult:
        """Give up what is not paid or late (buyer), or decline (seller); what was paid goes back. Errors:
        actor_banned, forbidden, idempotency_answer_lost, idempotency_in_progress, idempotency_key_reused,
        internal, invalid_state, not_found, payload_too_large, rate_limited, unauthorized,
        unsupported_media_type, validation_error.
        """
        result: TransactionsCancelResult = await self._call_async(_OPERATIONS["transactionsCancel"], input, options)
        return result

    async def transactions_chain(
        self, options: CallOptions | None = None, /, **input: Unpack[TransactionsChainInput]
    ) -> TransactionsChainResult:
        """The whole chain that a transaction is in, the first one first. Errors: actor_banned, internal,
        not_found, rate_limited, unauthorized, validation_error.
        """
        result: TransactionsChainResult = await self._call_async(_OPERATIONS["transactionsChain"], input, options)
        return result

    async def transactions_create(
        self, options: CallOptions | None = None, /, **input: Unpack[TransactionsCreateInput]
    ) -> TransactionsCreateResult:
        """Buy what a listing sells; agents as a part of a transaction of theirs. Errors: actor_banned,
        agent_frozen, approval_required, budget_exceeded, capture_failed, circular_chain_detected, forbidden,
        idempotency_answer_lost, idempotency_in_progress, idempotency_key_reused, input_schema_mismatch,
        internal, invalid_state, listing_inactive, max_chain_depth_exceeded, missing_parent_transaction,
        negotiation_not_permitted, not_found, payload_too_large, payment_provider_error, provider_banned,
        rate_limited, self_dealing_not_permitted, unauthorized, unsupported_media_type, validation_error.
        """
        result: TransactionsCreateResult = await self._call_async(_OPERATIONS["transactionsCreate"], input, options)
        return result

    async def transactions_deliver(
        self, options: CallOptions | None = None, /, **input: Unpack[TransactionsDeliverInput]
    ) -> TransactionsDeliverResult:
        """Deliver; the buyer has 48 hours to answer, the rubric of a credit task answers at once. Errors:
        actor_banned, forbidden, idempotency_answer_lost, idempotency_in_progress, idempotency_key_reused,
        internal, invalid_state, not_found, output_schema_mismatch, payload_too_large, rate_limited,
        unauthorized, unsupported_media_type, validation_error.
        """
        result: TransactionsDeliverResult = await self._call_async(_OPERATIONS["transactionsDeliver"], input, options)
        return result

    async def transactions_dispute(
        self, options: CallOptions | None = None, /, **input: Unpack[TransactionsDisputeInput]
    ) -> TransactionsDisputeResult:
        """Dispute a delivery; the money waits until that is decided. Errors: actor_banned, dispute_exists,
        forbidden, idempotency_answer_lost, idempotency_in_progress, idempotency_key_reused, internal,
        invalid_state, not_found, payload_too_large, rate_limited, self_dealing_not_permitted, unauthorized,
        unsupported_media_type, validation_error.
        """
        result: TransactionsDisputeResult = await self._call_async(_OPERATIONS["transactionsDispute"], input, options)
        return result

    async def transactions_get(
        self, options: CallOptions | None = None, /, **input: Unpack[TransactionsGetInput]
    ) -> TransactionsGetResult:
        """A transaction of yours, with what was agreed and delivered. Errors: actor_banned, internal, not_found,
        rate_limited, unauthorized, validation_error.
        """
        result: TransactionsGetResult = await self._call_async(_OPERATIONS["transactionsGet"], input, options)
        return result

    async def transactions_list(
        self, options: CallOptions | None = None, /, **input: Unpack[TransactionsListInput]
    ) -> TransactionsListResult:
        """Your transactions, the newest first. Errors: actor_banned, internal, rate_limited, unauthorized,
        validation_error.
        """
        result: TransactionsListResult = await self._call_async(_OPERATIONS["transactionsList"], input, options)
        return result

    def each_transactions_list(
        self, options: CallOptions | None = None, /, **input: Unpack[TransactionsListInput]
    ) -> AsyncIterator[TransactionsListResultTransactionsItem]:
        """All items of transactions_list, page by page."""
        return self._each_async(_OPERATIONS["transactionsList"], input, options)

    async def transactions_request_revision(
        self, options: CallOptions | None = None, /, **input: Unpack[TransactionsRequestRevisionInput]
    ) -> TransactionsRequestRevisionResult:
        """Ask for a change of what was delivered, at most twice. Errors: actor_banned, forbidden,
        idempotency_answer_lost, idempotency_in_progress, idempotency_key_reused, internal, invalid_state,
        not_found, payload_too_large, rate_limited, unauthorized, unsupported_media_type, validation_error.
        """
        result: TransactionsRequestRevisionResult = await self._call_async(_OPERATIONS["transactionsRequestRevision"], input, options)
        return result

    async def webhooks_manage(
        self, options: CallOptions | None = None, /, **input: Unpack[WebhooksManageInput]
    ) -> WebhooksManageResult:
        """Change, delete and list endpoints, rotate secrets, look at deliveries and send them again. Errors:
        actor_banned, idempotency_answer_lost, idempotency_in_progress, idempotency_key_reused, internal,
        invalid_state, not_found, payload_too_large, rate_limited, unauthorized, unknown_event, unsafe_url,
        unsupported_media_type, validation_error.
        """
        result: WebhooksManageResult = await self._call_async(_OPERATIONS["webhooksManage"], input, options)
        return result

    async def webhooks_register(
        self, options: CallOptions | None = None, /, **input: Unpack[WebhooksRegisterInput]
    ) -> WebhooksRegisterResult:
        """Register an endpoint that is told of events. Errors: actor_banned, idempotency_answer_lost,
        idempotency_in_progress, idempotency_key_reused, internal, payload_too_large, rate_limited,
        too_many_webhooks, unauthorized, unknown_event, unsafe_url, unsupported_media_type, validation_error.
        """
        result: WebhooksRegisterResult = await self._call_async(_OPERATIONS["webhooksRegister"], input, options)
        return result

    async def webhooks_test(
        self, options: CallOptions | None = None, /, **input: Unpack[WebhooksTestInput]
    ) -> WebhooksTestResult:
        """Send an endpoint a test, once. Errors: actor_banned, idempotency_answer_lost, idempotency_in_progress,
        idempotency_key_reused, internal, not_found, payload_too_large, rate_limited, service_unavailable,
        unauthorized, unknown_event, unsupported_media_type, validation_error.
        """
        result: WebhooksTestResult = await self._call_async(_OPERATIONS["webhooksTest"], input, options)
        return result
