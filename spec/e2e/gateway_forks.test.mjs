// spec/e2e/gateway_forks.test.mjs -- a command that forks without end: it has so many processes at most, they end with its
// call, and the gateway answers meanwhile.  The kernel counts for a host of an ordinary user; for root's, which the kernel
// excepts, the keeper does, every now and then: a command is ended once it has more.  The command itself stops at MOST,
// should nobody else stop it.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { after, before, it } from 'node:test';
import { open } from './gateway.mjs';
import { startHost } from './hosts.mjs';
import { sleep, until } from './support.mjs';

const MOST = 3000, LIMIT = 128, MARK = `120.${process.pid}7`; // so many seconds do they sleep
let host, c;
before(async () => {
  host = await startHost({ env: { HUMAN_LLM_PROVIDER: 'offline', HUMAN_SECURITY_AUTONOMY_LEVEL: '4', HUMAN_TOOLS_ENABLED: 'shell' } });
  c = await open(host);
});
after(async () => {
  c?.ws.close();
  await host?.stop();
});

const sleepers = () => execFileSync('ps', ['-eo', 'args'], { encoding: 'utf8' }).split('\n').filter((line) => line === `sleep ${MARK}`).length;

it('a command that forks without end is stopped at its number of processes, and nothing of it is left', async () => { // limit: shell processes
  // Each that could not be started is counted; the shell itself would end with the first.
  const script = `i=0; failed=0; while [ $i -lt ${MOST} ]; do (sleep ${MARK} &) 2>/dev/null || failed=$((failed + 1)); i=$((i + 1)); done; echo started $((i - failed))`;
  const { payload } = await c.call('chat.send', { message: `Run the tool shell with ${JSON.stringify({ argv: ['bash', '-c', script] })}`, sessionKey: 'forks' });
  let most = 0;
  const over = c.next((f) => f.event === 'chat' && f.payload.runId === payload.runId && f.payload.state === 'sent', 90_000);
  let said;
  over.then((frame) => { said = frame.payload.message; }, () => { said = 'nothing'; });
  while (!said) {                                  // as often as can be: it is over soon
    most = Math.max(most, sleepers());
    await sleep(1);
  }
  assert.ok(most > 0 && most <= (process.getuid() ? LIMIT : MOST / 2), `${most} at a time: ${said}`);
  assert.doesNotMatch(said, new RegExp(`started ${MOST}`));
  if (!process.getuid()) assert.match(said, /"signal":9/);
  await until(() => sleepers() === 0, 30_000, 'all have ended');
  assert.ok((await c.call('health')).payload);
  const next = await c.call('chat.send', { message: `Run the tool shell with ${JSON.stringify({ argv: ['echo', 'fine'] })}`, sessionKey: 'after' });
  assert.match((await c.next((f) => f.event === 'chat' && f.payload.runId === next.payload.runId && f.payload.state === 'sent', 60_000)).payload.message, /fine/);
});
