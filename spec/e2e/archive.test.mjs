// The rock archive on what tar, zip and Python write, on what strangers would send, and on what is cut or changed.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { ask, random, root } from './rock.mjs'

const SEED = Number(process.env.ROCK_SEED ?? 1)
const work = mkdtempSync(join(tmpdir(), 'archive-'))
after(() => rmSync(work, { recursive: true }))

// Files as "name size crc", sorted; or why there are none.
const LIST = `
  local archive, inflate = require "archive", require "archive.inflate"
  return function(case)
    local entries, why = archive.read(case.bytes)
    if not entries then return "refused: " .. why end
    local out = {}
    for _, entry in ipairs(entries) do
      if entry.kind == "file" then
        local data, damaged = entry.read()
        if not data then return "refused: " .. damaged end
        out[#out + 1] = ("%s %d %.0f"):format(entry.name, #data, inflate.crc32(data))
      end
    end
    table.sort(out)
    return table.concat(out, "|")
  end`

const python = (...args) => execFileSync('/usr/bin/python3', [`${root}spec/e2e/archive.py`, String(SEED), ...args], { maxBuffer: 1 << 30 })
  .toString().trim().split('\n').map((line) => {
    const space = line.lastIndexOf(' ')
    return { label: line.slice(0, space), bytes: Buffer.from(line.slice(space + 1), 'base64') }
  })

test('what Python writes is read: tar of GNU and pax, gzipped, zip deflated, stored and streamed', async () => {
  const lines = python('good')
  const archives = lines.filter((each) => each.label !== 'tree')
  const answers = await ask(LIST, archives.map(({ bytes }) => ({ bytes })))
  let want, i = 0
  for (const each of lines) {
    if (each.label === 'tree') want = each.bytes.toString().split('\n').sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b))).join('|')
    else assert.equal(answers[i++], want, each.label)
  }
  assert.equal(i, 180)
})

test('what tar and zip of the system write is read', async () => {
  const tree = join(work, 'tree')
  mkdirSync(join(tree, 'sub/deep'), { recursive: true })
  writeFileSync(join(tree, 'a.txt'), 'hello\n')
  writeFileSync(join(tree, 'sub/é.bin'), Buffer.alloc(100000, 7))
  writeFileSync(join(tree, 'sub/deep', 'n'.repeat(150)), 'long')
  const run = (command, ...args) => execFileSync(command, args, { cwd: tree, stdio: 'ignore' })
  for (const format of ['gnu', 'pax', 'posix', 'oldgnu']) run('tar', `--format=${format}`, '-cf', `../${format}.tar`, '.')
  run('tar', '-czf', '../whole.tgz', '.')
  run('zip', '-qr', '../whole.zip', '.')
  run('zip', '-qr0', '../stored.zip', '.')
  const names = ['gnu.tar', 'pax.tar', 'posix.tar', 'oldgnu.tar', 'whole.tgz', 'whole.zip', 'stored.zip']
  const answers = await ask(LIST, names.map((name) => ({ bytes: readFileSync(join(work, name)) })))
  const want = answers[0].split('|').map((line) => line.split(' ').slice(0, 2).join(' '))
  assert.deepEqual(want, ['a.txt 6', `sub/deep/${'n'.repeat(150)} 4`, 'sub/é.bin 100000'])
  names.forEach((name, i) => assert.equal(answers[i], answers[0], name))
  execFileSync('unzip', ['-tq', join(work, 'whole.zip')])
})

test('archives that lead outside, hide something or explode are refused', async () => {
  const lines = python('bad')
  const answers = await ask(LIST, lines.map(({ bytes }) => ({ bytes })))
  lines.forEach((each, i) => assert.match(answers[i], /^refused: is not a/, `${each.label} ${i}`))
  assert.ok(lines.length > 40)
})

test('archives that are cut anywhere are refused, and a changed byte never leads outside', async () => {
  const r = random(SEED)
  for (const { label, bytes } of python('small')) {
    const step = Math.max(1, Math.floor(bytes.length / 400))
    const cut = []
    for (let n = 0; n < bytes.length; n += step) cut.push({ bytes: bytes.subarray(0, n) })
    const [whole] = await ask(LIST, [{ bytes }])
    assert.doesNotMatch(whole, /refused/)
    // A tar may end with any block; what it has then is whole.
    for (const answer of await ask(LIST, cut)) assert.ok(/^refused/.test(answer) || (label === 'tar' && !/FAILED/.test(answer)), answer)
    const changed = Array.from({ length: 600 }, () => {
      const copy = Buffer.from(bytes)
      copy[r.below(copy.length)] = r.below(256)
      return { bytes: copy }
    })
    for (const answer of await ask(LIST, changed)) {
      assert.doesNotMatch(answer, /^FAILED/)
      if (!answer.startsWith('refused')) for (const line of answer.split('|')) assert.doesNotMatch(line, /^\/|^\.\.?\/|\/\.\.?\/|\\/)
    }
  }
})
