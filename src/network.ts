import { BlockList, isIP, isIPv6 } from 'node:net'

/**
 * The addresses and CIDRs of a list as one set.
 * Throws RangeError naming the entry that is neither.
 */
export function addressSet(entries: readonly string[]): BlockList {
  const set = new BlockList()
  for (const entry of entries) {
    const [address = '', prefix, ...rest] = entry.split('/')
    const version = isIP(address)
    const width = version === 4 ? 32 : 128
    const length = prefix === undefined ? width : Number(prefix === '' ? Number.NaN : prefix)
    if (version === 0 || rest.length > 0 || !Number.isInteger(length) || length < 0 || length > width) {
      throw new RangeError(`"${entry}" is neither an address nor a CIDR`)
    }
    set.addSubnet(address, length, version === 4 ? 'ipv4' : 'ipv6')
  }
  return set
}

/** Whether the set holds this address; an IPv4 address mapped into IPv6 counts as itself. */
export function holds(set: BlockList, address: string): boolean {
  return set.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4')
}

/** Some proxies write the port behind an address in `X-Forwarded-For`, such as Azure's Application Gateway. */
export function withoutPort(address: string): string {
  const [, v6, v4] = /^\[(.+)\](?::\d+)?$|^([\d.]+):\d+$/.exec(address) ?? []
  return v6 ?? v4 ?? address
}

const LOOPBACK = addressSet(['127.0.0.0/8', '::1'])

/** Whether a host name or an address, as a URL or a socket has it, is this machine. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || holds(LOOPBACK, host.replace(/^\[(.*)\]$/, '$1'))
}

/** The origin at which this machine reaches a listener that was given this host, all of its addresses included, and port. */
export function localUrl(host: string, port: number | undefined): string {
  const address = { '0.0.0.0': '127.0.0.1', '::': '::1' }[host] ?? host
  return `http://${isIPv6(address) ? `[${address}]` : address}:${port}`
}
