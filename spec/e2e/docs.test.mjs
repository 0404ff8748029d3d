// spec/e2e/docs.test.mjs -- every code block of the documentation does what the page says when it is pasted.
// A page is read from top to bottom by one person with an empty home (or, for operating.md, an installed program
// and the service's files), and a server where the page has one; a `text` block is what the block before it prints.
import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { blocksOf, indentedCode, looksLike, runBy, wordsOf } from './docs_blocks.mjs';
import { BINARY, makeHome } from './hosts.mjs';
import { makeAuthority } from './secure.mjs';
import { freePort, root, until } from './support.mjs';

const PAGES = [...['README.md', 'bench/README.md'], ...fs.readdirSync(path.join(root, 'docs')).filter((f) => f.endsWith('.md')).map((f) => `docs/${f}`),
  ...fs.readdirSync(path.join(root, 'etc')).filter((f) => f.endsWith('.md')).map((f) => `etc/${f}`),
  ...fs.readdirSync(path.join(root, 'rocks')).map((rock) => `rocks/${rock}/README.md`)];
const readHere = (page) => blocksOf(page).filter((block) => !runBy(block));
const NOT_RUN_MAX = 5;
const LIMIT_MS = 90_000;
const PRIVATE = /^(HUMAN_|DATABASE_URL|OPENAI|ANTHROPIC|GEMINI|OPENROUTER|GROQ|MISTRAL|DEEPSEEK|AZURE_OPENAI|OLLAMA|PG|CREDENTIALS_DIRECTORY)/;
const clean = Object.fromEntries(Object.entries(process.env).filter(([name]) => !PRIVATE.test(name)));

/** {code, out, err}: out is what both streams said, in order. */
function sh(text, { cwd, env }) {
  return new Promise((resolve) => {
    const child = execFile('sh', ['-e', '-c', `exec 2>&1\n${text}`], { cwd, env, timeout: LIMIT_MS, maxBuffer: 16 << 20 }, (error, out) => {
      resolve({ code: error ? error.code ?? -1 : 0, out });
    });
    child.stdin.end();
  });
}

// Programs that only an installed machine has, as far as the page uses them: the service is a process of ours.
const SYSTEMCTL = (dir) => `#!/bin/sh
case $1 in
start | restart)
  [ "$1" = start ] || "$0" stop
  [ ! -e ${dir}/pid ] || exit 0
  CREDENTIALS_DIRECTORY=${dir}/usr/etc/human/secrets human gateway >>${dir}/log 2>&1 &
  echo $! >${dir}/pid
  for _ in $(seq 600); do human ping >/dev/null 2>&1 && exit 0; sleep 0.1; done
  exit 1 ;;
stop)
  [ -e ${dir}/pid ] || exit 0
  kill "$(cat ${dir}/pid)" && while kill -0 "$(cat ${dir}/pid)" 2>/dev/null; do sleep 0.05; done
  rm ${dir}/pid ;;
reload) human reload ;;
esac
`;

/** Where a page is read: {cwd, env, say(text) (what of the page differs here), stop()}. */
async function scene(page) {
  const dir = makeHome(), bin = path.join(dir, 'bin'), user = path.join(dir, 'user');
  for (const d of [bin, user]) fs.mkdirSync(d, { mode: 0o711 });
  const [port, agentPort, other] = [await freePort(), await freePort(), await freePort()];
  const program = (name, text) => fs.writeFileSync(path.join(bin, name), text, { mode: 0o755 });
  const env = { ...clean, HOME: user, USER: 'friend', PATH: `${bin}:${clean.PATH}`, HUMAN_PORT: String(port), HUMAN_AGENT_PORT: String(agentPort),
                HUMAN_WORKERS: '1', HUMAN_LOG_LEVEL: 'warn', HUMAN_CONFIG: '/dev/null' };
  const at = { dir, user, cwd: path.join(dir, 'cwd'), env, say: (text) => text.replaceAll('4009', String(agentPort)).replaceAll('3080', String(other)) };
  fs.mkdirSync(at.cwd, { mode: 0o711 });
  fs.symlinkSync(path.join(root, 'build'), path.join(at.cwd, 'build'));
  fs.symlinkSync(path.join(root, 'spec/e2e/node_modules'), path.join(at.cwd, 'node_modules'));
  if (page !== 'docs/operating.md') {
    fs.symlinkSync(BINARY, path.join(bin, 'human'));
    at.own = path.join(user, '.human/scripts');
    return at;
  }
  const usr = path.join(dir, 'usr'), home = path.join(dir, 'home');
  for (const d of ['bin', 'share/human', 'etc/human/scripts', 'etc/human/secrets']) fs.mkdirSync(path.join(usr, d), { recursive: true });
  fs.copyFileSync(BINARY, path.join(usr, 'bin/human'));
  fs.cpSync(path.join(root, 'scripts'), path.join(usr, 'share/human/scripts'), { recursive: true });
  fs.writeFileSync(path.join(usr, 'etc/human/human.json'), JSON.stringify({ home }), { mode: 0o640 });
  Object.assign(env, { PATH: `${bin}:${usr}/bin:${clean.PATH}`, HUMAN_CONFIG: path.join(usr, 'etc/human/human.json'),
                       HUMAN_SCRIPTS: `${usr}/etc/human/scripts:${usr}/share/human/scripts` });
  program('systemctl', SYSTEMCTL(dir));
  program('journalctl', `#!/bin/sh\ntail -n 20 ${dir}/log\n`);
  program('editor', '#!/bin/sh\nsed -i "s/text_chars = 16000/text_chars = 15000/" "$1"\n');
  return { ...at, own: path.join(usr, 'etc/human/scripts'),
           say: (text) => text.replaceAll('/etc/human', `${usr}/etc/human`).replaceAll('/var/lib/human', home) };
}

/** A server with this environment, once it is well. */
async function serve(at, command = 'exec human gateway') {
  const child = spawn('sh', ['-c', command], { cwd: at.cwd, env: at.env, stdio: ['ignore', 'pipe', 'pipe'] });
  let log = '';
  running.add(child);
  child.once('exit', () => running.delete(child));
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (text) => { log += text; });
  const ended = once(child, 'exit');
  await until(async () => {
    if (child.exitCode !== null) throw new Error(log);
    return /: ok\n/.test((await sh('human ping', at)).out);
  }, LIMIT_MS, 'it is well');
  return { log: () => log, async stop() { child.kill('SIGTERM'); await ended; } };
}

const running = new Set();
process.on('exit', () => { for (const child of running) child.kill('SIGKILL'); });

const where = (block) => `${block.page}:${block.line}`;
const put = (at, block) => {
  const file = path.join(at.own, wordsOf(block).file);
  fs.mkdirSync(path.dirname(file), { recursive: true });
  fs.writeFileSync(file, block.text);
  return file;
};

// By language: runs a block, returns what it printed.
const RUN = {
  async sh(block, at) {
    const { exit, untilReady } = wordsOf(block);
    if (untilReady) {
      const own = { ...at, env: { ...at.env, HUMAN_HOME: path.join(at.dir, 'second'), HUMAN_PORT: String(await freePort()), HUMAN_AGENT_PORT: '0' } };
      await (await serve(own, `exec ${at.say(block.text)}`)).stop();
      return '';
    }
    const { code, out } = await sh(at.say(block.text), at);
    assert.equal(code, exit, `${where(block)}: exit status ${code}\n${out}`);
    return out;
  },
  async js(block, at) {
    fs.writeFileSync(path.join(at.cwd, 'block.mjs'), at.say(block.text));
    const { code, out } = await sh('node block.mjs', at);
    assert.equal(code, 0, `${where(block)}: ${out}`);
    return out;
  },
  async lua(block, at) { // a script of the operator's, or a program that uses the libraries
    if (!wordsOf(block).file) {
      const LUA_PATH = ['rocks/?/?.lua', 'rocks/?.lua'].map((p) => path.join(root, p)).join(';');
      fs.writeFileSync(path.join(at.cwd, 'block.lua'), block.text);
      const { code, out } = await sh('luajit block.lua', { ...at, env: { ...at.env, LUA_PATH: `${LUA_PATH};;` } });
      assert.equal(code, 0, `${where(block)}: ${out}`);
      return out;
    }
    put(at, block);
    const { code, out } = await sh(/_spec\.lua$/.test(block.words) ? `human test ${put(at, block)}` : 'human check', at);
    assert.equal(code, 0, `${where(block)}: ${out}`);
    return out;
  },
  async sql(block, at) {
    put(at, block);
    const { code, out } = await sh('human migrate', at);
    assert.equal(code, 0, `${where(block)}: ${out}`);
    return out;
  },
  async json(block, at) {
    fs.writeFileSync(path.join(at.cwd, 'block.json'), block.text);
    const { code, out } = await sh('human config', { ...at, env: { ...at.env, HUMAN_CONFIG: path.join(at.cwd, 'block.json') } });
    assert.equal(code, 0, `${where(block)}: ${out}`);
    return out;
  },
  async promql(block, at) {
    const source = fs.readdirSync(path.join(root, 'host'), { recursive: true }).filter((f) => /\.(c|lua)$/.test(f))
      .map((f) => fs.readFileSync(path.join(root, 'host', f), 'utf8')).join('');
    for (const [name] of block.text.matchAll(/human_\w+/g)) {
      assert.ok(source.includes(name.replace(/_(bucket|count|sum)$/, '')), `${where(block)}: nothing counts ${name}`);
    }
    return '';
  },
};

describe('the documentation', () => {
  it('shows no code without saying what it is', () => {
    assert.deepEqual(PAGES.flatMap(indentedCode), []);
  });

  it('leaves few blocks to be tried by others, and says why', () => {
    const left = PAGES.flatMap(readHere).map((block) => ({ ...block, ...wordsOf(block) }));
    for (const b of left) {
      assert.ok(RUN[b.language] || b.language === 'text' || b.notRun, `${where(b)}: nobody runs a block of ${b.language || 'no language'}`);
      if (b.words.startsWith('not run')) assert.ok(b.notRun?.length > 20, `${where(b)}: it does not say why it is not run`);
    }
    assert.ok(left.filter((b) => b.notRun !== undefined).length <= NOT_RUN_MAX);
  });
});

for (const page of PAGES.filter((p) => readHere(p).length > 0)) {
  describe(page, () => {
    let at, server, printed = '';
    before(async () => {
      at = await scene(page);
      if (!['docs/rules.md', 'docs/gateway.md', 'docs/marketplace.md', 'README.md'].includes(page)) return;
      server = await serve(at);
      const { out } = await sh('human agent -m hello >/dev/null; cat ~/.human/agent.json', at);
      const [{ key, agent_id: agentId }] = Object.values(JSON.parse(out));
      Object.assign(at.env, { API_KEY: key, AGENT_ID: agentId });
      if (page === 'docs/rules.md') await sh(`human psql -qc 'truncate rule_decisions'`, at); // as on the first day
    });
    after(async () => {
      await server?.stop();
      if (at && fs.existsSync(path.join(at.dir, 'pid'))) await sh('systemctl stop human', at);
    });

    for (const block of readHere(page)) {
      const { notRun } = wordsOf(block), name = `line ${block.line}: ${block.language} ${block.words}`.trim();
      it(name, { skip: notRun !== undefined && notRun }, async (t) => {
        if (block.language !== 'text') {
          if (page === 'README.md' && block.text.includes('fullchain.pem')) {
            const { cert, key } = makeAuthority(fs.mkdtempSync(path.join(at.dir, 'tls-'))).issue('main', { hosts: ['localhost'] });
            fs.copyFileSync(cert, path.join(at.cwd, 'fullchain.pem'));
            fs.copyFileSync(key, path.join(at.cwd, 'privkey.pem'));
            fs.chmodSync(path.join(at.cwd, 'privkey.pem'), 0o600);
          }
          printed = await RUN[block.language](block, at, t);
          return;
        }
        assert.ok(looksLike(block.text, printed), `${where(block)} shows\n${block.text}\nand this was printed\n${printed}`);
      });
    }
  });
}
