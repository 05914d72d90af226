// Keeps the page as it is on the server: whatever changes there is sent as the HTML that the server renders.

const live = element('live')
const announcement = element('announcement')
/** Parts that came while somebody was about to use what they replace. @type {Map<string, string>} */
const waiting = new Map()
let announced = document.querySelector('[data-announce]')?.getAttribute('data-announce')

listen()
document.addEventListener('selectionchange', () => setTimeout(show))
document.addEventListener('pointerup', () => setTimeout(show))
document.addEventListener('pointercancel', () => setTimeout(show))
// The number of the form before belongs to that form, not to the next loading of the page.
if (location.search !== '') history.replaceState(null, '', location.pathname + location.hash)

function listen() {
  const source = new EventSource('/events')
  source.addEventListener('open', () => say('Live', 'on'))
  source.addEventListener('parts', ({ data }) => {
    for (const [id, text] of Object.entries(JSON.parse(data))) waiting.set(id, text)
    show()
  })
  source.addEventListener('error', () => {
    say('Not live: trying again', 'off')
    // The browser tries again by itself, but not after a refusal.
    if (source.readyState === EventSource.CLOSED) setTimeout(listen, 10_000)
  })
}

function show() {
  for (const [id, text] of waiting) {
    const part = element(id)
    if (isInUse(part)) continue
    waiting.delete(id)
    replace(part, text)
  }
}

/** Whether a button in it is being pressed, or text of it is selected. @param {Element} part */
function isInUse(part) {
  const selection = getSelection()
  const isSelected = selection !== null && !selection.isCollapsed && selection.containsNode(part, true)
  return isSelected || part.matches(':active')
}

/** Puts new content in, with the focus where it was and open what was open. @param {Element} part @param {string} text */
function replace(part, text) {
  const template = document.createElement('template')
  template.innerHTML = text
  for (const open of part.querySelectorAll('details[open]'))
    template.content.getElementById(open.id)?.setAttribute('open', '')
  const focused = part.contains(document.activeElement) ? focusable(document.activeElement) : undefined
  part.replaceChildren(template.content)
  const again = focused && document.querySelector(focused)
  if (again instanceof HTMLElement) again.focus({ preventScroll: true })
  const news = part.querySelector('[data-announce]')?.getAttribute('data-announce')
  if (news && news !== announced) {
    announced = news
    announcement.textContent = news
    document.title = document.title.replace(/^.*(?= - )/, news)
  }
}

/** How to find it again: by its own id, or as the summary of something with one. @param {Element | null} focused */
function focusable(focused) {
  const id = focused?.id || focused?.parentElement?.id
  return id && `#${CSS.escape(id)}${focused?.id ? '' : ' > summary'}`
}

/** @param {string} text @param {'on' | 'off'} state */
function say(text, state) {
  live.textContent = text
  live.dataset['state'] = state
}

/** @param {string} id */
function element(id) {
  const found = document.getElementById(id)
  if (found === null) throw new Error(`the page has no ${id}`)
  return found
}
