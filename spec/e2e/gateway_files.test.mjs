// spec/e2e/gateway_files.test.mjs -- files of the workspace that the agent edits.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { open } from './gateway.mjs';
import { startHost } from './hosts.mjs';

let host, c;
before(async () => {
  host = await startHost({ env: { HUMAN_LLM_PROVIDER: 'offline', HUMAN_SECURITY_AUTONOMY_LEVEL: '4' } });
  c = await open(host);
});
after(async () => { c?.ws.close(); await host?.stop(); });

async function run(tool, args) {
  const { payload } = await c.call('chat.send', { message: `Run the tool ${tool} with ${JSON.stringify(args)}`, sessionKey: 'files' });
  return (await c.next((f) => f.event === 'chat' && f.payload.runId === payload.runId && f.payload.state === 'sent')).payload.message;
}

describe('a file of the workspace', () => {
  it('is edited where a piece stands once, and appended to', async () => {
    await run('file_write', { path: 'notes/a.txt', content: 'one two two %d three' });
    assert.match(await run('file_edit', { path: 'notes/a.txt', old: '%d', new: '%1' }), /notes\/a.txt has 20 bytes now/);
    assert.match(await run('file_append', { path: 'notes/a.txt', content: ' four' }), /has 25 bytes now/);
    assert.match(await run('file_read', { path: 'notes/a.txt' }), /says: one two two %1 three four$/);
  });

  it('is left alone where the piece is not there, or more than once, or the file is not', async () => {
    assert.match(await run('file_edit', { path: 'notes/a.txt', old: 'five', new: 'x' }), /does not have this text/);
    assert.match(await run('file_edit', { path: 'notes/a.txt', old: 'two', new: 'x' }), /more than once/);
    assert.match(await run('file_edit', { path: '../a.txt', old: 'two', new: 'x' }), /\.\./);
    assert.match(await run('file_append', { path: 'notes/none.txt', content: 'x' }), /none\.txt/);
    assert.match(await run('file_read', { path: 'notes/a.txt' }), /says: one two two %1 three four$/);
  });
});
