import { html, type Html } from './html.ts'
import { deadLetters } from './sections/dead-letters.ts'
import { headline, overview } from './sections/overview.ts'
import { queue } from './sections/queue.ts'
import { refused } from './sections/refused.ts'
import { registration } from './sections/registration.ts'
import { traffic } from './sections/traffic.ts'
import type { PageData } from './sources.ts'

/** Where the page's own files are. */
export type AssetPaths = { style: string; script: string; icon: string }

const SECTIONS = [
  ['traffic', 'Traffic of the last 15 minutes'],
  ['registration', 'Registration'],
  ['queue', 'Queue'],
  ['dead-letters', 'Dead letters'],
  ['refused', 'Refused requests'],
] as const

/** The parts of the page that change, by their id: what stands in the document, and what is sent when it changes. */
export type Fragments = Record<'overview' | (typeof SECTIONS)[number][0], Html>

export function fragments({ status, history, refused: last, dead, csrfToken }: PageData): Fragments {
  return {
    overview: overview(status),
    traffic: traffic(history, status.queue.waiting),
    registration: registration(status.registration),
    queue: queue(status.queue, status.checks['queue'] ?? 'unknown'),
    'dead-letters': deadLetters(dead, status.queue.dead ?? 0, csrfToken),
    refused: refused(status.events.refused, last),
  }
}

/** The whole page. `redriven` is how many dead letters the form before it sent again, if it was one. */
export function page(data: PageData, assets: AssetPaths, redriven: number | undefined): string {
  const parts = fragments(data)
  const content = html`<a class="skip" href="#main">Skip to the content</a>
    <header>
      <div class="bar">
        <h1>jelou-receiver</h1>
        <p id="live" class="live"></p>
      </div>
      <div id="overview">${parts.overview}</div>
      <p id="announcement" class="visually-hidden" role="status"></p>
    </header>
    <main id="main" tabindex="-1">
      ${redriven !== undefined && html`<p class="notice" role="status">Sent again: ${redriven}.</p>`}
      ${SECTIONS.map(
        ([id, title]) =>
          html`<section class="${id}" aria-labelledby="title-${id}">
            <h2 id="title-${id}">${title}</h2>
            <div id="${id}">${parts[id]}</div>
          </section>`,
      )}
    </main>
    <footer>
      <p>
        For programs: <code>GET /status</code>, <code>/rejected</code>, <code>/queue/dead</code> and
        <code>/metrics</code> of this listener.
      </p>
    </footer>`
  return shell(`${headline(data.status)} - jelou-receiver`, assets, content, true)
}

/** A page that says one thing, such as why there is no other. */
export function message(title: string, text: string, assets: AssetPaths): string {
  const content = html`<main class="message">
    <h1>${title}</h1>
    <p>${text}</p>
    <p><a href="/">To the page</a></p>
  </main>`
  return shell(`${title} - jelou-receiver`, assets, content, false)
}

/** A page that is live is loaded again now and then where no script keeps it so. */
function shell(title: string, assets: AssetPaths, content: Html, isLive: boolean): string {
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <title>${title}</title>
        <link rel="icon" href="${assets.icon}" />
        <link rel="stylesheet" href="${assets.style}" />
        ${
          isLive &&
          html`<script type="module" src="${assets.script}"></script>
            <noscript><meta http-equiv="refresh" content="15" /></noscript>`
        }
      </head>
      <body>
        ${content}
      </body>
    </html> `.toString()
}
