// The rock cron against npm's croner: valid patterns, and their times over a year in zones that change their clocks.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import { Cron } from 'croner'
import { ask, random } from './rock.mjs'

const SEED = Number(process.env.ROCK_SEED ?? 1)
const ZONES = ['America/New_York', 'Europe/Stockholm', 'Australia/Lord_Howe', 'Africa/Cairo']

// A case has a pattern, a zone, the times from which to look, and for how many steps.
const NEXT = `
  local cron = require "cron"
  local zones = {}
  return function(case)
    if case.bytes then
      zones[case.zone] = assert(cron.tzif(case.bytes))
      return ""
    end
    local schedule, err = cron.parse(case.pattern)
    if not schedule then return "refused" end
    local out = {}
    for _, from in ipairs(case.from) do
      local at = from
      for _ = 1, case.steps do
        at = schedule:next(at, zones[case.zone])
        out[#out + 1] = tostring(at)
        if not at then break end
      end
    end
    return table.concat(out, " ")
  end`

const zone_files = ZONES.map((zone) => ({ zone, bytes: readFileSync(`/usr/share/zoneinfo/${zone}`) }))

function wanted(each) {
  let job
  try { job = new Cron(each.pattern, { timezone: each.zone, mode: '5-part' }) } catch { return 'refused' }
  const out = []
  for (const from of each.from) {
    let at = new Date(from * 1000)
    for (let i = 0; i < each.steps; i++) {
      at = job.nextRun(at)
      out.push(at ? String(at.getTime() / 1000) : 'nil')
      if (!at) break
    }
  }
  return out.join(' ')
}

async function compare(cases) {
  const answers = (await ask(NEXT, [...zone_files, ...cases])).slice(ZONES.length)
  const differing = cases.map((each, i) => ({ ...each, want: wanted(each), got: answers[i] })).filter((each) => each.want !== each.got)
  assert.deepEqual(differing.slice(0, 3), [])
}

const YEAR = Date.UTC(2026, 0, 1) / 1000
const TRANSITIONS = { 'America/New_York': ['2026-03-08', '2026-11-01'], 'Europe/Stockholm': ['2026-03-29', '2026-10-25'],
  'Australia/Lord_Howe': ['2026-04-04', '2026-10-03'], 'Africa/Cairo': ['2026-04-23', '2026-10-29'] }

function field(r, low, high) {
  const n = () => low + r.below(high - low + 1)
  const kind = r.below(6)
  if (kind < 2) return '*'
  if (kind === 2) return `*/${1 + r.below(high - low + 1)}`
  if (kind === 3) { const [a, b] = [n(), n()].sort((x, y) => x - y); return `${a}-${b}${r.chance(0.4) ? `/${1 + r.below(4)}` : ''}` }
  if (kind === 4) return `${n()},${n()}`
  return String(n())
}

const days = (r) => (r.chance(0.15) ? r.pick(['L', '15W', '1W', 'LW', '31', 'L,3']) : r.chance(0.6) ? '*' : field(r, 1, 31))
const weekdays = (r) => r.chance(0.2) ? r.pick(['MON-FRI', '5#2', '1L', 'sun', 'FRI-SUN', '7', '+1', '1-5#L', 'TUE#1,4']) : r.chance(0.6) ? '*' : field(r, 0, 6)
const months = (r) => (r.chance(0.7) ? '*' : r.pick(['JAN-JUN', 'mar,OCT,nov', '2', '*/3', field(r, 1, 12)]))

test('random patterns have the times of croner over a year in four zones', async () => {
  const r = random(SEED)
  await compare(Array.from({ length: 400 }, () => ({ zone: r.pick(ZONES), steps: 8,
    pattern: [field(r, 0, 59), field(r, 0, 23), days(r), months(r), weekdays(r)].join(' '),
    from: Array.from({ length: 6 }, () => YEAR + r.below(365 * 1440) * 60 + r.below(60)) })))
})

test('where clocks change, single times and series match croner\'s', async () => {
  const r = random(SEED + 1)
  const cases = []
  for (const zone of ZONES) {
    for (const day of TRANSITIONS[zone]) {
      const begins = Date.parse(`${day}T00:00:00Z`) / 1000 - 10 * 3600
      for (let i = 0; i < 60; i++) {
        const minute = r.pick(['0', '30', '15', '*/15', '*/30', '0,45', '*', '5-5', '*/60'])
        const hour = r.pick(['0', '1', '2', '3', '23', '0-3', '1,2', '*', '*/2', '2,3', '1-1', '0'])
        cases.push({ zone, pattern: `${minute} ${hour} * * *`, steps: 10, from: [begins + r.below(30 * 60) * 60] })
      }
    }
  }
  await compare(cases)
})

test('refuses and accepts the same patterns as croner', async () => {
  const patterns = `@daily|@Hourly|@weekly|@monthly|@yearly|@annually|@midnight|@reboot|0 0 L * *|0 0 * * 5#2|0 0 * * 5L|0 0 * * L
0 0 15W * *|0 0 13 * 5|0 0 13 * +5|0 0 * * 5-7|0 0 * * SAT-MON|0 0 * * 6-1|0 0 * JAN-mar MON,tue|5/15 * * * *|/5 * * * *|*/0 * * * *
60 * * * *|0 0 31 2 *|0 0 * * mon#L|? ? * * *|0 0 ? * MON|0 0 29 2 *|1-5/2 * * * *|* * * *|0  0 * * *|0 0 * * 0#6|0,,5 * * * *
5-1 * * * *|*,5 * * * *|*/61 * * * *|0 0 L,1 * *|0 0 L-2 * *|0 0 1-L * *|0 0 * JANUARY *|0 0 * * FRI#2,TUE|0 0 1 * */2|0 0 * * 8
0 0 0 * *|0 0 * 0 *|0 0 * 13 *|0 24 * * *|MON * * * *|0 0 * * 1#2-4|0 0 32 * *|-1 * * * *|+1 0 * * *|0 0 * * *#2|0 0 * * 1-5#2
0 0 31W * *|0 0 15W,L * *|0 0 1-5W * *|0 0 * JAN-JUN/2 *|0 0 * * 1,2,3/2|1-10/20 * * * *|0 0 +1 * 1|1.5 * * * *|1e1 * * * *|0x1 * * * *
005 * * * *|0 0 ** * *|*/* * * * *|*-5 * * * *|5-* * * * *|0 0 W * *|0 0 32W * *|0 0 L1 * *|0 0 l * *|0 0 * * 5#|0 0 * * #2|0 0 * * 0-0
0 0 * * 7-1|*/60 * * * *|0 */25 * * *|0 0 */31 * *|0 0 * */12 *|0 0 * * */7|0 0 * * */2#2|0 0 1,15W * 5|0 0 * * 1+|@never||0 0 * * SUN-SAT`
    .split(/[|\n]/)
  await compare(patterns.map((pattern) => ({ zone: 'Europe/Stockholm', pattern, steps: 3, from: [YEAR] })))
})

// The same files as another reader of them sees them: Python's zoneinfo.
const PYTHON = `
import datetime, json, sys, zoneinfo
names, times = json.load(sys.stdin)
zoneinfo.reset_tzpath(['/usr/share/zoneinfo'])
zones = [zoneinfo.ZoneInfo(name) for name in names]
print(json.dumps([[int(datetime.datetime.fromtimestamp(at, zone).utcoffset().total_seconds()) for at in times] for zone in zones]))`

// Files of zones come with all times written out, or with few and a rule at their end.  The JavaScript engine has zones of
// its own, of another year perhaps, so most of them must be the same.
test('zones have the offsets that Python reads and the JavaScript engine knows', async () => {
  const names = [...ZONES, 'UTC', 'Asia/Kolkata', 'America/St_Johns', 'Pacific/Apia', 'Asia/Tehran', 'America/Santiago', 'Europe/Dublin',
    'Africa/Casablanca', 'Antarctica/Troll'].filter((name) => existsSync(`/usr/share/zoneinfo/${name}`))
  const r = random(SEED + 2)
  const from = Date.UTC(1975, 0, 1) / 1000
  const times = Array.from({ length: 300 }, () => from + r.below(60 * 365 * 24) * 3600)
  const OFFSETS = `
    local cron = require "cron"
    return function(case)
      local zone, out = assert(cron.tzif(case.bytes)), {}
      for i, at in ipairs(case.times) do out[i] = cron.offset(zone, at) end
      return table.concat(out, " ")
    end`
  const answers = await ask(OFFSETS, names.map((name) => ({ bytes: readFileSync(`/usr/share/zoneinfo/${name}`), times })))
  const python = spawnSync('python3', ['-c', PYTHON], { input: JSON.stringify([names, times]), encoding: 'utf8' })
  assert.equal(python.status, 0, python.stderr)
  const read = JSON.parse(python.stdout)
  let alike = 0
  names.forEach((name, i) => {
    const format = new Intl.DateTimeFormat('en-US', { timeZone: name, hourCycle: 'h23', year: 'numeric', month: 'numeric', day: 'numeric',
      hour: 'numeric', minute: 'numeric', second: 'numeric' })
    const want = times.map((at) => {
      const p = Object.fromEntries(format.formatToParts(at * 1000).map((each) => [each.type, Number(each.value)]))
      return Date.UTC(p.year, p.month - 1, p.day, p.hour, p.minute, p.second) / 1000 - at
    })
    const got = answers[i].split(' ').map((n) => Number(n) + 0)
    assert.deepEqual(got, read[i], name)
    if (times.every((_, k) => want[k] === got[k])) alike += 1
  })
  assert.ok(alike >= 0.7 * names.length, `${alike} of ${names.length} zones are what the engine has`)
})
