const SENSITIVE = /pass|pwd|secret|token|key|auth|cred/i
const IS_URL = /^[a-z][a-z\d+.-]*:\/\//i

/**
 * A URL as it may be shown: without user and password, and without the values in its query that may be secret. An `@` where
 * none belongs is taken for the end of a password that was not encoded: then nothing but the scheme is shown.
 */
export function redactUrl(text: string): string {
  const url = URL.parse(text)
  if (url === null) return '***'
  const query = [...url.searchParams]
  const strays = [url.pathname, url.hash, ...query.map(([name]) => name), ...query.map(([, value]) => value)]
  if (strays.some(part => part.includes('@') && !IS_URL.test(part))) return `${url.protocol}//***`
  const [before = ''] = url.href.split(/[?#]/, 1)
  const address = before.replace(/\/\/[^/]*@/, '//***@')
  const settings = query.map(([name, value]) => {
    const isSafe = !SENSITIVE.test(name) && !value.includes('@')
    return `${name}=${isSafe ? value : '***'}`
  })
  return address + (settings.length > 0 ? `?${settings.join('&')}` : '')
}
