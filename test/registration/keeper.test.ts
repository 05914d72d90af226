import t from 'tap'
import { createKeeper } from '../../src/registration/keeper.ts'
import { withLock } from '../../src/state/lock.ts'
import { createWorld } from './fixtures/world.ts'

void t.test('an answer is not kept once somebody else has begun a create', async t => {
  const { open, register, endLease } = await createWorld(t)
  await register()
  const { store, backend, edit } = await open()
  const keeper = createKeeper(store, Date.now)
  await keeper.load()
  const { integration, ...before } = keeper.kept()
  await withLock(backend, {}, async held => {
    await keeper.save({ ...before, createPending: 1, createOwner: 'a' }, held)
    endLease()
    await edit(kept => ({ ...kept, createOwner: 'b' }))
    await keeper.load()
    const late = { ...before, ...(integration && { integration: { ...integration, secret: 'late' } }) }
    await t.rejects(keeper.keep(late, 'a', held), { code: 'ERR_STATE_FENCED' })
  })
  t.notOk(keeper.isSaved())
  await keeper.load()
  t.ok(keeper.isSaved())
  t.same(keeper.kept(), { ...before, createPending: 1, createOwner: 'b' })
})
