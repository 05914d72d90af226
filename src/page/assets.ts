import { hash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { AssetPaths } from './document.ts'

/** A file that the page loads. Its path changes with its content, so that it may be kept for ever. */
export type Asset = { path: string; type: string; content: Buffer }

const STYLES = ['colours', 'base', 'sections', 'charts', 'tables', 'narrow']

/** The page's own files: all that it loads, from nowhere else. */
export function loadAssets(): { assets: Asset[]; paths: AssetPaths } {
  const style = asset('style.css', 'text/css', Buffer.concat(STYLES.map(name => read(`${name}.css`))))
  const script = asset('live.js', 'text/javascript', read('live.js'))
  const icon = asset('icon.svg', 'image/svg+xml', read('icon.svg'))
  return {
    assets: [style, script, icon],
    paths: { style: style.path, script: script.path, icon: icon.path },
  }
}

function read(name: string): Buffer {
  return readFileSync(join(import.meta.dirname, 'assets', name))
}

function asset(name: string, type: string, content: Buffer): Asset {
  const version = hash('sha256', content).slice(0, 16)
  return { path: `/assets/${version}/${name}`, type: `${type}; charset=utf-8`, content }
}
