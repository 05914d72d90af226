import { hash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import type { AssetPaths } from './document.ts'

/** A file that the page loads. Its path changes with its content, so that it may be kept for ever. */
export type Asset = { path: string; type: string; content: Buffer }

/** The page's own files: all that it loads, from nowhere else. */
export function loadAssets(): { assets: Asset[]; paths: AssetPaths } {
  const style = asset('style', 'css', 'text/css', new URL('assets/page.css', import.meta.url))
  const script = asset('live', 'js', 'text/javascript', new URL('assets/live.js', import.meta.url))
  const icon = asset('icon', 'svg', 'image/svg+xml', new URL('assets/icon.svg', import.meta.url))
  return {
    assets: [style, script, icon],
    paths: { style: style.path, script: script.path, icon: icon.path },
  }
}

function asset(name: string, extension: string, type: string, file: URL): Asset {
  const content = readFileSync(file)
  return {
    path: `/assets/${name}-${hash('sha256', content).slice(0, 16)}.${extension}`,
    type: `${type}; charset=utf-8`,
    content,
  }
}
