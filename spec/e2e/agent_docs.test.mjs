// spec/e2e/agent_docs.test.mjs -- the programs of docs/agent-api.md, run as printed against a real server.
import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { promisify } from 'node:util';
import { makeAgent, makeUser, newMessage } from './agent_client.mjs';
import { makeHome } from './hosts.mjs';
import { root, startHuman, until } from './support.mjs';

const run = promisify(execFile);
const text = fs.readFileSync(path.join(root, 'docs/agent-api.md'), 'utf8');
const blocks = new Map([...text.matchAll(/^```(\w+(?: claim| market)?)\n(.*?)^```$/gms)].map(([, language, code]) => [language, code]));

// How a program in each language is run: its file, and the command.  npm's packages are looked for above the file.  Go compiles
// its library with the program, so without optimizing it, and keeps what it has compiled.
const LANGUAGES = {
  js: { file: 'client.mjs', command: (file) => [process.execPath, file], says: /ok: true.*\n.{20}/s },
  python: { file: 'client.py', command: (file) => [path.join(root, 'build/venv/bin/python'), file], says: /'ok': True.*/s },
  go: { file: 'client.go', command: (file) => ['go', 'run', '-gcflags=all=-N -l', file], says: /^.{20}.*\nstopped: completed/s },
  'js market': { file: 'market.mjs', command: (file) => [process.execPath, file], says: /^true hm_\nacts: false\nacts: true$/m },
  'js claim': { file: 'instance.mjs', command: (file) => [process.execPath, file], stays: true },
  java: { file: 'Client.java', command: (file) => ['java', file], says: /^430\[.*"ok":true.*"send-message".*"agent-stopped"/s },
};

let host, user, dir;
before(async () => {
  host = await startHuman();
  user = await makeUser(host.url);
  dir = makeHome();
  fs.symlinkSync(path.join(root, 'spec/e2e/node_modules'), path.join(dir, 'node_modules'));
});
after(() => host?.stop());

async function program(language, overrides = {}) {
  const { file, command } = LANGUAGES[language];
  const agent = await makeAgent(host.url, user);
  fs.writeFileSync(path.join(dir, file), blocks.get(language));
  const [name, ...args] = command(path.join(dir, file));
  const env = { ...process.env, GO111MODULE: 'off', CGO_ENABLED: '0', GOCACHE: path.join(root, 'build/go'), URL_: host.url, AGENT: agent.id, KEY: user.key,
    ...overrides };
  return run(name, args, { cwd: dir, env, timeout: 120000 });
}

describe('docs/agent-api.md', () => {
  it('has one program in each of its languages, one of an instance that claims, one of an agent that trades, and no other code', () => {
    assert.deepEqual([...text.matchAll(/^```(\w+.*)\n/gm)].map((m) => m[1]).sort(), Object.keys(LANGUAGES).sort());
  });

  for (const language of Object.keys(LANGUAGES).filter((name) => !LANGUAGES[name].stays)) {
    it(`has a program in ${language} that does what the page says`, async () => {
      const { stdout } = await program(language);
      assert.match(stdout, LANGUAGES[language].says);
    });
  }

  it('has a program of which several may run: one carries out, and another one when that is killed', async () => {
    const agent = await makeAgent(host.url, user);
    fs.writeFileSync(path.join(dir, 'instance.mjs'), blocks.get('js claim'));
    const started = ['one', 'two'].map((NAME) => {
      const child = spawn(process.execPath, ['instance.mjs'], { cwd: dir, stdio: ['ignore', 'pipe', 'inherit'],
        env: { ...process.env, URL_: host.url, AGENT: agent.id, KEY: user.key, NAME } });
      const self = { name: NAME, child, said: '' };
      child.stdout.on('data', (text_) => { self.said += text_; });
      return self;
    });
    try {
      await until(() => started.every(({ said }) => said), 20000, 'both are connected');
      const [first, second] = started[0].said.includes('carries out') ? started : [...started].reverse();
      for (const [who, other] of [[first, second], [second, null]]) {
        await user.api('POST', `/api/agents/${agent.id}/messages`, newMessage('How do I start with cardio?'));
        await until(() => who.said.includes(`${who.name} posts: `), 15000, `${who.name} posts, after ${first.said} ${second.said}`);
        if (other) await until(() => other.said.includes('sees: agent-stopped'), 15000, 'the other has seen it');
        assert.ok(!other?.said.includes('posts'));
        if (other) who.child.kill('SIGKILL');
        if (other) await until(() => other.said.includes('carries out'), 15000, 'the other takes over');
      }
    } finally {
      for (const { child } of started) child.kill('SIGKILL');
    }
  });

  it('says in JavaScript why a connection was refused', async () => {
    const error = await program('js', { KEY: 'ak_wrong' }).then(() => assert.fail('it got in'), (e) => e);
    assert.equal(error.code, 1);
    assert.match(error.stderr, /refused: Invalid or missing API key.*unauthorized/s);
  });

  it('names every event, action, reason and refusal of the document', async () => {
    const doc = await (await fetch(`${host.url}/asyncapi.json`)).json();
    const { stored, refused, exception, ...messages } = doc.channels.agent.messages;
    for (const name of Object.keys(messages)) assert.ok(text.includes(`| \`${name}\` |`), name);
    for (const reason of messages['agent-stopped'].payload.properties.reason.enum) assert.ok(text.includes(`\`${reason}\``), reason);
    assert.ok(stored && refused && exception);
  });
});
