import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { findMisspelt } from '../src/config.ts'
import { testDirectory } from './fixtures/directory.ts'

t.test('names that are nearly right', async t => {
  const none = join(testDirectory(t), 'none')
  const cases = [
    ['QUEUE_ULR', 'QUEUE_URL'],
    ['JELOU_APIKEY', 'JELOU_API_KEY'],
    ['WEBHOOK_AUTHORISATION', 'WEBHOOK_AUTHORIZATION'],
    ['SPOOL_LIMITS', 'SPOOL_LIMIT'],
    ['JELOU_PROJECTID', 'JELOU_PROJECT_ID'],
    ['queue_url', undefined],
    ['QUEUE_URL', undefined],
    ['PORTS', undefined],
    ['HOSTNAME', undefined],
    ['JELOU_RECEIVER_PORT', undefined],
    ['QUEUE_SERVICE_HOST', undefined],
  ] as const
  for (const [name, meant] of cases)
    t.same(findMisspelt({ [name]: 'x' }, none), meant === undefined ? [] : [{ name, meant }], name)
})

t.test('the .env file is looked at too', async t => {
  const file = join(testDirectory(t), '.env')
  writeFileSync(file, '# DATA_DIR\nDATADIR=./data\nPORT=1\n')
  t.same(findMisspelt({ STATEURL: 'x' }, file), [
    { name: 'STATEURL', meant: 'STATE_URL' },
    { name: 'DATADIR', meant: 'DATA_DIR' },
  ])
})
