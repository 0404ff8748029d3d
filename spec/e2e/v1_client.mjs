// spec/e2e/v1_client.mjs -- npm openai at a server: {url, key, calls: [{api: "chat"|"responses"|"models", name, args, leave_ms}]} on standard
// input; on standard output what came of each: {value}, {events} of a stream, or {error}.  Needs Node 22.
import { text as read } from 'node:stream/consumers';
import OpenAI from 'openai';

const { url, key, calls } = JSON.parse(await read(process.stdin));
const client = new OpenAI({ apiKey: key ?? 'unused', baseURL: `${url}/v1`, maxRetries: 0 });
const of = { chat: client.chat.completions, responses: client.responses, models: client.models };

async function made({ api, name, args, headers }) {
  const answer = await of[api][name](...args, ...(headers ? [{ headers }] : [])).withResponse();
  const head = Object.fromEntries(answer.response.headers);
  if (args[0]?.stream !== true) return { value: answer.data, headers: head, request_id: answer.data._request_id };
  const events = [];
  for await (const event of answer.data) events.push(event);
  return { events, headers: head };
}

const done = [];
for (const call of calls) {
  done.push(await made(call).catch((e) => ({ error: { kind: e.constructor.name, status: e.status, code: e.code, type: e.type, param: e.param, message: e.message,
    request_id: e.requestID, headers: e.headers && Object.fromEntries(e.headers) } })));
}
console.log(JSON.stringify(done));
