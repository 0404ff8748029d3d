// spec/e2e/market_catalog_dns.test.mjs -- imported tools are claimed by a TXT record below their host's name, whatever the
// server of names does.
import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { after, before, it } from 'node:test';
import { errors } from './hosts.mjs';
import { startMarket } from './market_trading.mjs';
import { PATIENCE_MS } from './market_tools_world.mjs';
import { until } from './support.mjs';

const ADDRESS = '127.0.0.1', NAME = '_humai-claim.words.example.com';
const WORDS = { openapi: '3.1.0', info: { title: 'Words', version: '1' }, servers: [{ url: 'https://words.example.com:8443' }],
  paths: { '/words': { get: { operationId: 'words', responses: { 200: { description: 'So', content: { 'application/json': {} } } } } } } };
let names, market, importer, owner, listing_id;

const TXT = (...strings) => Buffer.concat(strings.map((s) => Buffer.concat([Buffer.from([s.length]), Buffer.from(s)])));
const record = (data, type = 16) => {
  const head = Buffer.from([0xc0, 12, 0, type, 0, 1, 0, 0, 0, 60, 0, 0]);
  head.writeUInt16BE(data.length, 10);
  return Buffer.concat([head, data]);
};

/** A server of names: answer() says {rcode, tc, records}, bytes, or nothing at all. */
async function startNames() {
  const server = { asked: [], answer: () => ({ rcode: 3 }) };
  const reply = (query) => {
    let at = 12;
    const labels = [];
    for (; query[at]; at += 1 + query[at]) labels.push(query.toString('latin1', at + 1, at + 1 + query[at]));
    const question = query.subarray(12, at + 5), one = { name: labels.join('.'), type: query.readUInt16BE(at + 1) };
    server.asked.push(one);
    const made = server.answer(one);
    if (!made || Buffer.isBuffer(made)) return made;
    const { rcode = 0, tc = false, records = [] } = made, head = Buffer.alloc(12);
    query.copy(head, 0, 0, 2);
    head.writeUInt16BE(0x8180 | (tc ? 0x200 : 0) | rcode, 2);
    head.writeUInt16BE(1, 4);
    head.writeUInt16BE(records.length, 6);
    return Buffer.concat([head, question, ...records]);
  };
  const udp = createSocket('udp4');
  udp.on('message', (query, from) => {
    const made = reply(query);
    if (made) udp.send(made, from.port, from.address);
  });
  udp.bind(0, ADDRESS);
  await once(udp, 'listening');
  server.at = `${ADDRESS}:${udp.address().port}`;
  server.close = () => udp.close();
  return server;
}

before(async () => {
  names = await startNames();
  market = await startMarket({ env: { HUMAN_MARKETPLACE_NAMESERVER: names.at } });
  importer = await market.actor();
  owner = await market.actor();
  const { imported } = await importer.ok('/catalog-manage', { action: 'import', openapi: WORDS, category_tags: ['data:words'] });
  listing_id = imported[0].listing_id;
});
after(async () => {
  await market?.stop();
  names?.close();
  assert.deepEqual(errors(market?.log() ?? ''), []);
});

const claim = (proof) => owner.post('/catalog-manage', { action: 'claim', listing_id, ...(proof && { proof }) });
const code = (answer) => `${answer.status} ${answer.body.code ?? 'ok'}`;

it('a claim is proven by the record that it has asked for, and by nothing else', async () => {
  assert.equal(code(await claim('dns')), '403 claim_not_proven', 'without a challenge');
  assert.equal(names.asked.length, 0);
  const { challenge } = (await claim()).body;
  assert.equal(challenge.dns, NAME);
  const line = challenge.content, half = line.length >> 1;
  for (const [what, answer] of Object.entries({
    'there is no such name': () => ({ rcode: 3 }),
    'there is no such record': () => ({}),
    'the server fails': () => ({ rcode: 2 }),
    'it is another text': () => ({ records: [record(TXT(`${line}0`)), record(TXT(line.slice(0, -1))), record(TXT(''))] }),
    'it is an address': () => ({ records: [record(Buffer.from([192, 0, 2, 1]), 1)] }),
    'its string is longer than the record': () => ({ records: [record(Buffer.from([200, 1, 2]))] }),
    'its record is longer than the answer': () => ({ records: [record(TXT(line)).subarray(0, -5)] }),
    'it is no answer': () => Buffer.from('hello'),
    'it is too long': () => ({ records: [...Array(100).fill(record(TXT('x'.repeat(255)))), record(TXT(line))] }), // limit: dns questions
    'it is cut off before the record': () => ({ tc: true }),
  })) {
    names.answer = answer;
    assert.equal(code(await claim('dns')), '403 claim_not_proven', what);
  }
  assert.deepEqual([...new Set(names.asked.map((one) => `${one.name} ${one.type}`))], [`${NAME} 16`]);
  names.answer = () => ({ tc: true, records: [record(TXT('v=spf1 -all')), record(TXT(line.slice(0, half), line.slice(half)))] });
  const proven = await claim('dns');
  assert.equal(code(proven), '200 ok', JSON.stringify(proven.body));
  assert.equal(proven.body.listing.seller_id, owner.id);
});

it('a server of names that is silent holds up nobody else', async () => {
  const { imported } = await importer.ok('/catalog-manage', { action: 'import', category_tags: ['data:words'],
    openapi: JSON.parse(JSON.stringify({ ...WORDS, info: { title: 'Others', version: '1' }, servers: [{ url: 'https://other.example.com' }] }).replaceAll('words', 'others')) });
  listing_id = imported[0].listing_id;
  await claim();
  names.answer = () => null;
  const had = names.asked.length;
  let isOver = false;
  const waits = claim('dns').then((answer) => { isOver = true; return code(answer); });
  await until(() => names.asked.length > had, PATIENCE_MS, 'it is asked');
  await owner.ok('/credits-balance');
  assert.equal(isOver, false);
  assert.equal(await waits, '403 claim_not_proven');
});
