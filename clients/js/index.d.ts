// clients/js/index.d.ts -- types of index.js; those of operations are in human-client/marketplace and human-client/agent.
export { HumanError, newKey } from './client.js';
export type { CallOptions, ClientOptions, StreamEvent, StreamOptions } from './client.js';
export { Agent } from './agent.js';
export type { AgentErrorCode } from './agent.js';
export { Marketplace } from './marketplace.js';
export type { MarketplaceErrorCode } from './marketplace.js';
export { verifyWebhook, WebhookError } from './webhooks.js';
export type { Webhook } from './webhooks.js';
