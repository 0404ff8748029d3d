// spec/e2e/slice_clients.mjs -- customers of the shop that do one thing again and again until it closes, and remember what
// they were told.  Each gives {done: [..]}; a client whose connection breaks tries again, at the other host.
import assert from 'node:assert/strict';
import crypto from 'node:crypto';
import { EventSource } from 'eventsource';
import WebSocket from 'ws';
import { PATIENCE_MS, sha256 } from './slice_world.mjs';
import { sleep, until } from './support.mjs';

const PACE_MS = { money: 60, runs: 20, chats: 60, files: 200, views: 100 }, SILENCE_MS = 3000;

/** Does it until the shop is over, with a rest between any two. */
async function keepOn(shop, kind, fn) {
  for (let i = 0; !shop.over; i += 1) {
    await fn(i);
    await sleep(PACE_MS[kind] * (0.5 + shop.random()));
  }
}

// ---- money ------------------------------------------------------------------------------------------

/** Subscribes to one tool after another; every fifth time it asks twice at once, at both hosts. */
export function buy(shop, name, first = 0) {
  const done = [];
  const subscribe = (host, key, body) => shop.call(host, name, 'POST', '/tool-subscriptions', { headers: { 'idempotency-key': key }, body });
  const running = keepOn(shop, 'money', async (i) => {
    const key = crypto.randomUUID(), body = { listing_id: shop.listings[first + i], plan_id: 'starter' };
    const ask = () => shop.insist('subscription', (host) => subscribe(host, key, body));
    const [answer, same] = await Promise.all(i % 5 ? [ask()] : [ask(), ask()]);
    if (same) assert.deepEqual([same.status, same.body], [answer.status, answer.body]);
    done.push({ key, body, name, status: answer.status, answer: answer.body, again: (host) => subscribe(host, key, body) });
  });
  return { done, running };
}

// ---- runs -------------------------------------------------------------------------------------------

/** A socket of a customer; another one takes its place when it breaks.  heard(event, since): of a run; reopened(): after that. */
class Line {
  open = null;
  since = 0;
  calls = new Map();
  n = 0;
  constructor(shop, name, at) { Object.assign(this, { shop, name, at }); }

  async connect() {
    const host = this.shop.hosts[(this.at += 1) % 2], headers = { 'x-api-key': this.shop.keyOf(this.name) };
    const ws = new WebSocket(`${host.url.replace('http', 'ws')}/shop/ws`, { headers }), begun = Date.now();
    const ended = new Promise((done) => { ws.on('close', done); });
    ws.on('message', (data) => this.hear(JSON.parse(data)));
    ws.on('error', (error) => { ws.why = error; });
    await Promise.race([new Promise((done) => { ws.on('open', done); }), ended]);
    const isOpen = ws.readyState === WebSocket.OPEN;
    if (!isOpen) return this.shop.broke(host, 'socket', ws.why ?? new Error('closed'), begun);
    this.open = ws;
    this.since = Date.now();
    ended.then((code) => {
      this.open = null;
      if (!this.closing) this.shop.broke(host, 'socket', new Error(`closed with ${code}`));
      for (const answer of this.calls.values()) answer(null);
    });
  }

  hear(frame) {
    if (frame.method === 'chat.event') return this.heard?.(frame.params, this.since);
    this.calls.get(frame.id)?.(frame);
  }

  /** The result of a call, which is made again when its connection breaks. */
  async call(method, params) {
    for (const end = Date.now() + PATIENCE_MS; ;) {
      assert.ok(Date.now() < end && !this.shop.isClosed, `${method} is answered`);
      if (!this.open) await this.connect();
      if (!this.open) continue;
      const id = (this.n += 1);
      this.open.send(JSON.stringify({ jsonrpc: '2.0', id, method, params }));
      const frame = await new Promise((answer) => { this.calls.set(id, answer); });
      this.calls.delete(id);
      if (frame?.error) throw new Error(`${method}: ${JSON.stringify(frame.error)}`);
      if (frame) return frame.result;
    }
  }

  close() {
    this.closing = true;
    this.open?.close();
  }
}

/** The events of one run as a socket tells them: in order, without gaps, none of them twice. */
class Heard {
  events = [];
  missed = 0;
  constructor(shop, line, id) {
    Object.assign(this, { shop, line, id });
    this.ended = new Promise((end) => { this.end = end; });
  }

  get last() { return this.events.length; }
  get isOver() { return this.last > 0 && this.events.at(-1).event !== 'chunk'; }

  take(event, since) {
    if (event.n > this.last + 1) return this.catchUp();
    if (event.n <= this.last) return this.same(event);
    if (this.isOver) return this.shop.faults.push(`run ${this.id} says ${text(event)} after its end`);
    this.events.push(event);
    if (since) this.shop.arrived(this.isOver ? 'socket, last' : 'socket', event.due_at, since);
    if (this.isOver) this.end();
  }

  same(event) {
    const first = text(this.events[event.n - 1]);
    if (first.join() !== text(event).join()) this.shop.faults.push(`run ${this.id} said ${first}, then ${text(event)}`);
  }

  /** What the socket did not tell. */
  catchUp() {
    this.catching ??= this.line.call('chat.resume', { run_id: this.id, after: this.last }).then(({ events }) => {
      this.catching = null;
      for (const event of events) if (event.n > this.last) { this.missed += 1; this.take(event); }
    });
    return this.catching;
  }

  /** Until the end; what is silent for long is asked. */
  async all() {
    for (const end = Date.now() + PATIENCE_MS; !this.isOver;) {
      await Promise.race([this.ended, sleep(SILENCE_MS)]);
      if (!this.isOver) await this.catchUp();
      assert.ok(Date.now() < end, `run ${this.id} comes to its end`);
    }
  }
}

const text = ({ n, event, text: said }) => [n, event, said];

/** The same as a stream tells them, to an EventSource, which says by Last-Event-ID where it was. */
function follow(shop, name, host, id) {
  const headers = { 'x-api-key': shop.keyOf(name) }, stream = { events: [], isOver: false };
  const source = new EventSource(`${host.url}/shop/runs/${id}`, { fetch: (url, init) => fetch(url, { ...init, headers: { ...init.headers, ...headers } }) });
  let since = 0;
  shop.sources.add(source);
  source.onopen = () => { since = Date.now(); };
  source.onerror = (error) => { if (!stream.isOver) shop.broke(host, 'stream', error); };
  for (const event of ['chunk', 'done', 'aborted']) {
    source.addEventListener(event, (e) => {
      const data = JSON.parse(e.data);
      stream.events.push({ n: Number(e.lastEventId), event, text: data.text });
      shop.arrived(event === 'chunk' ? 'stream' : 'stream, last', data.due_at, since);
      if (event === 'chunk') return;
      stream.isOver = true;
      shop.sources.delete(source);
      source.close();
    });
  }
  return stream;
}

/** Begins one run after another and hears it twice, by a socket and by a stream; every third one is aborted from the other host. */
export function talk(shop, name, at) {
  const done = [], line = new Line(shop, name, at), other = new Line(shop, name, at + 1), heard = new Map();
  line.heard = (event, since) => heard.get(event.run_id)?.take(event, since);
  const running = keepOn(shop, 'runs', async (i) => {
    const id = crypto.randomUUID(), run = new Heard(shop, line, id);
    const message = Array.from({ length: 10 + Math.floor(shop.random() * 30) }, (_, k) => `word${i}.${k}`).join(' ');
    heard.set(id, run);
    await line.call('chat.send', { run_id: id, message });
    const stream = follow(shop, name, shop.hosts[(at + i) % 2], id), told = run.all();
    let abort;
    if (i % 3 === 2) {
      await until(() => run.last >= 5 || run.isOver, PATIENCE_MS, 'it has begun');
      abort = await other.call('chat.abort', { run_id: id });
    }
    await told;
    await until(() => stream.isOver, PATIENCE_MS, () => `the stream of run ${id} ends; it has ${stream.events.length} of ${run.last}`);
    done.push({ id, message, abort, missed: run.missed, heard: run.events.map(text), streamed: stream.events.map(text) });
  }).finally(() => { line.close(); other.close(); });
  return { done, running };
}

// ---- webhooks ---------------------------------------------------------------------------------------

/** Sends the messages of one chat, one after another. */
export function write(shop, chat) {
  const done = [];
  const running = keepOn(shop, 'chats', async (i) => {
    const message = { id: `${chat}-${i}`, chat, text: `number ${i}` }, body = JSON.stringify(message);
    let sentAt;
    const answer = await shop.insist('webhook', async (host) => {
      sentAt = Date.now();
      const got = await fetch(`${host.url}/shop/webhook`, { method: 'POST', headers: shop.signed(message.id, body), body });
      return { status: got.status, text: await got.text() };
    });
    done.push({ ...message, sentAt, status: answer.status });
  });
  return { done, running };
}

// ---- files ------------------------------------------------------------------------------------------

/** Keeps files, and gets each of them back from whichever host. */
export function store(shop, name) {
  const done = [], headers = { 'x-api-key': shop.keyOf(name) };
  const running = keepOn(shop, 'files', async () => {
    const bytes = crypto.randomBytes(1000 + Math.floor(shop.random() * 300_000)), hash = sha256(bytes);
    const kept = await shop.insist('upload', async (host) => {
      const body = new FormData();
      body.append('file', new Blob([bytes]), 'file.bin');
      const answer = await fetch(`${host.url}/shop/files`, { method: 'POST', headers, body });
      return { status: answer.status, body: await answer.json() };
    });
    const back = await shop.insist('file', async (host) => {
      const answer = await fetch(`${host.url}/shop/files/${hash}`, { headers });
      return { status: answer.status, bytes: Buffer.from(await answer.arrayBuffer()) };
    });
    done.push({ size: bytes.length, hash, status: kept.status, kept: kept.body, back: { status: back.status, hash: sha256(back.bytes) } });
  });
  return { done, running };
}

/** Looks at the page's script: all of it, again with the tag of what it has, and a part of it. */
export function look(shop) {
  const done = [], part = [5, 40];
  let held = null;
  const running = keepOn(shop, 'views', async (i) => {
    const oldest = shop.assets.length - 1, headers = { 'accept-encoding': 'identity' };
    if (held && i % 3 === 1) headers['if-none-match'] = held.tag;
    if (held && i % 3 === 2) Object.assign(headers, { range: `bytes=${part[0]}-${part[1]}`, 'if-range': held.tag });
    const answer = await shop.insist('asset', async (host) => {
      const got = await fetch(`${host.url}/shop/app.js`, { headers });
      return { status: got.status, tag: got.headers.get('etag'), text: await got.text() };
    });
    done.push({ ...answer, oldest, newest: shop.assets.length - 1, part, held });
    if (answer.status === 200) held = { tag: answer.tag, text: answer.text };
  });
  return { done, running };
}
