import { readFileSync } from 'node:fs'
import { parseEnv } from 'node:util'
import { ConfigError } from './errors.ts'

/** The variables of a file such as `.env`; none where there is no file. Throws ConfigError when it cannot be read. */
export function readConfigFile(path: string): NodeJS.Dict<string> {
  try {
    // Some editors begin a file with a mark that would belong to the first name.
    return parseEnv(readFileSync(path, 'utf8').replace(/^\uFEFF/, ''))
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException
    if (code === 'ENOENT') return {}
    throw new ConfigError(`${path} cannot be read: ${code}`, { cause })
  }
}
