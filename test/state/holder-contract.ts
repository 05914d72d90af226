import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { Test } from 'tap'
import { open, randomId, taken, type StateUnderTest } from './fixtures/backend.ts'
import type { Holder } from './fixtures/holder.ts'

const HOLDER = fileURLToPath(new URL('fixtures/holder.ts', import.meta.url))

/** What becomes of the lock of a process that dies, or that is stopped for longer than its lease. */
export function holderContract(t: Test, state: StateUnderTest): void {
  void t.test('a holder that works writes', async t => {
    const projectId = randomId()
    const holder = await startHolder(t, state, { projectId, lease: 60_000 })
    holder.child.stdin?.write('go')
    t.equal(await holder.ended, 'held\ncheck passed, write written\n')
    const backend = await open(t, state, { projectId })
    t.same(await backend.read(), Buffer.from('of the holder'))
    t.ok(await backend.acquire(1000), 'and gave the lock back')
  })

  void t.test('a holder that is killed delays nobody for longer than its lease', async t => {
    const projectId = randomId()
    const backend = await open(t, state, { projectId })
    const holder = await startHolder(t, state, { projectId, lease: 1500 })
    holder.child.kill('SIGKILL')
    await holder.ended
    await taken(backend)
    t.pass('the lock is free again')
  })

  void t.test('a holder that is stopped past its lease writes nothing when it wakes', async t => {
    const projectId = randomId()
    const backend = await open(t, state, { projectId })
    const holder = await startHolder(t, state, { projectId, lease: 1500 })
    holder.child.kill('SIGSTOP')
    const { fence } = await taken(backend)
    await backend.write(Buffer.from('of the next'), fence)
    holder.child.stdin?.write('go')
    holder.child.kill('SIGCONT')
    t.equal(await holder.ended, 'held\ncheck ERR_STATE_FENCED, write ERR_STATE_FENCED\n')
    t.same(await backend.read(), Buffer.from('of the next'))
    t.equal(await backend.acquire(1000), null, 'nor did it free the lock')
  })
}

async function startHolder(
  t: Test,
  state: StateUnderTest,
  task: Pick<Holder, 'projectId' | 'lease'>,
): Promise<{ child: ChildProcess; ended: Promise<string> }> {
  const holder: Holder = { ...task, url: state.url().href, directory: state.directory }
  const child = spawn(process.execPath, [HOLDER, JSON.stringify(holder)], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  let output = ''
  child.stdout.on('data', (chunk: Buffer) => (output += String(chunk)))
  const ended = once(child, 'close').then(() => output)
  t.teardown(async () => {
    child.kill('SIGKILL')
    await ended
  })
  while (!output.includes('held\n')) {
    if (child.exitCode !== null) throw new Error(`the holder ended: ${output}`)
    await Promise.race([once(child.stdout, 'data'), ended])
  }
  return { child, ended }
}
