import { createHash } from 'node:crypto'
import { mkdirSync, readFileSync } from 'node:fs'
import { call, post, signed } from '../conformance/http.ts'
import { ready, start, stop, variables, type Service } from '../conformance/service.ts'
import { adminCall, judgeAdmin } from './admin-rules.ts'
import { fuzz, type FuzzReport, type Side } from './fuzz.ts'
import { makeDraft } from './requests.ts'
import { write } from './wire.ts'
import { BODY_LIMIT, judgeWebhook, SECRET, TOKEN, wrongWebhookAnswer } from './webhook-rules.ts'

/** What an attack on real processes showed; sizes in MB. */
export type AttackReport = FuzzReport & {
  /** Of the process that takes events: in its memory, after so many cases. */
  memory: { cases: number; resident: number }[]
}

export type AttackOptions = {
  seed: number
  cases: number
  connections: number
  first?: number
  /** Is told of progress. */
  tell?: (text: string) => void
}

const ADMIN = { authorization: `Bearer ${TOKEN}` }

/**
 * Starts the service twice, with a token for the private listener and without one, attacks all that can be reached, and
 * adds to the problems what is wrong afterwards: in the queue, with the processes, or with an event that comes then.
 */
export async function attack(
  t: Parameters<typeof start>[0],
  directory: string,
  { seed, cases, connections, first = 0, tell = () => {} }: AttackOptions,
): Promise<AttackReport> {
  const given = {
    JELOU_SIGNING_SECRET: SECRET,
    WEBHOOK_AUTHORIZATION: TOKEN,
    BODY_LIMIT: String(BODY_LIMIT) + 'b',
  }
  for (const name of ['guarded', 'open']) mkdirSync(`${directory}/${name}`, { mode: 0o700 })
  const guarded = await start(t, variables(`${directory}/guarded`, { ...given, ADMIN_TOKEN: TOKEN }))
  const open = await start(t, variables(`${directory}/open`, given))
  await Promise.all([guarded, open].map(ready))
  const queued = new Map<string, number>()
  const memory: AttackReport['memory'] = []
  const problems: string[] = []

  async function pause(done: number): Promise<void> {
    await drain(guarded, queued, problems)
    const resident = residentMemory(guarded.pid)
    memory.push({ cases: done, resident })
    tell(`${done} cases, ${resident} MB`)
  }

  const report = await fuzz({ seed, cases, connections, first, sides: sidesOf(guarded, open), pause })
  await pause(report.cases)
  problems.push(...report.problems, ...differences(report, queued))
  for (const service of [guarded, open]) {
    if (!(await takes(service, seed))) problems.push('a fresh event does not flow')
    if (/"level":[56]0/.test(service.output()))
      problems.push(`the log has an error: ${service.output().slice(-2_000)}`)
    const status = await stop(service)
    if (status !== 0) problems.push(`it ended with ${status}`)
  }
  return { ...report, problems, memory }
}

function sidesOf(guarded: Service, open: Service): Side[] {
  const portOf = (url: string) => Number(new URL(url).port)
  const answered = { wrong: () => undefined }
  const webhook: Side = {
    name: 'public',
    port: portOf(guarded.publicUrl),
    judge: { verdict: judgeWebhook, wrong: wrongWebhookAnswer },
    write: (random, n) => write(makeDraft(random, n), random),
  }
  const admin = (name: 'token' | 'loopback', service: Service): Side => ({
    name: `private (${name})`,
    port: portOf(service.adminUrl),
    judge: { verdict: judgeAdmin(name), ...answered },
    write: adminCall(name),
  })
  return [webhook, webhook, webhook, webhook, admin('token', guarded), admin('loopback', open)]
}

/** Takes what is in the queue, by the bytes of the answer: each event has to be the text that its id is the hash of. */
async function drain(service: Service, queued: Map<string, number>, problems: string[]): Promise<void> {
  for (;;) {
    const { text } = await post(`${service.adminUrl}/queue/receive`, { max: 200 }, ADMIN)
    const { messages }: { messages: { lease: string; event: { id: string } }[] } = JSON.parse(text)
    if (messages.length === 0) return
    const starts = messages.map(({ lease }) => text.indexOf(`{"lease":"${lease}"`))
    for (const [index, { event }] of messages.entries()) {
      const message = text.slice(starts[index], (starts[index + 1] ?? text.length - 1) - 1)
      const data = message.slice(message.indexOf(',"data":') + ',"data":'.length, -'}}'.length)
      queued.set(event.id, (queued.get(event.id) ?? 0) + 1)
      if (createHash('sha256').update(data).digest('hex') !== event.id)
        problems.push(`altered: ${event.id} is ${data.slice(0, 300)}`)
    }
    await post(`${service.adminUrl}/queue/ack`, { leases: messages.map(({ lease }) => lease) }, ADMIN)
  }
}

/** The queue has to have had what was answered, each once, and nothing else. */
function differences({ taken, unanswered }: FuzzReport, queued: Map<string, number>): string[] {
  const lost = [...taken].filter(id => !queued.has(id)).map(id => `acknowledged, and not in the queue: ${id}`)
  const more = [...queued].flatMap(([id, count]) => {
    if (count > 1) return [`in the queue ${count} times: ${id}`]
    if (taken.has(id)) return []
    const number = unanswered.get(id)
    return [
      `in the queue, and ${number === undefined ? 'never sent' : `not answered in conversation ${number}`}: ${id}`,
    ]
  })
  return [...lost, ...more]
}

async function takes({ webhookUrl }: Service, seed: number): Promise<boolean> {
  const body = `{"event":"fresh","seed":${seed}}`
  return (
    (await call(webhookUrl, { method: 'POST', headers: signed(body, SECRET, TOKEN), body })).status === 200
  )
}

/** In MB; of Linux's account of the process. */
function residentMemory(pid: number | undefined): number {
  return Math.round(Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024)
}
