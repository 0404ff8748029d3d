// clients/js/webhooks.d.ts -- types of webhooks.js.

export class WebhookError extends Error {
  readonly reason: string;
}

export interface Webhook {
  /** The body as it came, not decoded. */
  body: string;
  headers: { get(name: string): string | null } | Record<string, string | string[] | undefined>;
  /** The secret of the registration; several while it is being replaced. */
  secret: string | string[];
  /** How old, or how far ahead, it may be: 300. */
  toleranceS?: number;
  /** Milliseconds since 1970; the time of this machine by default. */
  now?: number;
}

/** The payload of a webhook, once its signature and its time are right; throws a WebhookError otherwise. */
export function verifyWebhook(webhook: Webhook): Promise<unknown>;
