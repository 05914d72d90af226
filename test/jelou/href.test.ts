import t from 'tap'
import { hrefOf } from '../../src/jelou/href.ts'

t.test('writes the same URL in the same way', async t => {
  t.equal(hrefOf('HTTPS://Example.com:443'), hrefOf('https://example.com/'))
  t.not(hrefOf('https://example.com/a'), hrefOf('https://example.com/A'))
  t.equal(hrefOf('no url'), 'no url')
})
