import { existsSync, mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { Test } from 'tap'
import t from 'tap'
import { freeBytes, Space } from '../../../src/queue/drivers/sqlite-space.ts'
import { directory } from './fixtures/directory.ts'

const MIB = 1024 * 1024

function open(t: Test, { minFree = 10 * MIB, ballast = 0 } = {}) {
  const disk = { free: 100 * MIB, take: () => disk.free }
  const file = join(directory(t), 'queue.db')
  const space = new Space({ file, minFree, ballast, freeBytes: () => disk.take() })
  return { space, disk, ballast: `${file}.ballast` }
}

void t.test('knows the free bytes of a file system', async t => {
  t.ok(freeBytes(dirname(directory(t))) > 0)
})

void t.test('refuses events while there is too little room', async t => {
  const { space, disk } = open(t)
  space.check()
  t.equal(space.failure, undefined)
  disk.free = 10 * MIB - 1
  space.check()
  t.same(space.failure, { kind: 'full', reason: '9 MiB are free, 10 MiB are needed' })
  disk.free = 10 * MIB
  space.check()
  t.not(space.failure, undefined, 'until it has recovered')
  space.recover()
  t.equal(space.failure, undefined)
})

void t.test('refuses events when SQLite found the disk full, until it looks again', async t => {
  const { space } = open(t)
  const failure = { kind: 'full', reason: 'what SQLite said' } as const
  space.full(failure)
  space.check()
  t.equal(space.failure, failure)
  space.recover()
  t.equal(space.failure, undefined)
})

void t.test('makes the ballast, gives it up, and makes it again when there is room for both', async t => {
  const { space, disk, ballast } = open(t, { minFree: 10 * MIB, ballast: 3 * MIB + 5 })
  t.notOk(space.giveUpBallast(), 'none yet')
  space.recover()
  t.match(statSync(ballast), { size: 3 * MIB + 5 })
  t.ok(statSync(ballast).blocks * 512 >= 3 * MIB, 'really written')
  t.equal(statSync(ballast).mode & 0o777, 0o600)
  t.ok(space.giveUpBallast())
  t.notOk(existsSync(ballast))
  t.notOk(space.giveUpBallast())
  disk.free = 12 * MIB
  space.recover()
  t.match(space.failure, { kind: 'full', reason: '12 MiB are free, 13 MiB are needed' })
  t.notOk(existsSync(ballast))
  disk.free = 14 * MIB
  space.recover()
  t.equal(space.failure, undefined)
  t.equal(statSync(ballast).size, 3 * MIB + 5)
  disk.free = 10 * MIB
  space.recover()
  t.equal(space.failure, undefined, 'its room is counted once')
})

void t.test(
  'gives up the ballast for opening where there is no other room, and says so where there is none',
  async t => {
    const { space, disk, ballast } = open(t, { ballast: 2 * MIB })
    space.recover()
    const free = (...bytes: number[]) => (disk.take = () => bytes.shift() ?? 0)
    free(MIB)
    space.makeRoomToOpen()
    t.ok(existsSync(ballast), 'there is enough')
    free(MIB - 1, 2 * MIB)
    space.makeRoomToOpen()
    t.notOk(existsSync(ballast), 'there is enough now')
    free(0, 0)
    t.throws(() => space.makeRoomToOpen(), {
      code: 'ERR_QUEUE_FULL',
      message: /queue\.db cannot be opened: 0 MiB are free, 1 MiB are needed\. Make room/,
    })
  },
)

void t.test('completes a ballast that a crash cut short', async t => {
  const { space, ballast } = open(t, { ballast: 2 * MIB })
  writeFileSync(ballast, 'short')
  space.recover()
  t.equal(statSync(ballast).size, 2 * MIB)
})

void t.test('refuses events when the ballast cannot be written', async t => {
  const parent = join(directory(t), 'ends-here')
  const space = new Space({
    file: join(parent, 'queue.db'),
    minFree: 0,
    ballast: MIB,
    freeBytes: () => 9 * MIB,
  })
  space.recover()
  t.match(space.failure, { kind: 'full', reason: /ENOENT/ })
  mkdirSync(parent)
  space.recover()
  t.equal(space.failure, undefined)
  t.same(readdirSync(parent), ['queue.db.ballast'])
})
