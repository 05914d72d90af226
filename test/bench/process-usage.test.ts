import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import t from 'tap'
import { childrenCpu, usageOf, usageOfGroup } from './process-usage.ts'

const skip = existsSync('/proc/self/stat') ? false : 'there is no /proc'

t.test('a process is seen to use processor and memory', { skip }, async t => {
  const before = usageOf(process.pid)
  for (const until = performance.now() + 100; performance.now() < until;);
  const after = usageOf(process.pid)
  t.ok(after.cpu > before.cpu)
  t.ok(after.rss > 10 && after.peak >= after.rss, `${after.rss} MB`)
})

t.test('a group counts as one, and who is not there as nothing', { skip }, async t => {
  const script =
    'for (const end = Date.now() + 200; Date.now() < end;); console.log(1); setInterval(() => {}, 1e6)'
  const child = spawn('sh', ['-c', `"${process.execPath}" -e "$0" & wait`, script], {
    detached: true,
    env: {},
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  await once(child.stdout, 'data')
  t.ok(usageOfGroup(child.pid).cpu > 0.1, 'what the shell started is in it')
  process.kill(-Number(child.pid), 'SIGKILL')
  await once(child, 'close')
  // No process has such a number.
  t.strictSame(usageOfGroup(2 ** 30), { cpu: 0, rss: 0, peak: 0 })
  t.strictSame(usageOf(child.pid), { cpu: 0, rss: 0, peak: 0 })
  t.strictSame(usageOf(undefined), { cpu: 0, rss: 0, peak: 0 })
})

t.test('children that have ended are counted', { skip }, async t => {
  const before = childrenCpu()
  spawnSync(process.execPath, ['-e', 'for (const end = Date.now() + 100; Date.now() < end;);'], { env: {} })
  t.ok(childrenCpu() > before)
})
