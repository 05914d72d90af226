import { once } from 'node:events'
import { connect, type ConnectionOptions } from 'node:tls'
import { ok, skipped, warning, wrong, type Finding } from './finding.ts'
import { adviceFor, reasonOf } from './reason.ts'

const DAY = 86_400_000
/** As long as it may take to notice and to renew. */
const SOON = 14
const TIMEOUT = 8_000

/** Whether the certificate at this URL is trusted here, and for how long yet. `trust`: whom besides the usual authorities. */
export async function checkCertificate(
  url: string,
  { now = Date.now, trust = {} }: { now?: () => number; trust?: Pick<ConnectionOptions, 'ca'> } = {},
): Promise<Finding> {
  const { protocol, hostname, port } = new URL(url)
  if (protocol !== 'https:') return skipped(`${url} is not HTTPS`)
  const host = hostname.replace(/^\[(.*)\]$/, '$1')
  const socket = connect({ host, port: Number(port || 443), ...serverName(host), ...trust })
  return once(socket, 'secureConnect', { signal: AbortSignal.timeout(TIMEOUT) })
    .then(() => {
      const days = Math.floor((Date.parse(socket.getPeerCertificate().valid_to) - now()) / DAY)
      const detail = `the certificate of ${hostname} is good for ${days} more days`
      if (days < 0) return wrong(`the certificate of ${hostname} has expired`, 'renew it')
      return days < SOON ? warning(detail, 'renew it') : ok(detail)
    })
    .catch((error: unknown) => {
      const reason = reasonOf(error)
      const advice = adviceFor(reason, 'check PUBLIC_URL and its certificate')
      return wrong(`no trusted connection to ${hostname}: ${reason}`, advice)
    })
    .finally(() => socket.destroy())
}

/** An address is no server name (RFC 6066, 3). */
function serverName(host: string): { servername?: string } {
  return /^[\d.]+$|:/.test(host) ? {} : { servername: host }
}
