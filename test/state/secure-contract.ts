import { inspect } from 'node:util'
import type { Test } from 'tap'
import { openState } from '../../src/state/open.ts'
import type { TlsFiles } from '../../src/state/shared.ts'
import type { StateBackend } from '../../src/state/types.ts'
import type { Certificates } from '../fixtures/certificates.ts'
import { randomId, TIMEOUT } from './fixtures/backend.ts'

const PASSWORD = 'w:r/o@n%g'

/** Opens it with a log whose lines are kept. */
export async function openAt(
  url: string,
  { tls = {}, lines = [] }: { tls?: TlsFiles; lines?: unknown[] } = {},
): Promise<StateBackend> {
  const log = {
    info: (...line: unknown[]) => lines.push(line),
    warn: (...line: unknown[]) => lines.push(line),
  }
  const options = { directory: '', projectId: randomId(), timeout: TIMEOUT }
  return openState({ ...options, url: new URL(url), tls, log })
}

/** Wrong credentials are refused, and shown nowhere. `address` is what follows the credentials in STATE_URL. */
export async function refusesCredentials(t: Test, scheme: string, address: string): Promise<void> {
  const lines: unknown[] = []
  for (const user of ['someone', 'postgres']) {
    const url = `${scheme}://${user}:${encodeURIComponent(PASSWORD)}@${address}`
    const error: unknown = await openAt(url, { lines }).catch((error: unknown) => error)
    t.match(error, { code: 'ERR_STATE_REFUSED' }, user)
    t.notOk(shows(error, lines), 'the password is nowhere')
  }
}

function shows(...values: unknown[]): boolean {
  const text = inspect(values, { depth: 20, showHidden: true })
  return text.includes(PASSWORD) || text.includes(encodeURIComponent(PASSWORD))
}

/** TLS with the certificates of both sides; a server whose certificate does not verify is refused. */
export async function verifiesCertificates(t: Test, url: string, { read }: Certificates): Promise<void> {
  const identity = { cert: read('client.pem'), key: read('client.key') }
  const backend = await openAt(url, { tls: { ca: read('ca.pem'), ...identity } })
  t.equal(await backend.read(), null)
  t.ok(await backend.acquire(1000))
  await backend.close()
  const refused = { code: 'ERR_STATE_REFUSED', message: /certificate/ }
  await t.rejects(openAt(url, { tls: { ca: read('other-ca.pem'), ...identity } }), refused, 'another CA')
  await t.rejects(openAt(url, { tls: identity }), refused, 'no CA of ours')
  const named = url.replace('127.0.0.1', 'localhost')
  await t.rejects(openAt(named, { tls: { ca: read('ca.pem'), ...identity } }), refused, 'another host name')
}
