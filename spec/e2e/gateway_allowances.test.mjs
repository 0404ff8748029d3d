// spec/e2e/gateway_allowances.test.mjs -- commands that are allowed for good by how they begin, and what tries to be one.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';
import { open } from './gateway.mjs';
import { sql, startHost } from './hosts.mjs';

let host, c, n = 0;
before(async () => {
  host = await startHost({ env: { HUMAN_LLM_PROVIDER: 'offline', HUMAN_TOOLS_ENABLED: 'shell' } });
  c = await open(host);
  mkdirSync(`${host.home}/workspace`, { recursive: true });
  execFileSync('git', ['init', '-q', `${host.home}/workspace`]);
});
after(async () => { c?.ws.close(); await host?.stop(); });

const sent = (run) => (f) => f.event === 'chat' && f.payload.runId === run && f.payload.state === 'sent';
const asked = (run) => (f) => f.event === 'exec.approval.requested' && f.payload.runId === run;

async function begin(tool, args) {
  const { payload } = await c.call('chat.send', { message: `Run the tool ${tool} with ${JSON.stringify(args)}`, sessionKey: `a${n += 1}` });
  return payload.runId;
}

/** What a command comes to: {asks: the approval} or {says}. */
async function shell(argv, more = {}, tool = 'shell') {
  const run = await begin(tool, tool === 'shell' ? { argv, ...more } : more);
  const frame = await c.next((f) => sent(run)(f) || asked(run)(f));
  return frame.event === 'chat' ? { says: frame.payload.message } : { asks: frame.payload, run };
}

/** Answers an approval; what comes of the run. */
async function answer({ asks, run }, decision) {
  const { payload, error } = await c.call('exec.approval.resolve', { id: asks.id, decision, argumentsHash: asks.argumentsHash });
  if (error) return { error };
  return { ...payload, says: (await c.next(sent(run))).payload.message };
}

describe('a command that is allowed by how it begins', () => {
  it('shows what the permission covers, including the exact program, and then runs with other arguments', async () => {
    const first = await shell(['git', 'status', '--short']);
    assert.equal(first.asks.alwaysCovers, 'calls with exactly this argv and stdin');
    assert.match(first.asks.prefixCovers, /^git status, whatever follows, of (\/usr)?(\/local)?\/bin\/git$/);
    const done = await answer(first, 'allow-prefix');
    assert.equal(done.decision, 'allow-always');
    assert.match(done.says, /"status":0/);
    assert.match((await shell(['git', 'status'])).says, /"status":0/);
    assert.match((await shell(['git', 'status', '--porcelain=v2', '--branch'])).says, /branch.head/);
  });

  it('covers nothing else, however the call is written', async () => {
    const tries = [
      [['git', 'log']], [['git', 'push']], [['git']], [['git', '-c', 'core.pager=x', 'status']], [['git', '--git-dir=x', 'status']],
      [['git', 'status', '--help']], [['git', 'status', '--hel']], [['git', 'status'], { stdin: 'x' }], [['git status']], [['/usr/bin/git', 'status']],
      [['/bin/../bin/git', 'status']], [['env', 'git', 'status']], [['sh', '-c', 'git status']], [['git', 'status', ...Array(70).fill('x')]], [['GIT', 'status']],
      [[' git', 'status']], [['git', ' status']],
    ];
    for (const [argv, more] of tries) {
      const one = await shell(argv, more);
      assert.ok(one.asks, `${JSON.stringify([argv, more])} ran: ${one.says}`);
      assert.match((await answer(one, 'deny')).says, /denied/);
    }
  });

  it('is only possible for programs that read: a shell or an interpreter is allowed word for word, input included', async () => {
    for (const argv of [['sh', '-c', 'true'], ['env', 'ls'], ['find', '.', '-exec', 'true', ';'], ['git', 'diff', '--outp=x']]) {
      const one = await shell(argv);
      assert.equal(one.asks.prefixCovers, undefined, argv.join(' '));
      assert.equal((await c.call('exec.approval.resolve', { id: one.asks.id, decision: 'allow-prefix' })).error.code, 'INVALID_PARAMS');
      await answer(one, 'deny');
    }
    const first = await shell(['sh'], { stdin: 'echo harmless' });
    assert.match((await answer(first, 'allow-always')).says, /harmless/);
    assert.match((await shell(['sh'], { stdin: 'echo harmless' })).says, /harmless/);
    const second = await shell(['sh'], { stdin: 'echo other' });
    assert.ok(second.asks, `another input ran: ${second.says}`);
    await answer(second, 'deny');
  });

  it('cannot be subverted from the workspace: nobody writes settings of git, and a directory that looks like a repository is none', async () => {
    for (const path of ['.git/config', 'sub/.git/config', '.GIT/config', '.git']) {
      const one = await shell([], { path, content: '[core]\n fsmonitor = touch evil' }, 'file_write');
      assert.match((await answer(one, 'allow-once')).says, /belongs to git/, path);
    }
    execFileSync('rm', ['-rf', `${host.home}/workspace/.git`]);
    mkdirSync(`${host.home}/workspace/objects`); mkdirSync(`${host.home}/workspace/refs`);
    writeFileSync(`${host.home}/workspace/HEAD`, 'ref: refs/heads/main\n');
    writeFileSync(`${host.home}/workspace/config`, '[core]\n repositoryformatversion = 0\n bare = false\n worktree = .\n fsmonitor = touch evil\n');
    assert.match((await shell(['git', 'status'])).says, /bareRepository|not a git repository/);
    assert.ok(!existsSync(`${host.home}/workspace/evil`));
  });

  it('is tied to the program that was shown: one of the same name elsewhere needs its own permission', async () => {
    await sql(host.home, `update gateway_always set subject = replace(subject, '/git"', '/x/git"') where subject like 'prefix:%'`);
    const one = await shell(['git', 'status']);
    assert.ok(one.asks, one.says);
    await answer(one, 'deny');
  });
});
