import { join } from 'node:path'
import { pino } from 'pino'
import t, { type Test } from 'tap'
import { loadConfig } from '../src/config.ts'
import { openExaminer } from '../src/open-examiner.ts'
import { createSimulator } from '../src/simulator/simulator.ts'
import { freePort } from './brokers/server.ts'
import { testDirectory } from './fixtures/directory.ts'

async function examined(t: Test, environment: Record<string, string>, now = Date.now) {
  const directory = testDirectory(t)
  const config = await loadConfig(
    { JELOU_PROJECT_ID: 'p', DATA_DIR: directory, ...environment },
    join(directory, 'no-such-file'),
  )
  const examiner = openExaminer(config, { log: pino({ level: 'silent' }), now })
  await examiner.examine()
  return examiner.found.map(({ name }) => name).filter(name => name !== 'disk')
}

const hourBehind = () => Date.now() - 3_600_000

t.test('it looks at what may change while the service runs', async t => {
  const jelou = createSimulator()
  t.teardown(() => jelou.close())
  const api = { JELOU_API_URL: await jelou.listen(), JELOU_API_KEY: 'k' }
  const nowhere = `https://0.0.0.0:${await freePort()}`
  t.same(await examined(t, { ...api, PUBLIC_URL: 'http://127.0.0.1:1' }), [])
  t.same(await examined(t, { ...api, PUBLIC_URL: 'http://127.0.0.1:1' }, hourBehind), ['clock'])
  t.same(await examined(t, { ...api, PUBLIC_URL: nowhere }), ['public-url', 'certificate'])
  const configured = { JELOU_SIGNING_SECRET: 's', PUBLIC_URL: 'http://127.0.0.1:1' }
  t.same(await examined(t, configured, hourBehind), [], 'nothing is asked of Jelou')
})
