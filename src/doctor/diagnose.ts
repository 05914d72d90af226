import { dirname } from 'node:path'
import type { AdminTarget } from '../admin/client.ts'
import type { Config } from '../config.ts'
import { openIntegrationApi } from '../open-api.ts'
import { queueFileOf } from '../open-queue.ts'
import { checkCertificate } from './certificate.ts'
import { checkClock } from './clock.ts'
import { checkDataDir } from './data-dir.ts'
import { checkDisk } from './disk.ts'
import { ok, warning, wrong } from './finding.ts'
import { askJelou, judgeJelou, judgeWebhook } from './jelou.ts'
import { checkNode, checkOpenFiles } from './machine.ts'
import { checkPublicUrl } from './public-url.ts'
import { checkQueue } from './queue.ts'
import { reasonOf } from './reason.ts'
import { runChecks, type Check, type CheckResult } from './run-checks.ts'
import { askService, judgeDelivery, judgeRegistration, judgeService } from './service.ts'
import { checkState } from './state.ts'

/**
 * `config` and `target` (the private listener) throw ConfigError; `misspelt` are names that look like variables; `onDone` is told the name of each check that is done.
 * `timeout` is the most that one check may take, in ms.
 */
export type DiagnoseOptions = {
  config: () => Promise<Config>
  target: () => Promise<AdminTarget>
  misspelt: readonly { name: string; meant: string }[]
  onDone?: (name: string) => void
  timeout?: number
}

/** Looks at everything that the service needs, all at once; resolves with what was found, whatever goes wrong. */
export async function diagnose(options: DiagnoseOptions): Promise<CheckResult[]> {
  const { onDone = () => {}, timeout = 15_000 } = options
  const machine: Check[] = [
    { name: 'node', run: () => checkNode() },
    { name: 'open-files', run: () => checkOpenFiles() },
  ]
  const configured = await checksOf(options)
  return runChecks([...configured, ...machine], { timeout, onDone })
}

async function checksOf({ config: load, target: locate, misspelt }: DiagnoseOptions): Promise<Check[]> {
  const slips = misspelt.map(({ name, meant }) => `${name} is no variable: is ${meant} meant?`)
  try {
    const config = await load()
    const target = await locate()
    const finding =
      slips.length === 0
        ? ok('every variable is right by itself')
        : warning(slips.join('\n'), 'correct the names: what has a wrong one is not read')
    return [{ name: 'configuration', run: () => finding }, ...all(config, target)]
  } catch (error) {
    const detail = [reasonOf(error), ...slips].join('\n')
    const finding = wrong(detail, 'put it right first: nothing else can be looked at without it')
    return [{ name: 'configuration', run: () => finding }]
  }
}

function all(config: Config, target: AdminTarget): Check[] {
  const { DATA_DIR, JELOU_API_URL, PUBLIC_URL, STATE_URL, WEBHOOK_PATH, WEBHOOK_AUTH_TYPE } = config
  const webhook = { webhookUrl: PUBLIC_URL + WEBHOOK_PATH, authType: WEBHOOK_AUTH_TYPE }
  const running = askService(target)
  const jelou = askJelou(openIntegrationApi(config))
  // The embedded queue or the spool may be in another directory.
  const queueDir = dirname(queueFileOf(config))
  const elsewhere: Check[] =
    queueDir === DATA_DIR
      ? []
      : [
          { name: 'queue-dir', run: () => checkDataDir(queueDir, { holdsState: false }) },
          { name: 'queue-disk', run: () => checkDisk(queueDir) },
        ]
  const isRunning = async () => (await running).kind === 'running'
  return [
    { name: 'data-dir', run: () => checkDataDir(DATA_DIR, { holdsState: STATE_URL === 'sqlite:' }) },
    { name: 'disk', run: () => checkDisk(DATA_DIR) },
    ...elsewhere,
    { name: 'clock', run: () => checkClock(JELOU_API_URL) },
    { name: 'jelou', run: async () => judgeJelou(await jelou, JELOU_API_URL) },
    { name: 'webhook', run: async () => judgeWebhook(await jelou, webhook) },
    { name: 'public-url', run: () => checkPublicUrl(PUBLIC_URL, { webhookPath: WEBHOOK_PATH }) },
    { name: 'certificate', run: () => checkCertificate(PUBLIC_URL) },
    { name: 'queue', run: () => checkQueue(config, isRunning) },
    { name: 'state', run: () => checkState(config) },
    { name: 'service', run: async () => judgeService(await running) },
    { name: 'registration', run: async () => judgeRegistration(await running) },
    { name: 'delivery', run: async () => judgeDelivery(await running) },
  ]
}
