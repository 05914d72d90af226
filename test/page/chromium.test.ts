import { readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { AxeResults } from 'axe-core'
import { pino } from 'pino'
import type { Browser, BrowserContextOptions, Page } from 'playwright-core'
import t, { type Test } from 'tap'
import { buildApp } from '../../src/app.ts'
import { loadConfig } from '../../src/config.ts'
import { createSimulator } from '../../src/simulator/simulator.ts'
import { History } from '../../src/page/history.ts'
import { serve } from '../fixtures/serve.ts'
import { settingsFor } from '../settings.ts'
import { openBrowser } from './browser.ts'
import { takePictures } from './screenshot.ts'
import { listen, startPage } from './harness.ts'
import { testDirectory } from '../fixtures/directory.ts'

t.setTimeout(180_000)

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

/** A page of the browser, and what its console complained of. */
async function open(t: Test, browser: Browser, options: BrowserContextOptions = {}) {
  const context = await browser.newContext(options)
  t.teardown(() => context.close())
  const page = await context.newPage()
  page.setDefaultTimeout(60_000)
  const complaints: string[] = []
  page.on('console', message => void complaints.push(`${message.type()}: ${message.text()}`))
  page.on('pageerror', error => void complaints.push(String(error)))
  return { page, complaints }
}

async function isLive(page: Page): Promise<void> {
  await page.locator('#live[data-state=on]').waitFor()
}

function tile(page: Page, name: string) {
  return page.locator('.tiles div', { hasText: name }).locator('.value')
}

/** A listener by a name that is none of a loopback's. */
function at(name: string, origin: string): string {
  return `http://${name}.receiver.test:${new URL(origin).port}/`
}

const browser = await openBrowser(t)
if (browser) {
  t.test('what happens at the service is seen at once, without a complaint of the browser', async t => {
    const jelou = createSimulator()
    // Not tap's own directory, which is removed before the service is told to end.
    const directory = await mkdtemp(join(tmpdir(), 'page-test-'))
    const config = await loadConfig(await settingsFor(jelou, directory), join(directory, '.env'))
    const app = await buildApp(config, {
      log: pino({ level: 'silent' }),
      onFatal: error => t.fail(String(error)),
    })
    t.teardown(async () => {
      await app.drain()
      await jelou.close()
      await rm(directory, { recursive: true })
    })
    const { adminUrl } = await app.start()
    const { page, complaints } = await open(t, browser)
    await page.goto(adminUrl)
    await isLive(page)
    await page.getByText('Registered with Jelou').waitFor()
    t.equal(await tile(page, 'Accepted').textContent(), '0')
    t.match(await jelou.send(jelou.event('text')), { status: 200 })
    await tile(page, 'Accepted').getByText('1').waitFor()
    await tile(page, 'Waiting').getByText('1').waitFor()
    await jelou.send(jelou.event('text'), { signature: 'forged' })
    const headers = page.locator('.refused summary')
    await headers.waitFor()
    await headers.click()
    await jelou.send(jelou.event('text'), { signature: 'forged' })
    await page.locator('.refused tbody tr').nth(1).waitFor()
    t.equal(
      await page.locator('.refused tbody tr').nth(1).locator('details[open]').count(),
      1,
      'what was open stays open',
    )
    t.strictSame(complaints, [])
    await app.drain()
    await page.locator('#live[data-state=off]').waitFor()
    t.pass('and that it is gone is seen too')
  })

  t.test('a dead letter is sent again with the keyboard alone', async t => {
    const { url, queue, bury, events } = await startPage(t)
    await bury(2)
    const { page, complaints } = await open(t, browser)
    await page.goto(url)
    await isLive(page)
    const isAt = () => page.evaluate<string>('document.activeElement.id')
    for (let presses = 0; presses < 20 && (await isAt()) !== 'redrive-1'; presses++)
      await page.keyboard.press('Tab')
    t.equal(await isAt(), 'redrive-1')
    await bury(1)
    events.accepted = 3
    await page.locator('#redrive-3').waitFor()
    t.equal(await isAt(), 'redrive-1', 'the focus stays where it is when the part is replaced')
    await page.keyboard.press('Enter')
    await page.getByText('Sent again: 1.').waitFor()
    t.match(await queue.stats(), { dead: 2, waiting: 1 })
    t.equal(await page.locator('#redrive-1').count(), 0)
    await isLive(page)
    t.equal(new URL(page.url()).search, '', 'loading it again says nothing of it')
    t.strictSame(complaints, [])
  })

  t.test('what somebody selects is not taken away', async t => {
    const { url, events, publish } = await startPage(t)
    const { page } = await open(t, browser)
    await page.goto(url)
    await isLive(page)
    await page.evaluate(`getSelection().selectAllChildren(document.querySelector('.headline'))`)
    events.accepted = 5
    await publish()
    await page.locator('#queue div', { hasText: 'Waiting' }).getByText('1').waitFor()
    t.equal(await tile(page, 'Accepted').textContent(), '0')
    t.match(await page.evaluate('String(getSelection())'), 'Ready')
    await page.evaluate('getSelection().removeAllRanges()')
    await tile(page, 'Accepted').getByText('5').waitFor()
  })

  t.test('without JavaScript everything is there, and the form works', async t => {
    const { url, queue, bury } = await startPage(t)
    await bury(1)
    const { page, complaints } = await open(t, browser, { javaScriptEnabled: false })
    await page.goto(url)
    t.equal(await page.locator('h2').count(), 5)
    t.equal(await page.locator('figure svg[role=img]').count(), 3)
    await page.getByText('The same as a table').click()
    t.ok(await page.getByText(/Nothing yet|Newest first; times/).isVisible())
    await page.getByRole('button', { name: 'Redrive number 1' }).click()
    await page.getByText('Sent again: 1.').waitFor()
    t.match(await queue.stats(), { dead: 0, waiting: 1 })
    t.strictSame(complaints, [])
  })

  t.test('with a token the browser logs in, and everything works as without', async t => {
    const token = 'a-token-of-sixteen'
    const { url, queue, bury, events } = await startPage(t, { token })
    await bury(1)
    const { page, complaints } = await open(t, browser, {
      httpCredentials: { username: '', password: token },
    })
    await page.goto(url)
    await isLive(page)
    events.accepted = 7
    await tile(page, 'Accepted').getByText('7').waitFor()
    await page.getByRole('button', { name: 'Redrive all 1' }).click()
    await page.getByText('Sent again: 1.').waitFor()
    t.match(await queue.stats(), { dead: 0, waiting: 1 })
    t.strictSame(complaints, [])
    const stranger = await open(t, browser)
    const answer = await stranger.page.goto(url).catch((error: Error) => error.message)
    t.match(
      typeof answer === 'string' ? answer : String(answer?.status()),
      /401|ERR_INVALID_AUTH_CREDENTIALS/,
    )
  })

  t.test(
    'over plain HTTP the page is live, and images of another site do not listen in its place',
    async t => {
      const token = 'a-token-of-sixteen'
      const { url } = await startPage(t, { token })
      const images = Array.from(
        { length: 6 },
        (_, n) => `<img src="${at('page', url)}events?${n}" referrerpolicy="${n % 2 ? 'no-referrer' : ''}">`,
      )
      const { origin } = await serve(t, (_request, response) =>
        response.writeHead(200, { 'content-type': 'text/html' }).end(images.join('')),
      )
      const { page } = await open(t, browser, { httpCredentials: { username: '', password: token } })
      let asked = 0
      page.on('request', request => (asked += request.url().includes('/events?') ? 1 : 0))
      await page.goto(at('other', origin))
      t.equal(asked, 6)
      // Of three places.
      const headers = { authorization: `Bearer ${token}` }
      for (let n = 0; n < 2; n++) t.equal((await listen(t, url, headers)).status, 200)
      await page.goto(at('page', url))
      await isLive(page)
    },
  )

  for (const colorScheme of ['light', 'dark'] as const)
    for (const width of [1280, 360])
      t.test(`it can be used by everybody, ${colorScheme}, ${width} pixels wide`, async t => {
        let time = 1_000_000_000_000
        const history = new History(() => time)
        for (const outcome of ['accepted', 'duplicate', 'ERR_SIGNATURE_INVALID']) {
          history.observe({ outcome, timeline: { received: 0 }, answered: 3 })
          time += 60_000
        }
        const { url, bury, refusals } = await startPage(t, { history })
        await bury(2)
        for (const headers of [['host'], ['host', 'x'.repeat(64), 'y'.repeat(64)]])
          refusals.push({
            time: new Date().toISOString(),
            check: 'ERR_SIGNATURE_INVALID',
            statusCode: 401,
            headers,
            bodyLength: 3,
            source: '2001:db8:1234:5678:9abc:def0:1234:5678',
          })
        const { page } = await open(t, browser, {
          colorScheme,
          viewport: { width, height: 800 },
          bypassCSP: true,
        })
        await page.goto(url)
        await isLive(page)
        for (const summary of await page.locator('summary').all()) await summary.click()
        t.equal(await page.evaluate('document.documentElement.scrollWidth'), width, 'nothing hangs over')
        await page.addScriptTag({ content: axe })
        const { violations, incomplete } = await page.evaluate<AxeResults>('axe.run()')
        const found = [...violations, ...incomplete].flatMap(({ id, nodes }) =>
          // Whether a shape can be told from its ground is not what axe knows; words stand beside each.
          nodes.filter(({ html }) => !html.includes('class="shape"')).map(({ html }) => `${id}: ${html}`),
        )
        t.strictSame(found, [])
      })

  t.test('the pictures of the README can be taken anew', async t => {
    const folder = testDirectory(t)
    await takePictures(1_000, folder)
    for (const name of ['page.png', 'page-dark.png'])
      t.match(readFileSync(`${folder}/${name}`).subarray(1, 4).toString(), 'PNG')
  })
}
