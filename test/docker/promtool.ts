import { spawnSync } from 'node:child_process'

/** Why what Prometheus itself checks cannot be checked here; false when it can. REQUIRE_BROKERS=1 runs it all the same. */
export const withoutPromtool =
  spawnSync('promtool', ['--version']).status !== 0 &&
  process.env.REQUIRE_BROKERS !== '1' &&
  'promtool is not on the PATH'

/** Runs promtool and returns its exit status with all that it wrote. */
export function promtool(args: string[], input = ''): { status: number | null; output: string } {
  const { status, stdout, stderr } = spawnSync('promtool', args, { input, encoding: 'utf8' })
  return { status, output: `${stdout}${stderr}` }
}
