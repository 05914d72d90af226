import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import t, { type Test } from 'tap'
import type { Kept } from '../../src/registration/kept.ts'
import type { RegistrarOptions } from '../../src/registration/options.ts'
import type { Fault } from '../../src/simulator/faults.ts'
import type { Simulator } from '../../src/simulator/simulator.ts'
import type { CrashTask } from './fixtures/crash-child.ts'
import { edit, remove } from './fixtures/kept-case.ts'
import { createWorld, verifies, WEBHOOK_URL, type World } from './fixtures/world.ts'
import { testDirectory } from '../fixtures/directory.ts'

/** A row of registration's table, whose pass has `steps` steps (before and after each call and each write). */
type Row = {
  name: string
  steps: number
  prepare?: (world: World) => Promise<void>
  disturb?: (simulator: Simulator) => void
  faults?: Fault[]
  desired?: Partial<RegistrarOptions['desired']>
  secretLost?: 'recreate'
  /** What somebody asks for. */
  request?: 'rotate' | 'unregister'
  /** How every start ends, killed before or not, when it is not ready. */
  exit?: string
}

const exists: Row['prepare'] = async ({ api }) =>
  void (await api.create({ webhookUrl: WEBHOOK_URL, authType: 'no_auth' }))
const kept: Row['prepare'] = world => world.register()
const foreign = edit({ id: 'foreign', signingSecret: 'not-ours' })

const rows: Row[] = [
  { name: 'a first create', steps: 8 },
  { name: 'a first create, recreate', steps: 8, secretLost: 'recreate' },
  {
    name: 'a first create that is refused',
    steps: 10,
    faults: [{ method: 'POST', status: 422 }],
    exit: 'ERR_REGISTRATION_REJECTED',
  },
  { name: 'an integration whose secret is lost', steps: 10, prepare: exists, exit: 'ERR_SECRET_LOST' },
  {
    name: 'an integration whose secret is lost, recreate',
    steps: 18,
    prepare: exists,
    secretLost: 'recreate',
  },
  { name: 'as configured', steps: 2, prepare: kept },
  { name: 'an update', steps: 8, prepare: kept, desired: { authorization: 'configured' } },
  { name: 'the integration is gone', steps: 10, prepare: kept, disturb: remove },
  {
    name: 'the integration is gone, recreate',
    steps: 10,
    prepare: kept,
    disturb: remove,
    secretLost: 'recreate',
  },
  {
    name: 'somebody created it anew, recreate',
    steps: 16,
    prepare: kept,
    disturb: foreign,
    secretLost: 'recreate',
  },
  { name: 'a rotation', steps: 10, prepare: kept, request: 'rotate' },
  { name: 'a rotation of what is gone', steps: 10, prepare: kept, disturb: remove, request: 'rotate' },
  { name: 'the end', steps: 8, prepare: kept, request: 'unregister' },
  { name: 'the end of what is gone', steps: 6, prepare: kept, disturb: remove, request: 'unregister' },
]

t.setTimeout(180_000)
t.jobs = 2
const compileCache = testDirectory(t)

/** Resolves with the signal that ended the child, null when it got through. Without tap's loader it starts four times as fast. */
async function runChild(task: CrashTask): Promise<unknown> {
  const file = fileURLToPath(new URL('fixtures/crash-child.ts', import.meta.url))
  const command = [`NODE_COMPILE_CACHE=${compileCache}`, process.execPath, file, JSON.stringify(task)]
  const child = spawn('/usr/bin/env', ['-i', ...command], { stdio: 'inherit' })
  const [code, signal]: unknown[] = await once(child, 'exit')
  if (code !== 0 && signal !== 'SIGKILL') throw new Error(`the child ended with ${String(code)}`)
  return signal
}

function secretsOf(kept: Kept | null): (string | undefined)[] {
  return [kept?.integration, ...(kept?.previousSecrets ?? [])].map(entry => entry?.secret)
}

async function crash(t: Test, row: Row, killAt: number): Promise<void> {
  const world = await createWorld(t)
  const { simulator, directory, open } = world
  const { projectId, callers } = simulator
  await row.prepare?.(world)
  const before = row.prepare === kept ? simulator.integration?.signingSecret : undefined
  row.disturb?.(simulator)
  for (const fault of row.faults ?? []) simulator.faults.add(fault)
  const desired = { projectId, webhookUrl: WEBHOOK_URL, authType: 'bearer' as const, ...row.desired }
  const secretLost = row.secretLost ?? 'fail'
  const { baseUrl } = world
  const { request = 'reconcile' } = row
  const task: CrashTask = { killAt, baseUrl, apiKey: callers.apiKey, directory, desired, secretLost, request }
  const signal = await runChild(task)
  t.equal(signal, killAt > row.steps ? null : 'SIGKILL', 'every step has its turn, and there are no more')

  world.endLease()
  const { registrar, store, fatals } = await open({ desired, secretLost })
  const secrets = secretsOf(await store.load())
  if (before !== undefined) t.ok(secrets.includes(before) && verifies(registrar, before), 'the kept secret')
  const current = simulator.integration?.signingSecret
  const isLost = current !== undefined && !secrets.includes(current)
  await registrar.reconcile()
  const exit =
    row.exit ?? (isLost && request === 'reconcile' && secretLost === 'fail' ? 'ERR_SECRET_LOST' : undefined)
  t.same(
    fatals.map(({ code }) => code),
    exit === undefined ? [] : [exit],
    'ends only where that is documented',
  )
  if (row.exit === undefined && exit !== undefined) t.match(fatals[0], { message: /interrupted/ })
  // Before the first step is done nobody knows of the wish.
  const isOver = request === 'unregister' && killAt > 1
  t.equal(registrar.status().phase === 'unregistered', isOver, 'what began is finished')
  if (isOver) t.equal(simulator.integration, undefined)
  const isReady = verifies(registrar, simulator.integration?.signingSecret ?? before)
  t.equal(isReady, exit === undefined, 'else ready with what Jelou signs with')
  const after = await store.load()
  if (before !== undefined) t.ok(secretsOf(after).includes(before), 'never thrown away')
  if (request === 'rotate' && killAt > 1)
    t.not(after?.integration?.secret, before, 'a rotation that began is finished')
  if (request === 'rotate')
    t.match(after, { createPending: undefined, rotating: undefined }, 'and nothing of it is left')
}

for (const row of rows) {
  void t.test(row.name, { buffered: true }, async t => {
    for (let killAt = 1; killAt <= row.steps + 1; killAt++) {
      await t.test(`killed at step ${killAt}`, t => crash(t, row, killAt))
    }
  })
}
