import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { pino } from 'pino'
import { request } from 'undici'
import { buildApp } from '../../src/app.ts'
import { loadConfig } from '../../src/config.ts'
import { createSimulator, type Simulator } from '../../src/simulator/simulator.ts'
import { settingsFor } from '../settings.ts'
import { chromiumPath, launchChromium } from './browser.ts'

const IMAGES = join(import.meta.dirname, '../../docs/images')
/** A quarter of an hour, which fills the charts, in ms. */
const TRAFFIC = 15 * 60_000
/** Events per second, each for a while: a day in small. */
const RATES = [4, 9, 14, 18, 12, 16, 22, 15, 8, 5]
const STEP = 20_000

/**
 * Takes the pictures of the page that the README shows, light and dark, into a folder that is there: of the real service, which a
 * simulated Jelou has sent events for so many ms. Throws where there is no Chromium.
 */
export async function takePictures(duration: number, folder: string): Promise<void> {
  const executable = chromiumPath()
  if (executable === undefined) throw new Error('install chromium, or name it in TEST_CHROMIUM')
  const directory = await mkdtemp(join(tmpdir(), 'jelou-receiver-page-'))
  const jelou = createSimulator({ projectId: 'support-panel' })
  const config = await loadConfig(await settingsFor(jelou, directory), join(directory, '.env'))
  const app = await buildApp(config, { log: pino({ level: 'silent' }), onFatal: console.error })
  const browser = await launchChromium(executable)
  try {
    const { adminUrl } = await app.start()
    while (app.registrar.accepted() === null) await sleep(20)
    for (const reason of ['the CRM answers 500', 'no such contact']) await bury(jelou, adminUrl, reason)
    await converse(jelou, adminUrl, duration)
    for (const colorScheme of ['light', 'dark'] as const) {
      const page = await browser.newPage({ colorScheme, viewport: { width: 1280, height: 800 } })
      await page.goto(adminUrl)
      await page.locator('#live[data-state=on]').waitFor()
      await page.screenshot({
        path: join(folder, colorScheme === 'light' ? 'page.png' : 'page-dark.png'),
        fullPage: true,
      })
      await page.close()
    }
  } finally {
    await browser.close()
    await app.drain()
    await jelou.close()
    await rm(directory, { recursive: true })
  }
}

/** Sends an event that a consumer gives back until it is a dead letter. */
async function bury(jelou: Simulator, adminUrl: string, reason: string): Promise<void> {
  await jelou.send(jelou.event('text'))
  for (let attempt = 1; attempt <= 5; attempt++) {
    const leases = await receive(adminUrl)
    await call(adminUrl, '/queue/nack', { leases, reason })
  }
}

/** Traffic that comes and goes, some of it again, some of it not from Jelou, and a consumer that takes a break now and then. */
async function converse(jelou: Simulator, adminUrl: string, duration: number): Promise<void> {
  const over = AbortSignal.timeout(duration)
  const forging = (async () => {
    for (let n = 0; !over.aborted; n++) {
      await jelou.send(jelou.event('text'), { signature: 'forged' })
      if (n % 4 === 0) await jelou.send('{"event":')
      await sleep(7_000, undefined, { signal: over }).catch(() => {})
    }
  })()
  const consuming = (async () => {
    for (let n = 0; !over.aborted; n++) {
      const leases = await receive(adminUrl)
      await call(adminUrl, '/queue/ack', { leases })
      if (n % 60 === 59) await sleep(25_000, undefined, { signal: over }).catch(() => {})
    }
  })()
  for (let n = 0; !over.aborted; n++) {
    const rate = RATES[n % RATES.length] ?? 1
    await jelou.sendMany({ rate, duration: STEP, rooms: 12, redeliverEvery: 40, signal: over })
  }
  await Promise.all([forging, consuming])
}

async function receive(adminUrl: string): Promise<string[]> {
  const { messages } = await call(adminUrl, '/queue/receive', { max: 100, wait: '1s' })
  return messages.map(({ lease }: { lease: string }) => lease)
}

async function call(adminUrl: string, path: string, body: object) {
  const headers = { 'content-type': 'application/json' }
  const answer = await request(adminUrl + path, { method: 'POST', headers, body: JSON.stringify(body) })
  return JSON.parse(await answer.body.text())
}

if (import.meta.main) await takePictures(TRAFFIC, IMAGES)
