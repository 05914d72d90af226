import { ConfigError } from '../../errors.ts'

/** Where a server is; `hostname` without the brackets of IPv6. */
export type Host = { hostname: string; port: number }

/** The servers of a cluster: that of QUEUE_URL, and those in a setting of its query, `b,c:1234`. Throws ConfigError. */
export function hostsOf(url: URL, others: string, defaultPort: number): [Host, ...Host[]] {
  const host = (address: string): Host => {
    const parsed = URL.parse(`host://${address}`)
    if (!parsed?.hostname || parsed.host !== address)
      throw new ConfigError(`QUEUE_URL (${url.protocol}//…): a host must be like b or b:1234`)
    return { hostname: parsed.hostname.replace(/^\[|\]$/g, ''), port: Number(parsed.port) || defaultPort }
  }
  return [host(url.host), ...others.split(',').filter(Boolean).map(host)]
}

/** A part of QUEUE_URL without its percent-encoding. Throws ConfigError. */
export function decoded(url: URL, part: 'username' | 'password' | 'pathname'): string {
  try {
    return decodeURIComponent(url[part])
  } catch {
    throw new ConfigError(
      `QUEUE_URL (${url.protocol}//…): its user, password and path must be percent-encoded, a % as %25`,
    )
  }
}

/** Which of the servers is tried after so many failures: each in its turn. */
export function hostAfter(failures: number, hosts: [Host, ...Host[]]): Host {
  return hosts[failures % hosts.length] as Host
}
