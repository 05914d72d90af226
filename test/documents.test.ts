import { basename } from 'node:path'
import t from 'tap'
import { loadConfig } from '../src/config.ts'
import { documents } from './documents.ts'

t.test(
  '.env.example, the tables of variables and metrics and the schemas are those of the code: `npm run docs` writes them',
  async t => {
    for (const { path, expected, actual } of await documents()) t.equal(actual, expected, basename(path))
  },
)

t.test('the example becomes a configuration once the required values are there', async t => {
  const [example] = await documents()
  const required = { JELOU_PROJECT_ID: 'p', PUBLIC_URL: 'https://example.com', JELOU_API_KEY: 'k' }
  t.match(await loadConfig(required, example?.path), { JELOU_PROJECT_ID: 'p', PORT: 3000 })
})
