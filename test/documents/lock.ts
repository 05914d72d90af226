import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { ROOT } from './markdown.ts'

const names = z.record(z.string(), z.string())

function read(path: string): unknown {
  return JSON.parse(readFileSync(join(ROOT, path), 'utf8'))
}

/** What this project asks for. */
export const manifest = z
  .object({
    name: z.string(),
    version: z.string(),
    license: z.string(),
    scripts: names,
    allowScripts: z.record(z.string(), z.boolean()),
    dependencies: names,
    optionalDependencies: names,
    devDependencies: names,
    overrides: names,
  })
  .parse(read('package.json'))

const parsed = z
  .object({
    lockfileVersion: z.literal(3),
    packages: z.record(
      z.string(),
      z.object({
        version: z.string(),
        license: z.string().optional(),
        dev: z.boolean().default(false),
        integrity: z.string().optional(),
        resolved: z.string().optional(),
        link: z.boolean().default(false),
        hasInstallScript: z.boolean().default(false),
        dependencies: names.default({}),
        optionalDependencies: names.default({}),
      }),
    ),
  })
  .parse(read('package-lock.json'))

/** All that is installed, the project itself apart; `name` without where it is. */
export const lock = Object.entries(parsed.packages)
  .filter(([path]) => path !== '')
  .map(([path, about]) => ({ name: path.replace(/^.*node_modules\//, ''), ...about }))
