// spec/e2e/llm_host.mjs -- a host of its own for each provider, and a client of its agent API.
import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';

const BINARY = process.env.HUMAN_BINARY ?? 'build/human';
const START_MS = 60000;

async function freePort() {
  const server = net.createServer();
  await new Promise((resolve) => { server.listen(0, '127.0.0.1', resolve); });
  const { port } = server.address();
  await new Promise((resolve) => { server.close(resolve); });
  return port;
}

const pause = (ms) => new Promise((resolve) => { setTimeout(resolve, ms); });

async function ready(url, child, output) {
  const until = Date.now() + START_MS;
  while (Date.now() < until) {
    if (child.exitCode !== null) throw new Error(`the host ended:\n${output.join('')}`);
    const answer = await fetch(`${url}/health`).catch(() => null);
    if (answer?.ok && (await answer.json()).database === 'up') return;
    await pause(50);
  }
  throw new Error(`the host did not start:\n${output.join('')}`);
}

// Settings and keys of the person who runs the specs must not reach the host.
function cleanEnvironment() {
  const keys = ['OPENAI_API_KEY', 'ANTHROPIC_API_KEY', 'GEMINI_API_KEY', 'OLLAMA_HOST', 'DATABASE_URL'];
  const names = Object.keys(process.env).filter((name) => !name.startsWith('HUMAN_') && !keys.includes(name));
  return Object.fromEntries(names.map((name) => [name, process.env[name]]));
}

// home: {path} shared by several hosts, one after the other; the private database lives there.
export async function startHost(env, home) {
  const port = await freePort();
  const output = [];
  const child = spawn(BINARY, ['gateway'], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...cleanEnvironment(), HUMAN_HOME: home, HUMAN_PORT: port, HUMAN_AGENT_PORT: 0, HUMAN_WORKERS: 1,
      HUMAN_SCRIPTS: 'scripts', ...env },
  });
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (text) => output.push(String(text)));
  const url = `http://127.0.0.1:${port}`;
  await ready(url, child, output);
  return {
    url, port, output,
    async stop() {
      child.kill('SIGTERM');
      if (child.exitCode === null) await new Promise((resolve) => { child.once('exit', resolve); });
    },
  };
}

export async function makeHome() {
  const home = await mkdtemp(path.join(os.tmpdir(), 'human-llm-'));
  return { path: home, remove: () => rm(home, { recursive: true, force: true }) };
}

async function call(url, method, body, key) {
  const answer = await fetch(url, {
    method, body: body && JSON.stringify(body),
    headers: { 'content-type': 'application/json', ...(key && { 'x-api-key': key }) },
  });
  if (!answer.ok) throw new Error(`${method} ${url}: ${answer.status} ${await answer.text()}`);
  return answer.json();
}

let number = 0;

// A new user with an agent.  say(text) sends a message and gives the actions of the run that answers it.
export async function makeAgent(host) {
  number += 1;
  const user = await call(`${host.url}/api/users`, 'POST', { email: `u${process.pid}-${Date.now()}-${number}@example.com` });
  const { key } = await call(`${host.url}/api/users/${user.id}/api-keys`, 'POST', { name: 'spec' });
  const kind = (await call(`${host.url}/api/agent-types`, 'GET')).find((t) => t.name === 'Huma-1');
  const agent = await call(`${host.url}/api/agents`, 'POST', { name: 'Spec', agentTypeId: kind.id }, key);
  const api = `${host.url}/api/agents/${agent.id}`;
  return {
    state: () => call(`${api}/state`, 'GET', null, key),
    events: () => call(`${api}/events?limit=200`, 'GET', null, key),
    async say(content) {
      number += 1;
      const answer = await fetch(`${api}/messages`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'x-api-key': key, accept: 'text/event-stream' },
        body: JSON.stringify({ type: 'new-message', content: { message: {
          id: `m-${number}`, content, createdAt: new Date().toISOString(), type: 'message',
          participant: { id: 'u1', nickname: 'Sarah' } } } }),
      });
      if (!answer.ok) throw new Error(`messages: ${answer.status} ${await answer.text()}`);
      const actions = [];
      for (const line of (await answer.text()).split('\n')) {
        if (line.startsWith('data:')) actions.push(JSON.parse(line.slice(5)));
      }
      return actions.filter((action) => action.type);
    },
  };
}

// What was said, and how it ended: {text, reason, code}.
export function outcome(actions) {
  const last = actions.at(-1);
  return {
    text: actions.find((a) => a.type === 'send-message')?.content ?? null,
    reason: last?.type === 'agent-stopped' ? last.reason : `no agent-stopped: ${JSON.stringify(actions)}`,
    code: last?.code,
  };
}
