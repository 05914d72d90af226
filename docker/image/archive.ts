import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { marksIn } from '../../test/fixtures/marked.ts'
import type { Engine } from './engine.ts'

/** What an image is made of, read from the archive that the engine saves. */
export type ImageArchive = {
  config: ImageConfig
  /** The text of the whole configuration, the history of the build included. */
  configText: string
  /** Files and folders of the layers above the base, without a slash at the end. */
  paths: readonly string[]
  /** Bytes of the files in those layers. */
  size: number
  /** Whether any file in those layers holds this text. */
  holds: (text: string) => boolean
  /** Where the marked secrets of tests stand in those layers or in the configuration, in whatever encoding. */
  marks: readonly string[]
}

export type ImageConfig = {
  User: string
  Entrypoint: string[]
  Cmd: string[]
  Env: string[]
  Volumes: Record<string, object>
  Labels: Record<string, string>
  StopSignal: string
  Healthcheck: { Test: string[] }
}

type Manifest = { Config: string; Layers: string[] }[]

/** Saves an image and reads it; `base` is the image below it. */
export async function readImage(
  engine: Engine,
  scratch: string,
  { tag, base }: { tag: string; base: string },
): Promise<ImageArchive> {
  const directory = join(scratch, 'image')
  const file = join(scratch, 'image.tar')
  await mkdir(directory)
  await engine.call('save', '--output', file, tag)
  await tar(['-xf', file, '-C', directory])
  await rm(file)
  const [manifest] = JSON.parse(await readFile(join(directory, 'manifest.json'), 'utf8')) as Manifest
  if (manifest === undefined) throw new Error('the archive of the image has an empty manifest')
  const configText = await readFile(join(directory, manifest.Config), 'utf8')
  const { config, rootfs } = JSON.parse(configText) as { config: ImageConfig; rootfs: { diff_ids: string[] } }

  const below = JSON.parse(await engine.call('image', 'inspect', '--format', '{{json .RootFS.Layers}}', base))
  if (rootfs.diff_ids.slice(0, below.length).join() !== below.join())
    throw new Error('the layers of the base are not the first ones of the image')
  const layers = manifest.Layers.slice(below.length).map(layer => join(directory, layer))

  const listings = await Promise.all(layers.map(layer => tar(['-tf', layer])))
  const paths = listings.flatMap(listing => listing.toString().split('\n'))
  const files = await Promise.all(layers.map(layer => tar(['-xOf', layer])))
  return {
    config,
    configText,
    paths: [...new Set(paths.map(path => path.replace(/^\.?\/|\/$/g, '')))].filter(path => path !== ''),
    size: files.reduce((sum, { length }) => sum + length, 0),
    holds: text => files.some(bytes => bytes.includes(text)),
    marks: [Buffer.from(configText), ...files].flatMap(marksIn),
  }
}

/** What tar prints; it understands compressed layers too. */
async function tar(args: string[]): Promise<Buffer> {
  const child = spawn('tar', args, { stdio: ['ignore', 'pipe', 'inherit'] })
  const chunks: Buffer[] = []
  child.stdout.on('data', (chunk: Buffer) => void chunks.push(chunk))
  const [status] = await once(child, 'close')
  if (status !== 0) throw new Error(`tar ${args[0]} ended with ${status}`)
  return Buffer.concat(chunks)
}
