// spec/e2e/agent_client.mjs -- shared by specs of the agent API: REST calls, users, agents, sockets.
import assert from 'node:assert/strict';
import { io } from 'socket.io-client';
import { next, until } from './support.mjs';

let number = 0;
export const unique = (word) => `${word}-${process.pid}-${Date.now()}-${(number += 1)}`;

/** One call: {status, headers, body (decoded JSON, or null)}; on a connection of its own, since a request on one that is
 * kept open is lost when its worker is killed at that moment, as any client's would be. */
export async function call(url, method, path, { key, body, headers = {} } = {}) {
  const answer = await fetch(url + path, {
    method,
    headers: { connection: 'close', ...(body !== undefined && { 'content-type': 'application/json' }), ...(key && { 'x-api-key': key }), ...headers },
    body: body === undefined || typeof body === 'string' ? body : JSON.stringify(body),
  });
  const text = await answer.text();
  return { status: answer.status, headers: answer.headers, body: text ? JSON.parse(text) : null };
}

export const NOWHERE = 'c00000000000000000000000x';

/** An error in the documented form; gives its body. */
export function refused(answer, status, word, message) {
  assert.equal(answer.status, status, JSON.stringify(answer.body));
  assert.equal(answer.body.error, word);
  assert.equal(answer.body.statusCode, status);
  if (message) assert.equal(answer.body.message, message);
  return answer.body;
}

/** The body of an answer that made something; what was refused says so itself, not what is tried with it next. */
function made(answer) {
  if (answer.status !== 201) throw new Error(`${answer.status} ${JSON.stringify(answer.body)}`);
  return answer.body;
}

/** A new user with a key: {id, key, keyId, api(method, path, body)}. */
export async function makeUser(url, keyFields = {}) {
  const user = made(await call(url, 'POST', '/api/users', { body: { email: `${unique('u')}@example.com` } }));
  const key = made(await call(url, 'POST', `/api/users/${user.id}/api-keys`, { body: { name: 'spec', ...keyFields } }));
  return { id: user.id, key: key.key, keyId: key.id,
    api: (method, path, body) => call(url, method, path, { key: key.key, body }) };
}

export async function humaType(url) {
  return (await call(url, 'GET', '/api/agent-types')).body.find((t) => t.name === 'Huma-1').id;
}

/** A new agent of the user's, with a personality and a prompt of its own. */
export async function makeAgent(url, user, { name = 'Coach Alex', template = 'You are a fitness coach. Talk about cardio.' } = {}) {
  const personality = (await user.api('POST', '/api/personalities', { personalityId: 'coach-alex', name,
    styleInstructions: 'Warm. Uses fitness terms.' })).body;
  const prompt = made(await user.api('POST', '/api/system-prompts', { name: 'Coach', promptType: 'system', template }));
  const agent = made(await user.api('POST', '/api/agents', { name: `${name} - Spec`, agentTypeId: await humaType(url) }));
  const linked = await user.api('PUT', `/api/agents/${agent.id}/state`,
    { personalityId: personality.id, systemPromptId: prompt.id });
  if (linked.status !== 200) throw new Error(JSON.stringify(linked.body));
  return agent;
}

export const sarah = { id: 'user-1', nickname: 'Sarah' };

export function newMessage(content, { id = unique('m'), participant = sarah, ...more } = {}) {
  return { type: 'new-message', content: { message: {
    id, content, participant, createdAt: new Date().toISOString(), type: 'message', ...more } } };
}

/** A socket of an agent that keeps what it hears in `socket.actions`. */
export function openSocket(url, agentId, key, options = {}) {
  const socket = io(url, { forceNew: true, reconnection: false, query: { agentId, apiKey: key }, ...options });
  socket.actions = [];
  socket.on('message', (action) => socket.actions.push(action));
  return socket;
}

export async function connected(...args) {
  const socket = openSocket(...args);
  await next(socket, 'connect', 10000);
  return socket;
}

/** Emits an event and gives its acknowledgement. */
export const send = (socket, event) => socket.timeout(30_000).emitWithAck('message', event);

/** The actions from `from` on, once the agent has stopped `times` times since. */
export async function run(socket, from = 0, times = 1, ms = 15000) {
  const stops = () => socket.actions.slice(from).filter((a) => a.type === 'agent-stopped').length;
  await until(() => stops() >= times, ms, `agent-stopped, after ${JSON.stringify(socket.actions.slice(from))}`);
  return socket.actions.slice(from);
}

/** What actions come to: ['set-typing:true', 'send-message', 'agent-stopped:completed']. */
export const outline = (actions) => actions.map((a) => {
  if (a.type === 'set-typing') return `set-typing:${a.isTyping}`;
  if (a.type === 'agent-stopped') return `agent-stopped:${a.reason}`;
  return a.type;
});

export const NORMAL = ['set-typing:true', 'send-message', 'agent-stopped:completed'];
