// bench/peers/node_http.mjs -- the JSON route on Node's http: parse, check by hand, answer.
import http from 'node:http';

const fail = (res, path) => {
  const text = JSON.stringify({ error: 'Bad Request', details: [{ path }] });
  res.writeHead(400, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) });
  res.end(text);
};

http.createServer((req, res) => {
  const chunks = [];
  req.on('data', (c) => chunks.push(c));
  req.on('end', () => {
    let body;
    try { body = JSON.parse(Buffer.concat(chunks).toString('utf8')); } catch { return fail(res, ''); }
    if (typeof body !== 'object' || body === null) return fail(res, '');
    if (typeof body.id !== 'string' || body.id.length > 64) return fail(res, 'id');
    if (typeof body.name !== 'string' || body.name.length > 100) return fail(res, 'name');
    if (!Number.isInteger(body.price) || body.price < 1 || body.price > 1e9) return fail(res, 'price');
    if (!Array.isArray(body.tags) || body.tags.length > 10) return fail(res, 'tags');
    for (const t of body.tags) if (typeof t !== 'string' || t.length > 40) return fail(res, 'tags');
    if (typeof body.active !== 'boolean') return fail(res, 'active');
    const text = JSON.stringify({ id: body.id, name: body.name, price: body.price, tags: body.tags,
                                  active: body.active, total: body.price * 2 });
    res.writeHead(200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) });
    res.end(text);
  });
}).listen(Number(process.argv[2]), '127.0.0.1');
