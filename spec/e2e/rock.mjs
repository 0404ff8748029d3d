// Runs a rock in plain LuaJIT, as other users would, on values from JavaScript, to compare its results with those of
// other libraries.
import { execFileSync, spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

export const root = fileURLToPath(new URL('../..', import.meta.url))

/** A JSON value as a Lua expression: null is NULL, arrays are A{...}. */
export function lua(value) {
  if (value === null) return 'NULL'
  if (typeof value === 'string') {
    return '"' + Buffer.from(value).toString('latin1').replace(/[^ !#-[\]-~]/g,
      (c) => '\\' + String(c.charCodeAt(0)).padStart(3, '0')) + '"'
  }
  if (value instanceof Uint8Array) return lua_bytes(value)
  if (Array.isArray(value)) return `A{${value.map(lua).join(',')}}`
  if (typeof value === 'object') {
    return `{${Object.entries(value).map(([k, v]) => `[${lua(k)}]=${lua(v)}`).join(',')}}`
  }
  return Object.is(value, -0) ? '-0' : String(value)
}

function lua_bytes(bytes) {
  return '"' + Array.from(bytes, (b) => '\\' + String(b).padStart(3, '0')).join('') + '"'
}

const RUNNER = `
package.path = ""
dofile "spec/support/paths.lua"
NULL = setmetatable({}, { __tostring = function() return "null" end })
local ARRAY = {}
function A(t) return setmetatable(t, ARRAY) end
function is_array(t) return getmetatable(t) == ARRAY or t[1] ~= nil end
local answer = assert(loadstring(io.read "*l":gsub("\\1", "\\n")))()
for line in io.lines() do
  local ok, text = pcall(function() return answer(assert(loadstring("return " .. line))()) end)
  print(ok and text or "FAILED " .. tostring(text))
end`

/** What a Lua function says to each case: an array of strings.  source: of a chunk that returns the function. */
export function ask(source, cases) {
  return new Promise((resolve, reject) => {
    const child = spawn('luajit', ['-e', RUNNER], { cwd: root, stdio: ['pipe', 'pipe', 'inherit'] })
    const chunks = []
    child.stdout.on('data', (chunk) => chunks.push(chunk))
    child.on('error', reject)
    child.on('close', (code) => {
      const lines = Buffer.concat(chunks).toString().split('\n').slice(0, -1)
      if (code !== 0 || lines.length !== cases.length) {
        reject(new Error(`luajit ended with ${code} after ${lines.length} of ${cases.length} cases`))
      } else resolve(lines)
    })
    child.stdin.end(`${source.replaceAll('\n', '\x01')}\n${cases.map(lua).join('\n')}\n`)
  })
}

/** Numbers that look random, the same ones for one seed. */
export function random(seed) {
  let state = seed >>> 0
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = state
    t = Math.imul(t ^ (t >>> 15), t | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
  const below = (n) => Math.floor(next() * n)
  return { below, pick: (list) => list[below(list.length)], chance: (p) => next() < p }
}

/** The folder of a source distribution of PyPI, fetched once: suites of tests that no wheel carries. */
export function source_of(name, version, sha256) {
  const folder = `${root}build/sources`
  const file = `${folder}/${name}-${version}.tar.gz`
  mkdirSync(folder, { recursive: true })
  if (!existsSync(file)) {
    execFileSync(existsSync(`${root}build/venv/bin/pip`) ? `${root}build/venv/bin/pip` : 'pip3',
      ['download', '--quiet', '--disable-pip-version-check', '--no-deps', '--no-binary', name, '-d', folder, `${name}==${version}`])
  }
  const found = createHash('sha256').update(readFileSync(file)).digest('hex')
  if (found !== sha256) throw new Error(`${file} is not what it was: ${found}`)
  execFileSync('tar', ['xzf', file, '-C', folder])
  return `${folder}/${name}-${version}`
}
