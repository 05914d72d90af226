import { spawnSync } from 'node:child_process'
import { chromium, type Browser } from 'playwright-core'
import type { Test } from 'tap'

/** For a browser that calls nobody, whoever runs it. */
const ARGUMENTS = [
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  // Names that are no loopback's to it, so that it trusts them as little as any over plain HTTP.
  '--host-resolver-rules=MAP *.receiver.test 127.0.0.1',
]

/** Where Debian's Chromium is on this machine, if it is; TEST_CHROMIUM names another. */
export function chromiumPath(): string | undefined {
  const program = process.env['TEST_CHROMIUM'] ?? 'chromium'
  const found = spawnSync('sh', ['-c', 'command -v "$0"', program], { encoding: 'utf8' })
  return found.status === 0 ? found.stdout.trim() : undefined
}

/** A real browser without a window, with a new, empty profile. */
export function launchChromium(executablePath: string): Promise<Browser> {
  // Its sandbox wants rights that a container does not have.
  return chromium.launch({ executablePath, args: ARGUMENTS, chromiumSandbox: false })
}

/**
 * A browser for as long as the test lasts. Null where there is none: the test is then skipped by name, which REQUIRE_BROKERS=1
 * makes a failure.
 */
export async function openBrowser(t: Test): Promise<Browser | null> {
  const path = chromiumPath()
  if (path === undefined) {
    const reason = 'chromium is not on the PATH, and TEST_CHROMIUM is not set'
    if (process.env['REQUIRE_BROKERS'] === '1') t.fail(reason)
    else void t.test('chromium', { skip: reason }, () => {})
    return null
  }
  const browser = await launchChromium(path)
  t.teardown(() => browser.close())
  return browser
}
