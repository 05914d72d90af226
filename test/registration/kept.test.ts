import t from 'tap'
import { afterCreate, afterUpdate, keptSchema, type Target } from '../../src/registration/kept.ts'

const target: Target = {
  projectId: 'p',
  webhookUrl: 'https://a.example/',
  authType: 'bearer',
  authorization: 'new',
}
const integration = {
  secret: 's',
  since: 1,
  webhookUrl: 'https://a.example/',
  authType: 'bearer',
  authorization: 'old',
} as const

void t.test('an older or later record is read, and what is unknown stays', async t => {
  t.same(keptSchema.parse({}), { previousSecrets: [], previousCredentials: [] })
  const later = { shard: 7, integration: { ...integration, region: 'x' } }
  const kept = keptSchema.parse(later)
  t.match(kept, later)
  t.match(afterUpdate(kept, { ...integration, region: 'x' }, target, 5), {
    shard: 7,
    integration: { region: 'x', authorization: 'new' },
  })
  t.match(afterCreate(kept, { signingSecret: 'next' }, target, { now: 5, graceWindow: 10 }), {
    shard: 7,
    integration: { secret: 'next', since: 5 },
    previousSecrets: [{ secret: 's', until: 15 }],
    previousCredentials: [{ authType: 'bearer', authorization: 'old', until: 15 }],
  })
})

void t.test('what has expired is not kept any longer', async t => {
  const expired = {
    previousSecrets: [{ secret: 'x', until: 5 }],
    previousCredentials: [{ ...target, until: 5 }],
  }
  const kept = keptSchema.parse({ ...expired, integration: { ...integration, authorization: 'new' } })
  for (const [now, count] of [
    [4, 1],
    [5, 0],
  ] as const) {
    const after = afterUpdate(kept, { ...integration, authorization: 'new' }, target, now)
    t.equal(after.previousSecrets.length, count)
    t.equal(after.previousCredentials.length, count)
  }
})

void t.test('what is broken is refused', async t => {
  const cases: Record<string, unknown>[] = [
    { integration: { ...integration, secret: '' } },
    { integration: { ...integration, authType: 'other' } },
    { integration: { ...integration, since: 'yesterday' } },
    { previousSecrets: [{ secret: 's' }] },
    { previousCredentials: 'none' },
    { createPending: true },
    { token: 5 },
  ]
  for (const kept of cases) t.notOk(keptSchema.safeParse(kept).success, JSON.stringify(kept))
})
