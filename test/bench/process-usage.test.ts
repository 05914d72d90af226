import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import t from 'tap'
import { childrenCpu, usageOf, usageOfGroup } from './process-usage.ts'

const skip = existsSync('/proc/self/stat') ? false : 'there is no /proc'

/** Takes 200 ms of the processor, however long that takes. */
const WORK = 'while (process.cpuUsage().user < 2e5);'

function work(): void {
  const before = process.cpuUsage()
  while (process.cpuUsage(before).user < 200_000);
}

t.test('a process is seen to use processor and memory', { skip }, async t => {
  const before = usageOf(process.pid)
  work()
  const after = usageOf(process.pid)
  t.ok(after.cpu > before.cpu)
  t.ok(after.rss > 10 && after.peak >= after.rss, `${after.rss} MB`)
})

t.test('a group counts as one, and who is not there as nothing', { skip }, async t => {
  const script = `${WORK}; console.log(1); setInterval(() => {}, 1e6)`
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
  spawnSync(process.execPath, ['-e', WORK], { env: {} })
  t.ok(childrenCpu() > before)
})
