// spec/clients/clients.test.mjs -- clients in languages that the other specs do without: the official one in Java, the
// one in Rust.  `make clients` runs it; it needs cargo, Maven and a network to fetch the clients with.
import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import net from 'node:net';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { promisify } from 'node:util';
import { makeAgent, makeUser, newMessage } from '../e2e/agent_client.mjs';
import { root, startHuman, until } from '../e2e/support.mjs';

const run = promisify(execFile);
const BUILD = path.join(root, 'build/clients'), HERE = path.join(root, 'spec/clients');
const BUILDING_MS = 600_000, HEARS_MS = 20_000;

/** How each is made, and the command that it then is.  acks: bytes as well; the Rust client asks for that in a packet which
 * is none, whatever the server. */
const CLIENTS = {
  java: {
    make: ['mvn', '-q', '-B', '-f', `${HERE}/java/pom.xml`, 'dependency:copy-dependencies', `-DoutputDirectory=${BUILD}/java`],
    command: ['java', '-cp', `${BUILD}/java/*`, `${HERE}/java/Client.java`], acks: true,
  },
  rust: {
    make: ['cargo', 'build', '-q', '--locked', '--manifest-path', `${HERE}/rust/Cargo.toml`, '--target-dir', `${BUILD}/rust`],
    command: [`${BUILD}/rust/debug/client`],
  },
};

let host, user;
before(async () => {
  host = await startHuman({ scripts: ['spec/e2e/scripts/echo'] });
  user = await makeUser(host.url);
});
after(() => host?.stop());

/** A way to the host that can be cut: nobody gets through until it is mended. */
async function makeWay() {
  const open = new Set();
  let isCut = false;
  const server = net.createServer((client) => {
    if (isCut) return client.destroy();
    const there = net.connect(host.port, '127.0.0.1');
    for (const [one, other] of [[client, there], [there, client]]) {
      open.add(one);
      one.pipe(other);
      one.on('error', () => {});
      one.on('close', () => { open.delete(one); other.destroy(); });
    }
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${server.address().port}`,
    cut() { isCut = true; for (const one of open) one.destroy(); },
    mend() { isCut = false; },
    close() { this.cut(); server.close(); },
  };
}

/** A client that runs: its lines are kept, and each may be waited for once. */
function start(command, env) {
  const child = spawn(command[0], command.slice(1), { stdio: ['pipe', 'pipe', 'inherit'], env: { ...process.env, ...env } });
  const lines = [];
  let text = '', read = 0;
  child.stdout.on('data', (bytes) => {
    text += bytes;
    const whole = text.split('\n');
    text = whole.pop();
    lines.push(...whole);
  });
  const self = {
    tell: (line) => child.stdin.write(`${line}\n`),
    /** The rest of the next line that begins with `word`; those before it are passed over. */
    async hears(word) {
      const find = () => lines.findIndex((line, i) => i >= read && line.split(' ')[0] === word);
      await until(() => find() >= 0, HEARS_MS, () => `"${word}", behind line ${read} of\n${lines.join('\n')}`);
      const at = find();
      read = at + 1;
      return lines[at].slice(word.length + 1);
    },
    /** Actions up to the one that ends a run. */
    async hearsRun() {
      const actions = [];
      do actions.push(JSON.parse(await self.hears('action'))); while (actions.at(-1).type !== 'agent-stopped');
      return actions;
    },
    async stop() {
      child.stdin.end();
      if (child.exitCode === null) await once(child, 'exit');
    },
    kill: () => child.kill('SIGKILL'),
  };
  return self;
}

for (const [language, { make, command, acks }] of Object.entries(CLIENTS)) {
  describe(`the client in ${language}`, () => {
    let way;
    before(async () => {
      await run(make[0], make.slice(1), { timeout: BUILDING_MS });
      way = await makeWay();
    }, { timeout: BUILDING_MS });
    after(() => way?.close());

    for (const transport of ['polling', 'websocket']) {
      it(`talks to an agent over ${transport}, and gets what it missed while the way was cut`, async () => {
        const agent = await makeAgent(host.url, user);
        const client = start(command, { URL_: way.url, ENGINE_PATH: '/socket.io/', TRANSPORT: transport, AGENT: agent.id, KEY: user.key });
        try {
          await client.hears('connected');
          client.tell(`emit ${JSON.stringify({ type: 'agent-joined', content: { chatCode: 'R', participants: [{ id: 'user-1', nickname: 'Sarah' }] } })}`);
          assert.equal(JSON.parse(await client.hears('ack')).ok, true);
          client.tell('emit {"type":"no-such-event"}');
          assert.equal(JSON.parse(await client.hears('ack')).error.code, 'unknown_event_type');
          client.tell(`emit ${JSON.stringify(newMessage('How do I start with cardio? Ünïcödé 👋'))}`);
          assert.equal(JSON.parse(await client.hears('ack')).ok, true);
          const heard = await client.hearsRun();
          assert.ok(heard.some(({ type, content }) => type === 'send-message' && content.length > 20));
          way.cut();
          await client.hears('disconnected');
          await user.api('POST', `/api/agents/${agent.id}/messages`, newMessage('And what do I eat before it?'));
          const last = async () => (await user.api('GET', `/api/agents/${agent.id}/events?direction=out&limit=1`)).body;
          await until(async () => JSON.stringify(await last()).includes('agent-stopped'), HEARS_MS, 'the run is over');
          way.mend();
          await client.hears('connected');
          const missed = await client.hearsRun();
          const seqs = [...heard, ...missed].map(({ seq }) => seq);
          assert.deepEqual(seqs, seqs.map((_, i) => seqs[0] + i));
          await client.stop();
        } finally {
          client.kill();
        }
      });

      it(`sends and gets bytes over ${transport}`, async () => {
        const client = start(command, { URL_: way.url, ENGINE_PATH: '/echo.io/', TRANSPORT: transport, AGENT: '', KEY: '' });
        try {
          await client.hears('connected');
          for (const hex of ['00010203ff', '61'.repeat(3000)]) {
            client.tell(`bytes ${hex}`);
            assert.equal(await client.hears('back'), hex);
            if (!acks) continue;
            client.tell(`ask ${hex}`);
            assert.equal(await client.hears('answer'), hex);
          }
          await client.stop();
        } finally {
          client.kill();
        }
      });
    }
  });
}
