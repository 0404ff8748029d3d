// spec/e2e/market_catalog.test.mjs -- tools are imported from OpenAPI documents, called, and claimed by whoever the address belongs to.
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { once } from 'node:events';
import { randomBytes } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import { errors } from './hosts.mjs';
import { startMarket } from './market_trading.mjs';
import { counted, startUpstream, UPSTREAM } from './market_tools_world.mjs';

const env = { HUMAN_EGRESS_ALLOW: `${UPSTREAM}/32`, HUMAN_SEAL_KEY: randomBytes(32).toString('hex') };
const TAGS = ['data:general'];
let market, upstream, files;

before(async () => {
  upstream = await startUpstream();
  files = await startFiles();
  market = await startMarket({ env });
});
after(async () => {
  await market?.stop();
  upstream?.close();
  files?.close();
  assert.deepEqual(errors(market?.log() ?? ''), []);
});

/** A server of files at an address that the guard is opened for: {url, put(path, text), asked}. */
async function startFiles() {
  const kept = new Map();
  const server = createServer((req, res) => {
    const file = kept.get(req.url);
    if (typeof file === 'function') return file(req, res);
    return file === undefined ? res.writeHead(404).end() : res.end(file);
  });
  server.listen(0, UPSTREAM);
  await once(server, 'listening');
  return { url: `http://${UPSTREAM}:${server.address().port}`, put: (path, text) => kept.set(path, text),
    close: () => { server.closeAllConnections(); server.close(); } };
}

const ok = { responses: { 200: { description: 'So', content: { 'application/json': {} } } } };
const PETS = {
  openapi: '3.0.3', info: { title: 'Pets', version: '1' }, servers: [{ url: 'https://{where}.example.com/v1/', variables: { where: { default: 'api' } } }],
  paths: {
    '/pets/{petId}': {
      parameters: [{ $ref: '#/components/parameters/Id' }],
      get: { operationId: 'getPet', summary: 'One pet', parameters: [{ name: 'fields', in: 'query', schema: { type: 'array', items: { type: 'string' } } },
        { name: 'filter', in: 'query', style: 'deepObject', schema: { type: 'object' } }, { name: 'X-Trace', in: 'header', schema: { type: 'string' } }], ...ok },
      put: { operationId: 'putPet', description: 'Changes a pet', parameters: [{ name: 'tags', in: 'query', explode: false, schema: { type: 'array', items: {} } }],
        requestBody: { required: true, content: { 'application/json': { schema: { $ref: '#/components/schemas/Pet' } } } }, ...ok },
      head: { operationId: 'headPet', ...ok },
    },
    '/pictures': { post: { operationId: 'addPicture', requestBody: { required: true, content: { 'image/png': {} } }, ...ok },
      get: { operationId: 'picture', responses: { 200: { description: 'A picture', content: { 'image/png': {} } } } } },
    '/remote': { get: { operationId: 'remote', parameters: [{ name: 'a', in: 'query', schema: { $ref: 'https://evil.example/a.json' } }], ...ok } },
    '/circle': { get: { operationId: 'circle', parameters: [{ $ref: '#/components/parameters/A' }], ...ok } },
    '/lost/{x}': { get: { operationId: 'lost', ...ok } },
  },
  components: {
    parameters: { Id: { name: 'petId', in: 'path', required: true, schema: { type: 'string' } }, A: { $ref: '#/components/parameters/B' }, B: { $ref: '#/components/parameters/A' } },
    schemas: { Pet: { type: 'object', required: ['name', 'id'], properties: { id: { type: 'integer', readOnly: true }, name: { type: 'string', nullable: true },
      age: { type: 'number', minimum: 0, exclusiveMinimum: true }, friends: { type: 'array', items: { $ref: '#/components/schemas/Pet' } } } } },
  },
};
const YAML = `openapi: 3.1.0
info: {title: Words, version: "1"}
servers:
  - url: https://words.example.com
paths:
  /words:
    get:
      summary: Words that begin so
      parameters:
        - {name: like, in: query, required: true, schema: {type: string, minLength: 2}}
      responses: {"200": {description: Words, content: {application/json: {}}}}
`;

const importing = (who, fields) => who.post('/catalog-manage', { action: 'import', category_tags: TAGS, ...fields });
const why = (body) => Object.fromEntries(body.skipped.map((s) => [s.operationId, s.reason]));
const tool = (body, id) => body.imported.find((i) => i.operationId === id).listing_id;
const code = (answer) => `${answer.status} ${answer.body.code ?? 'ok'}`;
const points = (id, url) => market.sql(`update market_listings set tool_meta = jsonb_set(tool_meta, '{upstream_url}', '"${url}"') where id = '${id}'`);

/** A new actor who has subscribed to it: call(input). */
async function subscriber(listing_id) {
  const who = await market.actor();
  const { subscription_id, api_key } = await who.ok('/tool-subscriptions', { listing_id, plan_id: 'free' });
  return { id: subscription_id, who, call: (input) => market.request(api_key, 'POST', '/tool-proxy', { subscription_id, input }) };
}

describe('an import', () => {
  it('makes a tool of each operation that the proxy can call, and says why not of the others', async () => {
    const who = await market.actor();
    const { status, body } = await importing(who, { openapi: PETS });
    assert.equal(status, 200, JSON.stringify(body));
    assert.deepEqual(body.imported.map((i) => i.operationId).sort(), ['getPet', 'putPet']);
    assert.equal(body.skipped_count, 6);
    assert.deepEqual(why(body), {
      headPet: 'is a HEAD, which the proxy does not send', addPicture: 'takes a body that is not JSON', picture: 'answers with something else than JSON',
      remote: 'refers to another document, which is not fetched: https://evil.example/a.json', circle: 'has references that go in a circle',
      lost: 'has no parameter for the part of its path: x' });
    const put = await who.ok(`/listings-get?listing_id=${tool(body, 'putPet')}`);
    assert.deepEqual([put.title, put.description, put.category_tags, put.subscription_plans[0].amount_cents], ['putPet', 'Changes a pet', TAGS, 0]);
    assert.deepEqual(put.input_schema.$defs.Pet, { type: 'object', required: ['name'], properties: { id: { type: 'integer' }, name: { type: ['string', 'null'] },
      age: { type: 'number', exclusiveMinimum: 0 }, friends: { type: 'array', items: { $ref: '#/$defs/Pet' } } } });
    assert.equal(put.tool_meta.upstream_url, 'https://api.example.com/v1');
  });

  it('makes tools that are called where their operations are', async () => {
    const who = await market.actor(), { body } = await importing(who, { openapi: PETS });
    const get = await subscriber(tool(body, 'getPet')), put = await subscriber(tool(body, 'putPet'));
    await points(tool(body, 'getPet'), upstream.url);
    await points(tool(body, 'putPet'), upstream.url);
    upstream.seen.length = 0;
    assert.equal(code(await get.call({ petId: 'a/../b?c#d', fields: ['x', 'y&z'], filter: { a: 1 }, 'X-Trace': 'so' })), '200 ok');
    assert.deepEqual([upstream.seen[0].method, upstream.seen[0].url, upstream.seen[0].headers['x-trace'], upstream.seen[0].body],
      ['GET', '/v2/pets/a%2F..%2Fb%3Fc%23d?fields=x&fields=y%26z&filter%5Ba%5D=1', 'so', '']);
    const answer = await put.call({ petId: '7', tags: ['a', 'b'], body: { name: null, friends: [{ name: 'Rex', friends: [] }] } });
    assert.deepEqual(answer.body.output, { echo: { name: null, friends: [{ name: 'Rex', friends: [] }] } });
    assert.deepEqual([upstream.seen[1].method, upstream.seen[1].url], ['PUT', '/v2/pets/7?tags=a,b']);
    for (const petId of ['..', '.', '']) assert.equal(code(await get.call({ petId })), '400 validation_error', petId);
    assert.equal(code(await get.call({ petId: '1', 'X-Trace': 'a\r\nb: c' })), '400 validation_error');
    assert.equal(code(await get.call({ petId: '1', other: 1 })), '400 input_schema_mismatch');
    assert.equal(code(await get.call({})), '400 input_schema_mismatch');
    assert.equal(code(await put.call({ petId: '1', body: { name: 'Rex', friends: [{ name: 1 }] } })), '400 input_schema_mismatch');
    assert.equal(upstream.seen.length, 2);
    assert.deepEqual(await counted(market, get.id), { used: 1, overage: 0, in_flight: 0 });
  });

  it('takes YAML, from an address or as a text, and the second time changes what the first has made', async () => {
    const who = await market.actor(), other = await market.actor();
    files.put('/words.yaml', YAML);
    const openapi_url = `${files.url}/words.yaml`;
    const first = await importing(who, { openapi_url });
    assert.equal(first.status, 200, JSON.stringify(first.body));
    assert.deepEqual(first.body.imported.map((i) => i.operationId), ['getWords']);
    files.put('/words.yaml', YAML.replace('Words that begin so', 'Other words'));
    const again = await importing(who, { openapi_url });
    assert.deepEqual(again.body.imported, first.body.imported, JSON.stringify(again.body));
    assert.equal((await who.ok(`/listings-get?listing_id=${tool(again.body, 'getWords')}`)).title, 'Other words');
    assert.deepEqual(why((await importing(other, { openapi_url })).body), { getWords: 'has been imported by another; it may be claimed' });
    const inline = await importing(other, { openapi: YAML });
    assert.equal(inline.body.imported.length, 1);
    assert.notEqual(tool(inline.body, 'getWords'), tool(first.body, 'getWords'));
    assert.deepEqual((await importing(other, { openapi: YAML })).body.imported, inline.body.imported);
  });

  it('of one document by two at once makes each tool once', async () => {
    const who = await market.actor(), answers = await Promise.all([1, 2, 3].map(() => importing(who, { openapi: { ...PETS, info: { title: 'At once', version: '1' } } })));
    for (const { status, body } of answers) assert.deepEqual([status, body.imported], [200, answers[0].body.imported], JSON.stringify(body));
  });

  it('makes only the tools that are asked for, and so many at most', async () => { // limit: catalog operations
    const who = await market.actor();
    const { body } = await importing(who, { openapi: { ...PETS, info: { title: 'Few', version: '1' } }, operations: ['getPet'] });
    assert.deepEqual([body.imported.length, body.skipped_count], [1, 0]);
    const paths = Object.fromEntries(Array.from({ length: 210 }, (_, i) => [`/p${i}`, { get: { ...ok } }]));
    const many = await importing(who, { openapi: { ...PETS, info: { title: 'Many', version: '1' }, paths } });
    assert.equal(many.status, 200, JSON.stringify(many.body));
    assert.deepEqual([many.body.imported.length, many.body.skipped_count, many.body.skipped[0].reason], [200, 10, 'is beyond the 200 of one import']);
  });

  const many = (n) => ({ ...PETS, paths: Object.fromEntries(Array.from({ length: n }, (_, i) => [`/p${i}`, { get: ok }])) });
  const laughs = `openapi: 3.1.0\npaths: {}\na: &a [x,x,x,x,x,x,x,x,x]\n${[...'bcdefghi'].map((l, i) => `${l}: &${l} [${Array(9).fill(`*${'abcdefgh'[i]}`)}]`).join('\n')}\n`;
  const BAD = {
    'Swagger 2.0': [{ swagger: '2.0', paths: {} }, /is Swagger 2\.0/], 'no OpenAPI at all': [{ a: 1 }, /is not OpenAPI/], 'a list': [[], /is not an object/],
    'a text': ['hello', /is not an object/], 'OpenAPI without paths': [{ openapi: '3.1.0' }, /has no paths/],
    '10,000 operations': [many(10_000), /more than 5000 operations/], // limit: catalog document
    'YAML that laughs': [laughs, /is not YAML/], 'YAML that is long': [`a: "${'x'.repeat(1_100_000)}"`, /YAML of more than/],
    'YAML that nests': [`a: ${'['.repeat(5000)}`, /is not YAML/], 'a text that is too long': [`{"a":"${'x'.repeat(5_242_900)}"}`, /longer than 5242880 bytes/],
  };
  for (const [what, [openapi, message]] of Object.entries(BAD)) {
    it(`refuses ${what}`, async () => {
      const { status, body } = await importing(await market.actor(), { openapi });
      assert.equal(`${status} ${body.code}`, '400 invalid_openapi', JSON.stringify(body));
      assert.match(JSON.stringify(body), message);
    });
  }

  it('leaves out what is too deep or too large, and has no address that may be called', async () => {
    let deep = { type: 'string' };
    for (let i = 0; i < 40; i += 1) deep = { type: 'array', items: deep };
    const wide = { type: 'object', properties: Object.fromEntries(Array.from({ length: 600 }, (_, i) => [`p${i}`, {}])) };
    const at = (schema, more) => ({ get: { parameters: [{ name: 'a', in: 'query', schema }], ...ok, ...more } });
    const { body } = await importing(await market.actor(), { openapi: { ...PETS, paths: { '/deep': at(deep), '/wide': at(wide), '/bad': at({ type: 'strange' }),
      '/inside': at({}, { servers: [{ url: 'https://127.0.0.1/' }] }), '/plain': at({}, { servers: [{ url: 'http://api.example.com' }] }), '/relative': at({}, { servers: [{ url: '/v1' }] }),
      '/cookie': at({}, { security: [{ c: [] }] }), '/ref': { $ref: '#/paths/~1deep' } },
    components: { securitySchemes: { c: { type: 'apiKey', in: 'cookie', name: 'c' } } } } });
    assert.deepEqual(body.imported, []);
    const reasons = why(body);
    assert.match(reasons.getDeep, /more than 24 levels/);
    assert.match(reasons.getWide, /more than 500 parts/);
    assert.match(reasons.getBad, /^input_schema /);
    for (const id of ['getInside', 'getPlain']) assert.match(reasons[id], /^tool_meta.upstream_url must be an https address/);
    assert.match(reasons.getRelative, /relative, to nothing/);
    assert.match(reasons.getCookie, /credential/);
  });

  it('asks no address inside, and believes no answer that is none', async () => {
    const who = await market.actor();
    for (const openapi_url of ['http://127.0.0.1:1/', 'https://localhost/', 'http://169.254.169.254/latest/', 'http://10.0.0.1/']) {
      assert.equal(code(await importing(who, { openapi_url })), '400 unsafe_url', openapi_url);
    }
    files.put('/big.json', (req, res) => { res.on('error', () => {}); res.end(Buffer.alloc(50 << 20, 32)); });
    files.put('/away.json', (req, res) => res.writeHead(302, { location: 'http://169.254.169.254/' }).end());
    for (const [path, message] of [['/big.json', /longer than/], ['/away.json', /status 302/], ['/none.json', /status 404/]]) {
      const { status, body } = await importing(who, { openapi_url: files.url + path });
      assert.equal(`${status} ${body.code}`, '400 invalid_openapi');
      assert.match(JSON.stringify(body), message);
    }
    assert.equal(code(await importing(who, {})), '400 validation_error');
    assert.equal(code(await who.post('/catalog-manage', { action: 'import', openapi: PETS })), '400 validation_error');
  });
});

it('is asked for only so often', async () => { // limit: catalog requests
  const who = await market.actor(), codes = [];
  for (let i = 0; i < 31; i += 1) codes.push(code(await who.post('/catalog-manage', { action: 'list_unclaimed', limit: 1 })));
  assert.deepEqual([codes[0], codes.at(-1)], ['200 ok', '429 rate_limited']);
});

describe('a claim', () => {
  /** A tool at the address of those files, imported by someone. */
  async function imported(title, meta) {
    const who = await market.actor(), { body } = await importing(who, { openapi: { ...PETS, info: { title, version: '1' } }, operations: ['getPet'] });
    const id = tool(body, 'getPet');
    if (meta) await who.ok('/provider-tools', { action: 'update', listing_id: id, tool_meta: meta });
    await points(id, upstream.url);
    await market.sql(`update market_catalog set origin = '${files.url}' where listing_id = '${id}'`);
    return { id, who };
  }
  const claim = (who, listing_id, proof) => who.post('/catalog-manage', { action: 'claim', listing_id, ...(proof && { proof: 'well_known' }) });
  const WELL_KNOWN = '/.well-known/humai-claim.txt';

  it('is proven by a file at the address, and makes the tool another\'s, with its subscriptions and without its credential', async () => {
    const { id, who } = await imported('To be claimed', { auth_secret: 'theirs' }), owner = await market.actor(), s = await subscriber(id);
    assert.match(await market.one(`select tool_secret from market_listings where id = '${id}'`), /^sealed:/);
    assert.equal((await owner.ok('/catalog-manage', { action: 'list_unclaimed', limit: 50 })).listings.find((l) => l.listing_id === id).operationId, 'getPet');
    assert.equal(code(await claim(owner, id, true)), '403 claim_not_proven');
    const { challenge } = (await claim(owner, id)).body;
    assert.equal(challenge.url, files.url + WELL_KNOWN);
    assert.deepEqual((await claim(owner, id)).body.challenge, challenge);
    assert.equal(code(await claim(owner, id, true)), '403 claim_not_proven');
    files.put(WELL_KNOWN, `humai-claim=${'0'.repeat(40)}\n`);
    assert.equal(code(await claim(owner, id, true)), '403 claim_not_proven');
    files.put(WELL_KNOWN, `# ours\r\n${challenge.content}\r\n`);
    assert.equal(code(await claim(who, id, true)), '403 claim_not_proven'); // it is the other's token
    const proven = await claim(owner, id, true);
    assert.deepEqual([proven.status, proven.body.listing?.seller_id], [200, owner.id], JSON.stringify(proven.body));
    assert.equal((await claim(owner, id)).body.listing.seller_id, owner.id);
    assert.equal(code(await claim(who, id)), '409 already_claimed');
    assert.equal(code(await claim(who, id, true)), '409 already_claimed');
    assert.equal(await market.one(`select coalesce(tool_secret, 'none') from market_listings where id = '${id}'`), 'none');
    assert.equal(code(await s.call({ petId: '1' })), '200 ok');
    assert.equal(await market.one(`select provider_id from market_subscriptions where id = '${s.id}'`), owner.id);
    assert.ok(!(await owner.ok('/catalog-manage', { action: 'list_unclaimed', limit: 50 })).listings.some((l) => l.listing_id === id));
    const paid = { action: 'update', listing_id: id, subscription_plans: [{ plan_id: 'p', name: 'P', interval: 'monthly', amount_cents: 100, included_calls: 1 }] };
    await owner.ok('/provider-tools', paid);
    assert.equal(code(await who.post('/provider-tools', paid)), '403 not_owner');
  });

  it('comes before anything is earned, and before the address is another', async () => {
    const { id, who } = await imported('Not to be sold');
    for (const change of [{ tool_meta: { upstream_url: 'https://other.example.com' } },
      { subscription_plans: [{ plan_id: 'p', name: 'P', interval: 'monthly', amount_cents: 1, included_calls: 1 }] },
      { subscription_plans: [{ plan_id: 'p', name: 'P', interval: 'monthly', amount_cents: 0, included_calls: 1, overage_cents_per_call: 0.5 }] }]) {
      assert.equal(code(await who.post('/provider-tools', { action: 'update', listing_id: id, ...change })), '409 not_claimed');
      assert.equal(code(await who.put('/listings-update', { listing_id: id, ...change })), '409 not_claimed');
    }
    assert.equal(code(await who.put('/listings-update', { listing_id: id, title: 'Pets of the world' })), '200 ok');
  });

  it('is refused to the owner of an agent that has subscribed, and made once by two at a time', async () => {
    const { id } = await imported('Raced for'), owner = await market.actor(), agent = await market.actor({ owner: owner.owner }), other = await market.actor();
    const { subscription_id } = await agent.ok('/tool-subscriptions', { listing_id: id, plan_id: 'free' });
    const lines = [];
    for (const who of [owner, other]) lines.push((await claim(who, id)).body.challenge.content);
    files.put(WELL_KNOWN, lines.join('\n'));
    assert.equal(code(await claim(owner, id, true)), '400 self_dealing_not_permitted');
    await market.sql(`update market_subscriptions set state = 'canceled' where id = '${subscription_id}'`);
    const answers = (await Promise.all([owner, other, owner, other].map((who) => claim(who, id, true)))).map(code).sort();
    assert.deepEqual(answers, ['200 ok', '200 ok', '409 already_claimed', '409 already_claimed']);
    assert.equal(code(await claim(owner, subscription_id)), '404 not_found');
  });
});
