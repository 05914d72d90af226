import { randomBytes } from 'node:crypto'
import { chmod, mkdir, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createSimulator } from '../src/simulator/simulator.ts'
import { readImage } from './image/archive.ts'
import { BASE, provideBase } from './image/base.ts'
import { build } from './image/build.ts'
import { checkCompose } from './image/compose.ts'
import { checkContents } from './image/contents.ts'
import { createContainers, freePorts } from './image/container.ts'
import { findEngine, type Engine } from './image/engine.ts'
import { createReport, type Report } from './image/report.ts'
import { checkEvents, checkHardening, checkVolume, isReady } from './image/service.ts'
import { markedSecret } from '../test/fixtures/marked.ts'

/**
 * Builds the image with Docker or podman, looks into it, and runs it as a careful operator would, on the network of this
 * machine. Prints a line of TAP for each check, ends with 1 at the first that fails, and leaves nothing behind but the
 * base in the cache. Where there is no engine, or no base for it, it says so as a skipped test.
 */
async function main(): Promise<void> {
  const report = createReport()
  const scratch = await mkdtemp(join(tmpdir(), 'jelou-receiver-image-'))
  const engine = findEngine(scratch)
  try {
    if (engine === undefined) return report.skip('neither docker nor podman runs on this machine')
    const base = await provideBase(engine, scratch)
    if (base === undefined)
      return report.skip('no registry is reached, and only root can make the base, with debootstrap')
    console.log(`# ${engine.name}; the base ${base}`)
    await testImage(engine, scratch, report)
  } finally {
    report.end()
    engine?.release()
    await rm(scratch, { recursive: true, force: true })
  }
}

async function testImage(engine: Engine, scratch: string, report: Report): Promise<void> {
  const unique = `jelou-receiver-test-${randomBytes(4).toString('hex')}`
  const [first, other] = [`${unique}-a`, `${unique}-b`]
  const { version } = JSON.parse(await readFile(join(import.meta.dirname, '../package.json'), 'utf8'))
  const built = {
    tag: `${unique}:test`,
    sentinel: markedSecret(),
    args: { VERSION: version, REVISION: randomBytes(20).toString('hex') },
  }
  const jelou = createSimulator({ projectId: 'image-test', apiKey: markedSecret() })
  const containers = createContainers(engine, built.tag)
  try {
    await report.check('it builds', () => build(engine, scratch, built))
    await checkContents(report, await readImage(engine, scratch, { tag: built.tag, base: BASE }), built)

    const [port = 0, adminPort = 0, otherPort = 0, otherAdminPort = 0] = await freePorts(4)
    const publicUrl = `http://127.0.0.1:${port}`
    const common = { JELOU_PROJECT_ID: jelou.projectId, HOST: '127.0.0.1' }
    const env = {
      ...common,
      JELOU_API_URL: await jelou.listen(),
      JELOU_API_KEY: jelou.callers.apiKey,
      PUBLIC_URL: publicUrl,
      PORT: String(port),
      ADMIN_PORT: String(adminPort),
    }
    const subject = { report, containers, jelou, name: first, volume: first, env, publicUrl }
    await report.check('it starts and is ready', async () => {
      await containers.start(first, { volume: first, env })
      await isReady(publicUrl)
    })
    await checkHardening(subject)
    await checkEvents({ ...subject, adminUrl: `http://127.0.0.1:${adminPort}` })

    const otherEnv = {
      ...common,
      JELOU_SIGNING_SECRET: markedSecret(),
      PUBLIC_URL: 'https://example.com',
      PORT: String(otherPort),
      ADMIN_PORT: String(otherAdminPort),
    }
    const otherSubject = {
      ...subject,
      name: other,
      env: otherEnv,
      publicUrl: `http://127.0.0.1:${otherPort}`,
    }
    await checkVolume({ ...otherSubject, volume: other }, '4242:4242')
    // As Kubernetes makes them, and many a folder of a host is.
    const folder = join(scratch, 'volume')
    await mkdir(folder)
    await chmod(folder, 0o2777)
    await checkVolume({ ...otherSubject, volume: folder }, `${process.getuid?.() || 1000}:1000`)
    await checkCompose(report, engine, built.tag, unique)
  } catch (error) {
    for (const name of [first, other]) console.error(await engine.logs(name).catch(() => ''))
    throw error
  } finally {
    await jelou.close()
    for (const name of [first, other]) {
      await containers.remove(name).catch(() => {})
      await engine.call('volume', 'rm', '--force', name).catch(() => {})
    }
    await engine.call('image', 'rm', '--force', built.tag).catch(() => {})
  }
}

await main()
