// spec/soak/traffic.mjs -- who uses a server for an hour: people in chats, REST clients, clumsy ones, an operator.
// Each actor is a loop that ends when `world.over()`; what it was promised it writes down in `world.promised`.
import crypto from 'node:crypto';
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { call, makeAgent, makeUser, newMessage, openSocket, send } from '../e2e/agent_client.mjs';
import { BINARY, isAlive } from '../e2e/hosts.mjs';
import { reload } from '../e2e/modes.mjs';
import { next, sleep, until } from '../e2e/support.mjs';

const TURN_MS = 20_000, RETRY_MS = 100;
const pause = (ms) => sleep(ms * (0.5 + Math.random()));

/** While a worker is replaced a connection may break; whoever sees that comes again, also when it sees it later. */
async function persistently(world, fn) {
  for (const end = Date.now() + TURN_MS; ;) {
    const { killing } = world;
    try {
      return await fn();
    } catch (error) {
      if (!killing && !world.killing || Date.now() > end) throw error;
      world.count('broken by a kill');
      await sleep(RETRY_MS);
    }
  }
}

async function openChat(world, user, agent) {
  const socket = openSocket(world.host.url, undefined, undefined, { query: {}, reconnection: true, reconnectionDelay: 50,
    reconnectionDelayMax: 500, transports: Math.random() < 0.3 ? ['polling', 'websocket'] : ['websocket'],
    auth: (give) => give({ agentId: agent.id, apiKey: user.key, lastSeq: socket.actions.at(-1)?.seq ?? 0 }) });
  socket.on('disconnect', (reason) => { socket.left = reason; });
  await next(socket, 'connect', TURN_MS);
  return socket;
}

/** A person and an agent: a message, its acknowledgement, its turn; now and then the line is cut. */
export async function chat(world, user) {
  const agent = await makeAgent(world.host.url, user);
  world.agents.push(agent.id);
  let socket = await openChat(world, user, agent);
  const ended = () => socket.actions.filter((a) => a.type === 'agent-stopped').length;
  while (!world.over()) {
    const stops = ended(), event = newMessage(`What do you say about ${crypto.randomUUID()}?`);
    const ack = await persistently(world, () => send(socket, event)
      .catch((error) => { throw new Error(`${error.message} (${socket.left})`); }));
    if (!ack.ok && !world.killing) throw new Error(`not acknowledged: ${JSON.stringify(ack)}`);
    if (ack.ok) {
      world.promised.push({ agent: agent.id, message: event.content.message.id });
      await until(() => ended() > stops, TURN_MS, `the turn of ${agent.id} ends`);
      world.count('turns');
    }
    await pause(400);
    if (Math.random() < 0.1) {
      socket.disconnect();
      const { actions } = socket;
      socket = await openChat(world, user, agent);
      socket.actions.unshift(...actions);
    }
    // It would grow with the hour, and the last number is all that is needed.
    if (socket.actions.length > 200) socket.actions.splice(0, socket.actions.length - 100);
  }
  socket.disconnect();
}

/** Makes, reads, changes and deletes what the API has, and asks for things it must not get. */
export async function rest(world) {
  const { url } = world.host;
  const expect = async (status, method, where, more) => {
    const { killing } = world;
    const answer = await persistently(world, () => call(url, method, where, more));
    if (answer.status !== status && !killing && !world.killing) throw new Error(`${method} ${where}: ${answer.status} ${JSON.stringify(answer.body)}`);
    world.count('requests');
    return answer;
  };
  while (!world.over()) {
    const user = await persistently(world, () => makeUser(url)), { key } = user, agent = await persistently(world, () => makeAgent(url, user));
    world.agents.push(agent.id);
    const headers = { 'idempotency-key': crypto.randomUUID() };
    const event = { type: 'user-joined', participant: { id: 'p', nickname: 'P' } };
    const [one, two] = [await expect(202, 'POST', `/api/agents/${agent.id}/messages`, { key, headers, body: event }),
      await expect(202, 'POST', `/api/agents/${agent.id}/messages`, { key, headers, body: event })];
    if (one.body?.eventId) world.promised.push({ agent: agent.id, event: one.body.eventId });
    if (one.body?.eventId && two.body?.eventId && one.body.eventId !== two.body.eventId) throw new Error('a repeat made a second event');
    await expect(200, 'GET', '/api/agents?limit=20', { key });
    await expect(200, 'GET', `/api/agents/${agent.id}/events?limit=50`, { key });
    await expect(401, 'GET', '/api/agents', {});
    await expect(404, 'GET', '/api/nothing', { key });
    await expect(400, 'POST', '/api/agents', { key, body: '{"name": ' });
    await expect(200, 'GET', '/openapi.json', {});
    const metrics = await persistently(world, () => fetch(`${url}/metrics`));
    if (metrics.status !== 200 || !(await metrics.text()).startsWith('# ')) throw new Error(`GET /metrics: ${metrics.status}`);
    await pause(300);
  }
}

/** Clients that go away in the middle: of a request, of an answer, of a handshake. */
export async function aborting(world) {
  while (!world.over()) {
    const socket = net.connect(world.host.port, '127.0.0.1');
    socket.on('error', () => {});
    const what = crypto.randomInt(4);
    socket.write(['GET /openapi.json HTTP/1.1\r\nHost: localhost\r\n\r\n'.repeat(5), 'POST /api/users HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99\r\n\r\n{"em',
      'GET /socket.io/?EIO=4&transport=polling HTTP/1.1\r\nHost: localhost\r\n\r\n', '\x16\x03\x01\0'][what]);
    await pause(30);
    socket.resetAndDestroy();
    world.count('aborted');
    await pause(60);
  }
}

/** A head that comes byte by byte, until the server has had enough. */
export async function dripping(world) {
  while (!world.over()) {
    const socket = net.connect(world.host.port, '127.0.0.1');
    let open = true;
    socket.on('error', () => {});
    socket.on('close', () => { open = false; });
    socket.resume();
    socket.write('GET /health HTTP/1.1\r\nHost: localhost\r\nX-Slow: ');
    while (open && !world.over()) {
      await sleep(200);
      socket.write('a');
    }
    socket.destroy();
    world.count('slow');
  }
}

const SCRIPT = (n) => `-- api/local/soak.lua -- edit ${n}
local api, s = require "human.api", require "human.schema"
local g = api.group { tag = "Soak", auth = false, shape = "agent" }
g:get("/soak", { summary = "Its number", reply = { [200] = s.object { n = s.int } } }, function() return 200, { n = ${n} } end)
return g
`;
const WRONG = ['return {', 'error "wrong at load"', 'while true do end', 'stray = 1 return {}', SCRIPT(0).replace('/soak"', '/health"')];

/** Edits scripts and reloads: good and bad in turn, and every good one must serve, every bad one change nothing. */
export async function operator(world) {
  const file = path.join(world.tree, 'api/local/soak.lua');
  fs.mkdirSync(path.dirname(file), { recursive: true });
  const edit = async (text) => {
    fs.writeFileSync(file, text);
    return reload(BINARY, world.host.home);
  };
  for (let n = 1; !world.over(); n += 1) {
    const good = await edit(SCRIPT(n));
    // A worker that is killed while it loads refuses the reload.
    if (good.code !== 0 && !world.killing) throw new Error(`a good edit was refused: ${good.text}`);
    if (good.code === 0) {
      const answer = await persistently(world, () => call(world.host.url, 'GET', '/soak'));
      if (answer.body?.n !== n) throw new Error(`edit ${n} does not serve: ${JSON.stringify(answer.body)}`);
      world.count('reloads');
    }
    await pause(1500);
    const bad = await edit(WRONG[n % WRONG.length]);
    if (bad.code === 0) throw new Error(`a bad edit was taken: ${WRONG[n % WRONG.length]}`);
    world.count('refused reloads');
    if (n === 1 && good.code === 0) {
      const answer = await call(world.host.url, 'GET', '/soak');
      if (answer.body?.n !== n) throw new Error('a refused edit changed what serves');
    }
    await pause(1500);
  }
  await edit(SCRIPT(0));
}

/** Kills the last worker now and then; the first one lives to show whether it grows. */
export async function killer(world, everyMs) {
  while (!world.over()) {
    await world.wait(everyMs);
    if (world.over()) return;
    const victim = world.workers().at(-1);
    world.killing = true;
    process.kill(victim, 'SIGKILL');
    await until(() => !isAlive(victim) && world.workers().length === world.size, TURN_MS, 'the worker is replaced');
    await sleep(2000); // until clients have found the way back
    world.killing = false;
    world.count('kills');
  }
}
