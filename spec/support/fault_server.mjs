// spec/support/fault_server.mjs -- an HTTP server that answers well, late, in splinters or not to the end.
// Prints its port and serves until /quit, or its parent's end.  What it has seen is told at /seen?id=.

import net from 'node:net'
import { gzipSync } from 'node:zlib'

const parent = process.ppid
const seen = new Map()
const text = (body, more = '') => `HTTP/1.1 200 OK\r\nContent-Length: ${Buffer.byteLength(body)}\r\n${more}\r\n${body}`
const chunk = (data) => `${data.length.toString(16)}\r\n${data}\r\n`
const CHUNKED = 'HTTP/1.1 200 OK\r\nX-Kind: Chunked\r\nTransfer-Encoding: chunked\r\n\r\n'

function splinters(socket, data) {
  let at = 0
  const timer = setInterval(() => {
    if (at === data.length || socket.destroyed) return clearInterval(timer)
    socket.write(data[at++])
  }, 1)
}

function flood(socket, bytes) {
  const piece = Buffer.alloc(65536, 120)
  let left = bytes
  socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${bytes}\r\n\r\n`)
  const more = () => {
    while (left > 0 && !socket.destroyed) {
      const n = Math.min(left, piece.length)
      left -= n
      if (!socket.write(piece.subarray(0, n))) return socket.once('drain', more)
    }
  }
  more()
}

function ticks(socket, id) {
  socket.write(CHUNKED)
  const timer = setInterval(() => socket.write(chunk('tick')), 10)
  socket.on('close', () => {
    clearInterval(timer)
    seen.set(id, 'closed')
  })
}

const answers = {
  '/echo': (s, request) => s.write(text(request, 'X-A: 1\r\nx-a: 2\r\n')),
  '/twohead': (s) => s.write('HTTP/1.1 200 OK\r\nX-One: 1\r\nHTTP/9: 404 Not Found\r\nContent-Length: 2\r\n\r\nhi'),
  '/hint': (s) => s.write('HTTP/1.1 103 Early Hints\r\nX-Early: 1\r\n\r\n' + text('final')),
  '/moved': (s) => s.write('HTTP/1.1 302 Found\r\nLocation: /echo\r\nContent-Length: 0\r\n\r\n'),
  '/gzip': (s, _, q) => {
    const body = gzipSync(Buffer.alloc(Number(q.get('n')), 97))
    s.write(`HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: ${body.length}\r\n\r\n`)
    s.write(body)
  },
  '/flood': (s, _, q) => flood(s, Number(q.get('n'))),
  '/fields': (s) => s.write('HTTP/1.1 200 OK\r\n' + 'a: b\r\n'.repeat(300) + 'Content-Length: 0\r\n\r\n'),
  '/short': (s) => s.end('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\npartial'),
  '/unended': (s) => s.end(CHUNKED + chunk('partial')),
  '/halfhead': (s) => s.end('HTTP/1.1 200 OK\r\nContent-Le'),
  '/reset': (s) => {
    s.write('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\npartial')
    setTimeout(() => s.resetAndDestroy(), 30)
  },
  '/nothing': (s) => s.end(),
  '/once': (s, _, q) => { // the first request of a connection is answered; the second is read, and the connection dropped
    if (!s.answered) return s.write(text('first')), (s.answered = true)
    seen.set(q.get('id'), String(Number(seen.get(q.get('id')) ?? 0) + 1))
    s.destroy()
  },
  '/noise': (s) => s.end('noise\r\n\r\n'),
  '/untilclose': (s) => s.end('HTTP/1.1 200 OK\r\n\r\nuntil close'),
  '/splinters': (s) => splinters(s, CHUNKED + chunk('hello') + chunk(' world') + '0\r\n\r\n'),
  '/ticks': (s, _, q) => ticks(s, q.get('id')),
  '/hang': () => {},
  '/seen': (s, _, q) => s.write(text(seen.get(q.get('id')) ?? '')),
  '/quit': (s) => s.end(text('bye'), () => process.exit()),
}

const server = net.createServer((socket) => {
  socket.setNoDelay(true)
  socket.on('error', () => {})
  let pending = ''
  socket.on('data', (data) => {
    pending += data.toString('latin1')
    const end = pending.indexOf('\r\n\r\n')
    const length = Number(/content-length: (\d+)/i.exec(pending)?.[1] ?? 0)
    if (end < 0 || pending.length < end + 4 + length) return
    const request = pending
    pending = ''
    const url = new URL(request.split(' ')[1], 'http://x')
    answers[url.pathname]?.(socket, request, url.searchParams)
  })
})

server.listen(0, '127.0.0.1', () => console.log(server.address().port))
setInterval(() => process.ppid === parent || process.exit(), 1000)
