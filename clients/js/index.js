// clients/js/index.js -- clients of human's APIs: the marketplace's and the agent API's.
export { HumanError, newKey } from './client.js';
export { Agent } from './agent.js';
export { Marketplace } from './marketplace.js';
export { verifyWebhook, WebhookError } from './webhooks.js';
