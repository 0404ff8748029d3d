// spec/e2e/gateway_files.test.mjs -- files of the workspace that the agent edits.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { open } from './gateway.mjs';
import { databaseUrl, startHost } from './hosts.mjs';

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
  it('is edited where a piece occurs once, and appended to', async () => {
    await run('file_write', { path: 'notes/a.txt', content: 'one two two %d three' });
    assert.match(await run('file_edit', { path: 'notes/a.txt', old: '%d', new: '%1' }), /notes\/a.txt has 20 bytes now/);
    assert.match(await run('file_append', { path: 'notes/a.txt', content: ' four' }), /has 25 bytes now/);
    assert.match(await run('file_read', { path: 'notes/a.txt' }), /says: one two two %1 three four$/);
  });

  it('is left alone if the piece is missing or ambiguous, or the file is missing', async () => {
    assert.match(await run('file_edit', { path: 'notes/a.txt', old: 'five', new: 'x' }), /does not have this text/);
    assert.match(await run('file_edit', { path: 'notes/a.txt', old: 'two', new: 'x' }), /more than once/);
    assert.match(await run('file_edit', { path: '../a.txt', old: 'two', new: 'x' }), /\.\./);
    assert.match(await run('file_append', { path: 'notes/none.txt', content: 'x' }), /none\.txt/);
    assert.match(await run('file_read', { path: 'notes/a.txt' }), /says: one two two %1 three four$/);
  });
});

// Two hosts on one database and one workspace; each limit is a setting.
describe('what a conversation writes to the workspace', () => { // limit: tools.session_write_bytes
  let one, two, a, b;
  before(async () => {
    const env = { HUMAN_LLM_PROVIDER: 'offline', HUMAN_SECURITY_AUTONOMY_LEVEL: '4', HUMAN_TOOLS_ENABLED: 'shell',
      HUMAN_TOOLS_SESSION_WRITE_BYTES: '1000', HUMAN_TOOLS_SESSION_WRITE_FILES: '6', HUMAN_TOOLS_WRITE_BYTES: '2500', HUMAN_TOOLS_WRITE_FILES: '12' };
    one = await startHost({ env: { HUMAN_DATABASE_POOL: '8', ...env } });
    two = await startHost({ env: { HUMAN_DATABASE_POOL: '2', DATABASE_URL: databaseUrl(one.home), HUMAN_FILES_WORKSPACE: `${one.home}/workspace`, ...env } });
    a = await open(one);
    b = await open(two);
  });
  after(async () => { a?.ws.close(); b?.ws.close(); await two?.stop(); await one?.stop(); });

  const use = async (socket, key, tool, args) => {
    const { payload } = await socket.call('chat.send', { message: `Run the tool ${tool} with ${JSON.stringify(args)}`, sessionKey: key });
    return (await socket.next((f) => f.event === 'chat' && f.payload.runId === payload.runId && f.payload.state === 'sent')).payload.message;
  };

  it('is counted by all hosts together, and the model is told which limit it has reached', async () => {
    assert.match(await use(a, 'w', 'file_write', { path: 'a.txt', content: 'x'.repeat(600) }), /600 bytes were written/);
    assert.match(await use(b, 'w', 'file_append', { path: 'a.txt', content: 'y'.repeat(300) }), /has 900 bytes now/);
    assert.match(await use(a, 'w', 'file_write', { path: 'a.txt', content: 'z'.repeat(101) }),
      /This conversation has written 900 of 1000 bytes that may be written today, and this would be 101 more. It was not done.*tools.session_write_bytes/);
    assert.match(await use(b, 'w', 'file_edit', { path: 'a.txt', old: 'xy', new: 'n'.repeat(101) }), /tools.session_write_bytes/);
    assert.match(await use(b, 'w', 'file_edit', { path: 'a.txt', old: 'xy', new: 'n'.repeat(100) }), /has 998 bytes now/);
  });

  it('counts directories as files, and no file twice', async () => { // limit: tools.session_write_files
    assert.match(await use(a, 'd', 'file_write', { path: 'd/e/f/g.txt', content: '1' }), /were written/);
    assert.match(await use(a, 'd', 'file_write', { path: 'd/e/f/g.txt', content: '2' }), /were written/);
    assert.match(await use(a, 'd', 'file_write', { path: 'h/i/j.txt', content: '3' }), /4 of 6 files and directories.*3 more.*tools.session_write_files/);
    assert.match(await use(a, 'd', 'file_write', { path: 'd/e/k.txt', content: '4' }), /were written/);
  });

  it('ends at the limit of all conversations, and a deleted one stays counted', async () => { // limit: tools.write_bytes, limit: tools.write_files
    assert.equal((await a.call('sessions.delete', { sessionKey: 'w', key: 'w' })).error, undefined);
    assert.match(await use(a, 'v', 'file_write', { path: 'a.txt', content: 'x'.repeat(1000) }), /were written/);
    assert.match(await use(b, 'u', 'file_write', { path: 'a.txt', content: 'x'.repeat(500) }), /All conversations together.*tools.write_bytes/);
  });

  it('by a program is counted by what has grown, and no program runs when nothing is left', async () => { // limit: measured entries
    const script = 'head -c 300 /dev/zero > p1; head -c 300 /dev/zero > p2';
    assert.match(await use(a, 's', 'shell', { argv: ['sh', '-c', script] }), /"status":0/);
    assert.match(await use(a, 's', 'file_write', { path: 'a.txt', content: 'x' }), /All conversations together.*tools.write_bytes/);
    assert.match(await use(a, 's', 'shell', { argv: ['true'] }), /All conversations together.*tools.write_bytes/);
  });
});
