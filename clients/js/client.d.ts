// clients/js/client.d.ts -- types of client.js.

export interface ClientOptions {
  /** Where the server is; http://localhost:3000 by default. */
  url?: string;
  /** Sent as X-API-Key. */
  key?: string;
  /** The admin token, for what only operators may do, from another machine. */
  adminToken?: string;
  /** More headers, for each request. */
  headers?: Record<string, string>;
  /** How long an answer may take; 30,000 by default. */
  timeoutMs?: number;
  /** How often a request is sent again; 3 by default. */
  retries?: number;
  /** The longest Retry-After that is waited for; 20,000 by default. */
  maxWaitMs?: number;
  fetch?: typeof fetch;
}

export interface CallOptions extends Omit<ClientOptions, 'fetch'> {
  /** A name of your own for this request: sent again with it, also by another process, it is done once. */
  idempotencyKey?: string;
  signal?: AbortSignal;
}

export interface StreamOptions extends Omit<CallOptions, 'idempotencyKey'> {
  /** The id of the last event that was seen, to go on after it. */
  lastEventId?: string;
}

export interface StreamEvent {
  event: string;
  /** Its data, decoded where it is JSON. */
  data: unknown;
  id?: string;
}

export interface ErrorDetails {
  status?: number;
  code?: string;
  body?: unknown;
  requestId?: string;
  retryAfterMs?: number;
  cause?: unknown;
}

/** What the server refused: status and code say what; or what kept it from answering: status 0. */
export class HumanError extends Error {
  constructor(message: string, details?: ErrorDetails);
  readonly status: number;
  readonly code: string;
  /** The whole answer, with the facts that some errors have besides. */
  readonly body: unknown;
  readonly requestId?: string;
  readonly retryAfterMs?: number;
  /** Whether `error` is one of ours, with one of these codes. */
  static is<Code extends string>(error: unknown, ...codes: Code[]): error is HumanError & { readonly code: Code };
}

export class Client {
  constructor(options?: ClientOptions);
  /** The same client for another key or with other settings. */
  with(options: ClientOptions): this;
}

/** A new Idempotency-Key. */
export function newKey(): Promise<string>;
