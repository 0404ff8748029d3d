// spec/e2e/telegram.mjs -- a Telegram for specs: it takes what bots send, gives them updates, and refuses as it is told.
import { once } from 'node:events';
import http from 'node:http';
import { until } from './support.mjs';

export const TOKEN = '123456:telegram-test-token', SECRET = 'telegram_webhook-secret', BOT = { id: 123456, is_bot: true, first_name: 'Huma', username: 'huma_test_bot' };

/**
 * {url, calls: [{method, token, body, query, at}], sent(): texts, on(method, body) -> {status, ...answer} | undefined, updates: waiting for
 * getUpdates, next(test), close()}.  A message of a bot is answered as Telegram does.
 */
export async function startTelegram() {
  const calls = [], waiting = [], telegram = { calls, updates: [], on: () => undefined, polls: 0, most: 0 };
  let messages = 1000;
  const methods = {
    getMe: () => ({ ok: true, result: { ...BOT, can_join_groups: true, can_read_all_group_messages: false, supports_inline_queries: false } }),
    sendMessage: (body) => ({ ok: true, result: { message_id: messages += 1, date: Math.floor(Date.now() / 1000), chat: { id: body.chat_id, type: 'private' }, from: BOT, text: body.text } }),
    sendChatAction: () => ({ ok: true, result: true }),
    answerCallbackQuery: () => ({ ok: true, result: true }),
    setWebhook: () => ({ ok: true, result: true, description: 'Webhook was set' }),
    deleteWebhook: () => ({ ok: true, result: true, description: 'Webhook was deleted' }),
  };
  // Updates from `offset` on; those before it are confirmed, and gone.
  async function getUpdates(query) {
    const offset = Number(query.offset ?? 0);
    telegram.updates = telegram.updates.filter((u) => u.update_id >= offset);
    telegram.polls += 1;
    telegram.most = Math.max(telegram.most, telegram.polls);
    const end = Date.now() + 1000 * Math.min(Number(query.timeout ?? 0), 2);
    while (telegram.updates.length === 0 && Date.now() < end) await new Promise((done) => waiting.push(done) && setTimeout(done, 50));
    telegram.polls -= 1;
    return { ok: true, result: telegram.updates.slice(0, Number(query.limit ?? 100)) };
  }
  const server = http.createServer(async (req, res) => {
    let text = '';
    for await (const piece of req) text += piece;
    const url = new URL(req.url, 'http://x'), [, bot, method] = url.pathname.split('/');
    const query = Object.fromEntries(url.searchParams), body = text ? JSON.parse(text) : {};
    if (bot !== `bot${TOKEN}`) { res.writeHead(401); return res.end('{"ok":false,"error_code":401,"description":"Unauthorized"}'); }
    calls.push({ method, body, query, at: performance.now() });
    const told = await telegram.on(method, body, query);
    if (told === 'hang') return undefined;
    if (told === 'cut') return req.socket.destroy();
    const { status = 200, ...answer } = told ?? (method === 'getUpdates' ? await getUpdates({ ...query, ...body }) : methods[method]?.(body)) ?? { status: 404, ok: false, error_code: 404, description: 'Not Found' };
    res.writeHead(status, { 'content-type': 'application/json' });
    return res.end(JSON.stringify(answer));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const of = (method) => calls.filter((c) => c.method === method);
  return Object.assign(telegram, {
    url: `http://127.0.0.1:${server.address().port}`,
    of,
    sent: (chat) => of('sendMessage').filter((c) => chat === undefined || c.body.chat_id === chat),
    /** Waits for the n-th message to a chat. */
    async answer(chat, n = 1, ms = 30_000) {
      await until(() => telegram.sent(chat).length >= n, ms, () => `${n} messages to ${chat}; there are ${JSON.stringify(telegram.sent(chat).map((c) => c.body.text))}`);
      return telegram.sent(chat)[n - 1].body;
    },
    give(...updates) { telegram.updates.push(...updates); while (waiting.length) waiting.pop()(); },
    close: () => new Promise((done) => { server.close(done); server.closeAllConnections(); }),
  });
}

let count = 5000;
const next = () => (count += 1);

export const ann = { id: 42, is_bot: false, first_name: 'Ann', last_name: 'Lee', username: 'annlee', language_code: 'en' };

/** An update with a direct message. */
export const direct = (text, { from = ann, ...more } = {}) => ({ update_id: next(), message: { message_id: next(), date: Math.floor(Date.now() / 1000), from, chat: { id: from.id, type: 'private', first_name: from.first_name }, text, ...more } });

/** One of a group. */
export const inGroup = (text, { from = ann, chat = -1001234567890, ...more } = {}) => ({ update_id: next(), message: { message_id: next(), date: Math.floor(Date.now() / 1000), from, chat: { id: chat, type: 'supergroup', title: 'Gym' }, text, ...more } });

/** Sends an update as Telegram does. */
export async function hook(host, update, { secret = SECRET, path = '/webhook/telegram', headers = {}, method = 'POST' } = {}) {
  const body = typeof update === 'string' ? update : JSON.stringify(update);
  const answer = await fetch(`${host.url}${path}`, { method, body: method === 'GET' ? undefined : body, headers: { 'content-type': 'application/json', ...(secret ? { 'x-telegram-bot-api-secret-token': secret } : {}), ...headers } });
  return { status: answer.status, headers: answer.headers, body: await answer.text() };
}

/** Settings of a host whose bot is there. */
export const settings = (telegram, more = {}) => ({
  HUMAN_LLM_PROVIDER: 'offline', HUMAN_CHANNELS_TELEGRAM_TOKEN: TOKEN, HUMAN_CHANNELS_TELEGRAM_WEBHOOK_SECRET: SECRET, HUMAN_CHANNELS_TELEGRAM_API_BASE: telegram.url,
  HUMAN_CHANNELS_TELEGRAM_ALLOW_FROM: '42', ...more });
