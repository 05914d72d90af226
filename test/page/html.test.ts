import t from 'tap'
import { html, type Content } from '../../src/page/html.ts'

const ATTACK = `<script>alert("1")</script>' onload='x' &amp;`
const ESCAPED = '&#60;script&#62;alert(&#34;1&#34;)&#60;/script&#62;&#39; onload=&#39;x&#39; &#38;amp;'

const cases: [Content, string][] = [
  ['text', 'text'],
  [ATTACK, ESCAPED],
  [12.5, '12.5'],
  [0, '0'],
  ['', ''],
  [null, ''],
  [undefined, ''],
  [false, ''],
  [html`<b>${'<'}</b>`, '<b>&#60;</b>'],
  [['<', html`<i></i>`, [1, [null, '>']]], '&#60;<i></i>1&#62;'],
]

t.test('every value is escaped but what is HTML already', async t => {
  for (const [value, expected] of cases)
    t.equal(html`<p title="${value}">${value}</p>`.toString(), `<p title="${expected}">${expected}</p>`)
})

t.test('what only looks like HTML is escaped too', async t => {
  const alike = { toString: () => '<b>' }
  // What no type allows, but data from outside might be.
  t.throws(() => html`${alike as unknown as Content}`)
  t.equal(html`${['<b>'] as Content}`.toString(), '&#60;b&#62;')
})

t.test('an attribute without quotes is refused', async t => {
  t.throws(() => html`<a id=${'x y'}></a>`, { name: 'TypeError', message: /quotes.*<a id=/ })
})
