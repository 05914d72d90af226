import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { ImageArchive, ImageConfig } from './archive.ts'
import type { Report } from './report.ts'

const ROOT = join(import.meta.dirname, '../..')
/** Of what the layers above the base hold, in bytes. */
const MOST = 100_000_000
/** Files whose name begins with a dot are none of the source's; in `.compiled` they have the numbers that Node gives them. */
const EXPECTED =
  /^(?:app|app\/(?:package\.json|LICENSE|src|docker|docker\/healthcheck\.js)|app\/src(?:\/\w[^/]*)+|app\/node_modules(?:\/.+)?|app\/\.compiled(?:\/v24[\w.-]+(?:\/[\da-f]+)?)?|data)$/

type Lock = { packages: Record<string, { dev?: true; devOptional?: true; os?: string[]; cpu?: string[] }> }

/** What is in the image, and what is not. */
export async function checkContents(
  { check }: Report,
  image: ImageArchive,
  { sentinel, args }: { sentinel: string; args: Record<string, string> },
): Promise<void> {
  const { config, paths } = image
  const lock = JSON.parse(await readFile(join(ROOT, 'package-lock.json'), 'utf8')) as Lock
  const inImage = new Set(paths)
  const isThere = ([path]: [string, unknown]) => inImage.has(`app/${path}/package.json`)

  await check('it runs node as process 1, unprivileged, and stops by SIGTERM', () => {
    assert.deepEqual(config.Entrypoint, ['node', '/app/src/main.js'])
    assert.deepEqual(config.Cmd, ['serve'])
    assert.equal(config.User, '1000:1000')
    assert.equal(config.StopSignal, 'SIGTERM')
    assert.deepEqual(Object.keys(config.Volumes), ['/data'])
  })
  await check('its health check needs no shell and no curl', () => {
    assert.deepEqual(config.Healthcheck.Test, ['CMD', 'node', '/app/docker/healthcheck.js'])
  })
  await check('its labels tell what it is and of which version', () => {
    assert.equal(labelOf(config, 'title'), 'jelou-receiver')
    assert.match(labelOf(config, 'description') ?? '', /webhook/)
    assert.equal(labelOf(config, 'licenses'), 'MIT')
    assert.equal(labelOf(config, 'version'), args['VERSION'])
    assert.equal(labelOf(config, 'revision'), args['REVISION'])
  })
  await check('its layers hold the source, the packages and the volume, nothing else', () => {
    assert.deepEqual(
      paths.filter(path => !EXPECTED.test(path)),
      [],
    )
    assert.ok(inImage.has('app/src/main.js') && inImage.has('data'))
    assert.ok(paths.filter(path => path.startsWith('app/.compiled/')).length > 300, 'it is compiled')
  })
  await check('it has every package that the service uses and none that only developers do', () => {
    const entries = Object.entries(lock.packages).filter(([path]) => path !== '')
    assert.deepEqual(entries.filter(([, { dev }]) => dev).filter(isThere), [])
    // Those for one kind of machine are only there.
    const needed = entries.filter(([, { dev, devOptional, os, cpu }]) => !dev && !devOptional && !os && !cpu)
    assert.ok(needed.length > 50)
    assert.deepEqual(
      needed.filter(entry => !isThere(entry)),
      [],
    )
  })
  await check(
    'no secret of the build and no file of the working copy is in a layer or in its history',
    () => {
      assert.ok(image.holds('jelou-receiver needs Node 24'), 'what is there is found')
      assert.ok(!image.holds(sentinel))
      assert.ok(!image.configText.includes(sentinel))
      assert.deepEqual(image.marks, [], 'in no encoding either')
    },
  )
  await check(`its layers add ${Math.round(image.size / 1e6)} MB to the base, at most ${MOST / 1e6}`, () => {
    assert.ok(image.size < MOST)
  })
}

function labelOf({ Labels }: ImageConfig, name: string): string | undefined {
  return Labels[`org.opencontainers.image.${name}`]
}
