// spec/e2e/market_demo.test.mjs -- `human demo market`: the real command plays an economy, in which the work is really done and
// the books are right; whatever ends it leaves no process and no file.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { describe, it } from 'node:test';
import { BINARY, errors, makeHome, startHost } from './hosts.mjs';
import { root, until } from './support.mjs';

const PATIENCE_MS = 240_000, GONE_MS = 60_000;

/** Begins `human demo WORDS` with a directory of its own for temporary files: {dir, child, out(), err(), ended}. */
function begin(...words) {
  const dir = path.join(makeHome(), 'tmp');
  fs.mkdirSync(dir);
  fs.chmodSync(dir, 0o1777);
  const env = { PATH: process.env.PATH, HOME: dir, TMPDIR: dir, HUMAN_HOME: path.join(dir, 'none'), HUMAN_CONFIG: '/dev/null', HUMAN_SCRIPTS: path.join(root, 'scripts'),
    OPENAI_API_KEY: 'sk-of-nobody', DATABASE_URL: 'postgres://nobody@127.0.0.1:9/none', LC_ALL: 'C.UTF-8' }; // which do not count
  const child = spawn(BINARY, ['demo', ...words], { env, stdio: ['ignore', 'pipe', 'pipe'] });
  let out = '', err = '';
  child.stdout.on('data', (t) => { out += t; });
  child.stderr.on('data', (t) => { err += t; });
  return { dir, child, out: () => out, err: () => err, ended: new Promise((done) => child.once('close', (code, signal) => done(code ?? signal))) };
}

/** Processes that know of that directory. */
function processes(dir) {
  const read = (pid, name) => { try { return fs.readFileSync(`/proc/${pid}/${name}`, 'utf8'); } catch { return ''; } };
  return fs.readdirSync('/proc').filter((pid) => /^\d+$/.test(pid) && Number(pid) !== process.pid
    && (read(pid, 'cmdline') + read(pid, 'environ')).includes(dir) && !/^State:\s+Z/m.test(read(pid, 'status')));
}
const gone = (dir) => until(() => fs.readdirSync(dir).length === 0 && processes(dir).length === 0, GONE_MS, 'nothing is left');
const linesOf = (text) => text.trim().split('\n').map((line) => JSON.parse(line));
const round = (n) => Math.round(n * 100) / 100;

describe('human demo market', () => {
  it('plays an economy of every kind of event, in which work is really done, and whose books are right', { timeout: PATIENCE_MS }, async () => {
    const demo = begin('market', '--rounds', '4', '--seed', '7', '--json');
    const code = await demo.ended;
    assert.deepEqual([code, demo.err()], [0, ''], demo.out().slice(-2000));
    const lines = linesOf(demo.out()), end = lines.at(-1), of = (event) => lines.filter((line) => line.event === event);
    assert.deepEqual([end.event, end.deals, end.seed, end.problems, end.books_are_right], ['end', 4, 7, [], true]);
    assert.match(end.books, /^\d+ checks, 0 findings$/);
    for (const kind of ['actor_registered', 'listing', 'bid_received', 'bid_countered', 'bid_rejected', 'transaction.created', 'payment_authorized', 'transaction.assigned',
      'transaction.delivered', 'milestone.delivered', 'milestone.accepted', 'transaction.accepted', 'review', 'dispute.opened', 'dispute.responded', 'dispute.resolved',
      'transaction.refunded', 'deposit_completed', 'approval_requested', 'approval_approved', 'subscription_created', 'tool_usage_overage', 'reputation_updated', 'payout_paid']) {
      assert.ok(of(kind).length > 0, `${kind} is among ${Object.keys(end.kinds)}`);
    }
    const wanted = of('listing').find((line) => line.data.title.startsWith('Extract the products'));
    const prices = wanted.data.description.match(/\$\d+\.\d\d/g).map((price) => Number(price.slice(1)));
    const made = of('transaction.delivered').find((line) => line.deal === wanted.deal);
    assert.ok(made.text.includes(`{"total":${round(prices.reduce((a, b) => a + b))},`), `${made.text}, of ${prices}`);
    assert.match(made.text, /it passes 2 of 2 checks$/);
    const [refused] = of('dispute.opened');
    assert.match(of('transaction.delivered').find((line) => line.deal === refused.deal).text, /it does not pass: Field summary length \d+ < required 600$/);
    assert.equal(of('dispute.resolved')[0].data.resolution, 'refund_buyer');

    const sum = (name) => end.rows.reduce((total, row) => total + row[name], 0);
    assert.equal(round(sum('spent_cents') - sum('earned_cents')), round(end.kept_cents));
    const paid = end.rows.filter((row) => row.role === 'seller').map((row) => [row.who, row.paid_out_cents - row.earned_cents]);
    assert.deepEqual(paid, [['Tally', 0], ['Gist', 0], ['Forge', 0]], 'all that was earned is paid out');
    assert.equal(of('payout_paid').reduce((cents, line) => cents + Math.round(line.data.amount_usd * 100), 0), sum('paid_out_cents'));
    await gone(demo.dir);
  });

  it('prints a line for each event, who earned and spent what, and what the check of the books says; the home stays when asked', { timeout: PATIENCE_MS }, async () => {
    const demo = begin('market', '--rounds', '1', '--seed', '7', '--keep');
    assert.equal(await demo.ended, 0, demo.out() + demo.err());
    const out = demo.out();
    assert.match(out, /^Seed 7\. Starting a server of its own \.\.\nThe marketplace is at http:\/\/127\.0\.0\.1:\d+; its money is play/);
    assert.match(out, /\n +\d+\.\ds +#1 +Ada asks: Extract the products and prices of a page, for at most \$\d+\.00\n/);
    assert.match(out, /\n +\d+\.\ds +#1 +Ada accepts: \$\d+\.\d\d for (?:Tally|Forge), \$\d+\.\d\d for the platform\n/);
    assert.match(out, /\nWHO +ROLE +SPENT +EARNED +PAID OUT +CREDITS\nAda +buyer/);
    assert.match(out, /\nhuman ledger check: \d+ checks, 0 findings\n/);
    const kept = /\nKept in (\S+)\. /.exec(out)[1];
    assert.deepEqual([path.dirname(kept), fs.existsSync(path.join(kept, 'home/pg')), fs.existsSync(path.join(kept, 'human.json'))], [demo.dir, true, true]);
    assert.deepEqual(processes(demo.dir), []);
  });

  it('is ended by Ctrl-C with all that it has started', { timeout: PATIENCE_MS }, async () => {
    for (const [words, seen] of [[['--rounds', '50'], 'bids $'], [['--json'], '']]) { // in the middle, and while its server starts
      const demo = begin('market', ...words);
      await until(() => (seen ? demo.out().includes(seen) : fs.readdirSync(demo.dir).length > 0), PATIENCE_MS, 'it has begun');
      demo.child.kill('SIGINT');
      assert.equal(await demo.ended, 130, demo.err());
      await gone(demo.dir);
    }
  });

  it('leaves nothing either when it is killed', { timeout: PATIENCE_MS }, async () => {
    const demo = begin('market', '--rounds', '50');
    await until(() => demo.out().includes('asks: '), PATIENCE_MS, 'it has begun');
    demo.child.kill('SIGKILL');
    assert.equal(await demo.ended, 'SIGKILL');
    await gone(demo.dir);
  });

  it('plays on a server that runs already, with five agents that stay there', { timeout: PATIENCE_MS }, async () => {
    const host = await startHost();
    const demo = begin('market', '--url', host.url, '--rounds', '2', '--json');
    assert.equal(await demo.ended, 0, demo.out() + demo.err());
    const lines = linesOf(demo.out());
    assert.deepEqual([lines.at(-1).deals, lines.filter((line) => line.event === 'actor_registered').length], [2, 5]);
    assert.deepEqual(fs.readdirSync(demo.dir), []);
    assert.equal((await (await fetch(`${host.url}/feed-public-stats`)).json()).active_agents, 5);
    assert.deepEqual(errors(host.log()), []);
    await host.stop();
  });

  it('says what is wrong with its words', async () => {
    for (const [words, why] of [[[], 'market is missing'], [['markt'], 'unknown demo: markt (did you mean market?)'], [['market', '--rounds', 'x'], '--rounds must be a whole number from 1 to 1000'],
      [['market', '--url', 'ftp://x'], '--url must be like http://localhost:3000'], [['market', '--keep', '--url', 'http://x'], '--keep and --url do not go together: that server stays anyway']]) {
      const demo = begin(...words);
      assert.equal(await demo.ended, 2);
      assert.equal(demo.err().split('\n')[0], `human demo: ${why}`);
    }
  });
});
