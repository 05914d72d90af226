const SENSITIVE = /pass|pwd|secret|token|key|auth|cred/i

/** A URL as it may be shown: without user and password, and without the values in its query that may be secret. */
export function redactUrl(text: string): string {
  const url = URL.parse(text)
  if (url === null) return '***'
  const [before = ''] = url.href.split('?', 1)
  const address = before.replace(/\/\/[^/]*@/, '//***@')
  const settings = [...url.searchParams].map(([name, value]) => {
    const isSafe = !SENSITIVE.test(name) && !value.includes('@')
    return `${name}=${isSafe ? value : '***'}`
  })
  return address + (settings.length > 0 ? `?${settings.join('&')}` : '')
}
