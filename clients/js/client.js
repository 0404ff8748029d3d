// clients/js/client.js -- calls, retries, streams and lists, for the classes that are generated from the OpenAPI document.

const RETRIES = 3, TIMEOUT_MS = 30_000, MAX_WAIT_MS = 20_000, FIRST_WAIT_MS = 250, STREAM_WAIT_MS = 3000;
const LINE_MAX = 1 << 20; // characters of one line of a stream
const PAGE = 50;
const JSON_TYPE = 'application/json';

/** What the server refused: status and code say what; or what kept it from answering: status 0, code "connection_failed". */
export class HumanError extends Error {
  constructor(message, { status = 0, code = 'connection_failed', body, requestId, retryAfterMs, cause } = {}) {
    super(message, { cause });
    this.name = 'HumanError';
    Object.assign(this, { status, code, body, requestId, retryAfterMs });
  }

  /** Whether `error` is one of ours, with one of these codes. */
  static is(error, ...codes) {
    return error instanceof HumanError && (codes.length === 0 || codes.includes(error.code));
  }
}

const webcrypto = async () => globalThis.crypto ?? (await import('node:crypto')).webcrypto;

/** A new Idempotency-Key. */
export async function newKey() {
  return [...(await webcrypto()).getRandomValues(new Uint8Array(16))].map((b) => b.toString(16).padStart(2, '0')).join('');
}

/** The HMAC-SHA-256 of a text, as bytes. */
export async function hmac(key, text) {
  const { subtle } = await webcrypto(), algorithm = { name: 'HMAC', hash: 'SHA-256' };
  const secret = await subtle.importKey('raw', key, algorithm, false, ['sign']);
  return new Uint8Array(await subtle.sign('HMAC', secret, new TextEncoder().encode(text)));
}

const wait = (ms, signal) => new Promise((resolve, reject) => {
  const stop = () => { clearTimeout(timer); reject(signal.reason); };
  const timer = setTimeout(() => { signal?.removeEventListener('abort', stop); resolve(); }, ms);
  if (signal?.aborted) stop(); else signal?.addEventListener('abort', stop, { once: true });
});

const backoff = (attempt) => FIRST_WAIT_MS * 2 ** attempt * (0.5 + Math.random() / 2);

/** Milliseconds of a Retry-After, seconds or a date; undefined: it has none. */
function retryAfter(answer) {
  const text = answer.headers.get('retry-after');
  if (text === null) return undefined;
  const ms = /^\d+$/.test(text) ? Number(text) * 1000 : Date.parse(text) - Date.now();
  return Number.isNaN(ms) ? undefined : Math.max(0, ms);
}

async function refusal(answer) {
  const text = await answer.text().catch(() => '');
  let body;
  try { body = JSON.parse(text); } catch { body = text; }
  const code = typeof body?.code === 'string' ? body.code : `http_${answer.status}`;
  return new HumanError(body?.message ?? body?.error ?? `HTTP ${answer.status}`, {
    status: answer.status, code, body, requestId: answer.headers.get('x-request-id') ?? undefined, retryAfterMs: retryAfter(answer),
  });
}

const given = (input, names = []) => names.filter((name) => input[name] !== undefined && input[name] !== null);

function target(base, path, facts, input) {
  const filled = path.replace(/{(\w+)}/g, (_, name) => {
    if (input[name] === undefined) throw new TypeError(`${name} is missing`);
    return encodeURIComponent(input[name]);
  });
  const query = new URLSearchParams();
  for (const name of given(input, facts.query)) query.set(name, String(input[name]));
  return `${base}${filled}${query.size ?? [...query].length ? `?${query}` : ''}`;
}

function bodyOf(facts, input) {
  if (!facts.body) return {};
  const outside = new Set([...facts.path ?? [], ...facts.query ?? []]);
  const value = facts.whole ? input.body : Object.fromEntries(Object.entries(input).filter(([name]) => !outside.has(name)));
  if (facts.body === 'json') return { body: JSON.stringify(value), type: JSON_TYPE };
  if (facts.body === 'raw') return { body: value };
  const form = new FormData();
  for (const [name, one] of Object.entries(value)) {
    if (one instanceof Blob) form.set(name, one, one.name ?? 'file');
    else if (one !== undefined && one !== null) form.set(name, String(one));
  }
  return { body: form };
}

/** Whether a request may be sent again after an answer that was lost. */
const isSafe = (method, key) => method === 'GET' || method === 'PUT' || key !== undefined;

/** How long to wait before a refused request is sent again; undefined: never. */
function pause(error, safe, attempt) {
  if (error.code === 'idempotency_in_progress') return error.retryAfterMs ?? backoff(attempt);
  if (error.status === 429 || (error.status === 503 && safe)) return error.retryAfterMs; // what says no time is no passing matter
  return undefined;
}

const LINE = /\r\n|\r|\n/;

/** The events of an open stream: {event, data, id, retry}. */
async function* eventsOf(stream) {
  const reader = stream.getReader(), decoder = new TextDecoder();
  let rest = '', event = '', data = [], id, retry;
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      rest += decoder.decode(value, { stream: true });
      const held = rest.endsWith('\r') ? '\r' : ''; // its \n may be in the next part
      const lines = rest.slice(0, rest.length - held.length).split(LINE);
      rest = lines.pop() + held;
      if (rest.length > LINE_MAX) throw new HumanError('a line of the stream is too long', { code: 'bad_stream' });
      for (const line of lines) {
        if (line === '') {
          if (data.length || retry !== undefined) yield { event: event || 'message', data: data.length ? data.join('\n') : undefined, id, retry };
          [event, data, retry] = ['', [], undefined];
          continue;
        }
        const [, name, text] = /^([^:]*):? ?(.*)$/s.exec(line);
        if (name === 'event') event = text;
        else if (name === 'data') data.push(text);
        else if (name === 'id' && !text.includes('\0')) id = text;
        else if (name === 'retry' && /^\d+$/.test(text)) retry = Number(text);
      }
    }
  } finally {
    await reader.cancel().catch(() => {});
  }
}

function parsed(text) {
  try { return JSON.parse(text); } catch { return text; }
}

export class Client {
  #options;

  constructor(options = {}) {
    const { url = 'http://localhost:3000', key, adminToken, headers = {}, timeoutMs = TIMEOUT_MS, retries = RETRIES, maxWaitMs = MAX_WAIT_MS } = options;
    this.#options = { url: url.replace(/\/+$/, ''), key, adminToken, headers, timeoutMs, retries, maxWaitMs, fetch: options.fetch ?? globalThis.fetch.bind(globalThis) };
  }

  /** The same client for another key or with other settings. */
  with(options) {
    return new this.constructor({ ...this.#options, ...options });
  }

  /** One request, without retries: an answer that is no error.  Its body must be read before the time is over, unless it streams. */
  async #once([method, path, facts], input, options, extra = {}) {
    const { url, key = undefined, adminToken, headers, timeoutMs, fetch } = { ...this.#options, ...options };
    const { body, type } = bodyOf(facts, input), aborter = new AbortController(), streams = facts.answer === 'events';
    const stop = () => aborter.abort(options.signal.reason);
    if (options.signal?.aborted) stop(); else options.signal?.addEventListener('abort', stop, { once: true });
    const timer = setTimeout(() => aborter.abort(new HumanError(`no answer within ${timeoutMs} ms`, { code: 'timeout' })), timeoutMs);
    const free = () => { clearTimeout(timer); options.signal?.removeEventListener('abort', stop); };
    try {
      const answer = await fetch(target(url, path, facts, input), {
        method, body, redirect: 'manual', signal: aborter.signal,
        headers: { accept: streams ? 'text/event-stream' : facts.answer === 'bytes' ? '*/*' : JSON_TYPE, ...(type && { 'content-type': type }),
          ...(key && { 'x-api-key': key }), ...(facts.admin && adminToken && { authorization: `Bearer ${adminToken}` }),
          ...this.#options.headers, ...headers, ...extra },
      });
      if (!answer.ok) throw await refusal(answer); // a redirect, too: a key must not follow to where it points
      if (streams) {
        clearTimeout(timer);
        return { answer, free };
      }
      const value = facts.answer === 'none' || answer.status === 204 ? (await answer.text(), undefined)
        : facts.answer === 'text' ? await answer.text() : facts.answer === 'bytes' ? await answer.blob() : await answer.json();
      free();
      return { value };
    } catch (error) {
      free();
      if (error instanceof HumanError || options.signal?.aborted) throw error;
      if (aborter.signal.aborted) throw aborter.signal.reason;
      throw new HumanError(`the connection failed: ${error.cause?.message ?? error.message}`, { cause: error });
    }
  }

  /** A call with retries: what is safe to send again is, and a POST that takes an Idempotency-Key has one. */
  async request(operation, input = {}, options = {}) {
    const [method, , facts] = operation, { retries, maxWaitMs } = { ...this.#options, ...options };
    const key = facts.repeatable ? options.idempotencyKey ?? await newKey() : options.idempotencyKey, safe = isSafe(method, key);
    for (let attempt = 0; ; attempt += 1) {
      try {
        return (await this.#once(operation, input, options, key === undefined ? {} : { 'idempotency-key': key })).value;
      } catch (error) {
        if (!(error instanceof HumanError) || attempt >= retries) throw error;
        const ms = error.status === 0 ? (safe ? backoff(attempt) : undefined) : pause(error, safe, attempt);
        if (ms === undefined || ms > maxWaitMs) throw error;
        await wait(ms, options.signal);
      }
    }
  }

  /** The events of a stream.  A GET that was cut goes on where it was (Last-Event-ID), until the server says that it is over. */
  async* stream(operation, input = {}, options = {}) {
    const [method] = operation, { retries } = { ...this.#options, ...options };
    let last = options.lastEventId, again = STREAM_WAIT_MS, failed = 0;
    for (;;) {
      let open;
      try {
        open = await this.#once(operation, input, options, last === undefined ? {} : { 'last-event-id': last });
        if (open.answer.status === 204) return;
        for await (const { event, data, id, retry } of eventsOf(open.answer.body)) {
          failed = 0;
          if (retry !== undefined) again = retry;
          if (id !== undefined) last = id;
          if (data === undefined) continue;
          yield { event, data: parsed(data), id };
          if (event === 'end') return;
        }
        if (method !== 'GET') return;
      } catch (error) {
        if (options.signal?.aborted || method !== 'GET') throw error;
        failed += 1;
        const refused = error instanceof HumanError && error.status !== 0;
        if (failed > retries || (refused && pause(error, true, failed) === undefined)) throw error;
      } finally {
        open?.free();
      }
      await wait(again, options.signal);
    }
  }
}

/** Gives a class a method for each operation of a table: {id: [method, path, facts]}. */
export function define(Class, table) {
  for (const [id, operation] of Object.entries(table)) {
    const streams = operation[2].answer === 'events';
    Class.prototype[id] = streams ? function stream(input, options) { return this.stream(operation, input, options); }
      : function call(input, options) { return this.request(operation, input, options); };
  }
  Class.prototype.each = async function* each(name, input = {}, options = {}) {
    const { items } = table[name]?.[2] ?? {};
    if (!items) throw new TypeError(`${name} is no list`);
    const limit = input.limit ?? PAGE;
    for (let offset = 0; ; offset += limit) {
      const list = (await this.request(table[name], { ...input, limit, offset }, options))[items];
      yield* list;
      if (list.length < limit) return;
    }
  };
}
