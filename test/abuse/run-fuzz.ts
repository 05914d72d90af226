import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { createLifetime } from '../chaos/owner.ts'
import { attack } from './attack.ts'

/**
 * Attacks the service over raw sockets, by hand: `npm run fuzz -- --seed 1 --cases 1000000`. The same seed makes the same
 * conversations; one that went wrong is told with its number, and is had again by `--first NUMBER --cases 1`.
 */
const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: '1' },
    cases: { type: 'string', default: '1000000' },
    connections: { type: 'string', default: '32' },
    first: { type: 'string', default: '0' },
  },
})
const directory = mkdtempSync(join(tmpdir(), 'fuzz-'))
const owner = createLifetime()
owner.teardown(() => rmSync(directory, { recursive: true }))
const began = performance.now()
try {
  const report = await attack(owner, directory, {
    seed: Number(values.seed),
    cases: Number(values.cases),
    connections: Number(values.connections),
    first: Number(values.first),
    tell: text => console.log(`${seconds()} s: ${text}`),
  })
  const { cases, conversations, answers, taken, unanswered, problems, memory } = report
  console.log({
    cases,
    conversations,
    answers,
    taken: taken.size,
    unanswered: unanswered.size,
    seconds: seconds(),
  })
  console.log(`memory: ${memory.map(({ resident }) => resident).join(' ')} MB`)
  for (const problem of problems) console.log(problem)
  console.log(`${problems.length} problems`)
  process.exitCode = problems.length === 0 ? 0 : 1
} finally {
  await owner.end()
}

function seconds(): number {
  return Math.round((performance.now() - began) / 1000)
}
