// spec/support/tls_proxy.mjs -- a TLS server behind a proxy that tunnels (CONNECT).  Prints the server's port, the
// proxy's and the pin of the server's key; serves until the proxy is asked to /quit, or for a minute.
import { execFileSync } from 'node:child_process'
import { createHash, X509Certificate } from 'node:crypto'
import fs from 'node:fs'
import http from 'node:http'
import https from 'node:https'
import net from 'node:net'
import os from 'node:os'
import path from 'node:path'

const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'tls-proxy-'))
const [key, cert] = ['key.pem', 'cert.pem'].map((name) => path.join(dir, name))
execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', key, '-out', cert,
  '-days', '1', '-subj', '/CN=model'], { stdio: 'ignore' })
const pem = fs.readFileSync(cert)
const spki = new X509Certificate(pem).publicKey.export({ type: 'spki', format: 'der' })
const server = https.createServer({ key: fs.readFileSync(key), cert: pem }, (req, res) => res.end(`${req.method} ${req.url} ${req.headers['proxy-authorization'] ?? 'unseen'}`))
const proxy = http.createServer((req, res) => { res.end(() => { if (req.url === '/quit') process.exit() }) })
proxy.on('connect', (req, socket) => {
  if (req.headers['proxy-authorization'] !== `Basic ${Buffer.from('me:pass').toString('base64')}`) return socket.end('HTTP/1.1 407 Who are you\r\n\r\n')
  const to = net.connect(server.address().port, '127.0.0.1', () => {
    socket.write('HTTP/1.1 200 Tunnel\r\nX-Of: the proxy\r\n\r\n')
    to.pipe(socket)
    socket.pipe(to)
  })
  to.on('error', () => socket.destroy())
  socket.on('error', () => to.destroy())
})
fs.rmSync(dir, { recursive: true })
server.listen(0, '127.0.0.1', () => proxy.listen(0, '127.0.0.1', () => {
  console.log(`${server.address().port} ${proxy.address().port} sha256//${createHash('sha256').update(spki).digest('base64')}`)
}))
setTimeout(() => process.exit(), 60_000)
