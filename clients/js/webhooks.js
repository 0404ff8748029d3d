// clients/js/webhooks.js -- is a webhook the server's?  Signatures as of standardwebhooks.com.
import { hmac } from './client.js';

const TOLERANCE_S = 300, SIGNATURES_MAX = 16, BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

/** The key of a secret: base64 after "whsec_" where it is that, else its text. */
function keyOf(secret) {
  const text = secret.startsWith('whsec_') ? secret.slice(6) : secret;
  if (text.length <= 88 && BASE64.test(text)) {
    const bytes = Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
    if (bytes.length >= 24 && bytes.length <= 64) return bytes;
  }
  return new TextEncoder().encode(secret);
}

function isEqual(a, b) {
  let difference = a.length ^ b.length;
  for (let i = 0; i < a.length; i += 1) difference |= a.charCodeAt(i) ^ b.charCodeAt(i % (b.length || 1));
  return difference === 0;
}

export class WebhookError extends Error {
  constructor(reason) {
    super(`not a webhook of ours: ${reason}`);
    this.name = 'WebhookError';
    this.reason = reason;
  }
}

const headerOf = (headers, name) => (typeof headers.get === 'function' ? headers.get(name) : headers[name]) ?? undefined;

/** The payload of a webhook, once its signature and its time are right; throws a WebhookError otherwise. */
export async function verifyWebhook({ body, headers, secret, toleranceS = TOLERANCE_S, now = Date.now() }) {
  const [id, timestamp, signatures] = ['webhook-id', 'webhook-timestamp', 'webhook-signature'].map((name) => headerOf(headers, name));
  if (!id || !timestamp || !signatures) throw new WebhookError('a header is missing');
  if (!/^\d{1,12}$/.test(timestamp)) throw new WebhookError('the time is malformed');
  if (Math.abs(now / 1000 - Number(timestamp)) > toleranceS) throw new WebhookError('it is too old, or the clocks differ');
  const wanted = [];
  for (const one of [secret].flat()) {
    wanted.push(`v1,${btoa(String.fromCharCode(...await hmac(keyOf(one), `${id}.${timestamp}.${body}`)))}`);
  }
  const given = signatures.split(' ').slice(0, SIGNATURES_MAX);
  if (!given.some((text) => wanted.some((each) => isEqual(each, text)))) throw new WebhookError('the signature is not that of the secret');
  return JSON.parse(body);
}
