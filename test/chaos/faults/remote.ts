import { setTimeout as sleep } from 'node:timers/promises'
import type { Proxy } from '../../brokers/proxy.ts'
import type { ServerProcess } from '../../brokers/server.ts'
import type { Remote } from '../arena.ts'
import type { Faults, Play } from './fault.ts'

/** A server that is killed stays away for a time, and is started again as its operator would. */
async function away(server: ServerProcess, signal: NodeJS.Signals, hold: number): Promise<void> {
  await server.kill(signal)
  await sleep(hold)
  await server.start()
}

async function paused(server: ServerProcess, hold: number): Promise<void> {
  server.pause()
  await sleep(hold)
  server.resume()
}

async function refused(link: Proxy, hold: number): Promise<void> {
  link.refuse(true)
  await sleep(hold)
  link.refuse(false)
}

async function stalled(link: Proxy, hold: number): Promise<void> {
  link.stall(true)
  await sleep(hold)
  link.stall(false)
}

/** What may happen to any server that the service depends on, and on the way to it. */
const REMOTE = {
  'kill -9': ({ server }, hold) => away(server, 'SIGKILL', hold),
  SIGTERM: ({ server }, hold) => away(server, 'SIGTERM', hold),
  SIGSTOP: ({ server }, hold) => paused(server, hold),
  'connections refused': ({ link }, hold) => refused(link, hold),
  'network stalled': ({ link }, hold) => stalled(link, hold),
  'connections cut': async ({ link }) => link.cut(),
  'connections half-closed': async ({ link }) => link.halfClose(),
  'answers cut': async ({ link }) => link.cutAnswers(),
  'answers garbled': async ({ link }) => link.garbleAnswers(),
} satisfies Record<string, (remote: Remote, hold: number) => Promise<void>>

function faultsOf<Name extends 'broker' | 'state'>(name: Name): Faults<`${Name}: ${keyof typeof REMOTE}`> {
  const faults = Object.entries(REMOTE).map(([what, act]) => [
    `${name}: ${what}`,
    ({ arena, hold }: Play) => act(there(arena[name]), hold),
  ])
  return Object.fromEntries(faults)
}

function there(remote: Remote | undefined): Remote {
  if (remote === undefined) throw new TypeError('the scene has no such server')
  return remote
}

export const brokerFaults = {
  ...faultsOf('broker'),
  'broker: a bit flipped': async ({ arena }: Play) => there(arena.broker).link.flipBit(),
}

export const stateFaults = faultsOf('state')

export const jelouLinkFaults: Faults<
  | 'Jelou: connections cut'
  | 'Jelou: network stalled'
  | 'Jelou: connections half-closed'
  | 'Jelou: answers garbled'
> = {
  'Jelou: connections cut': async ({ arena }) => arena.jelouLink.cut(),
  'Jelou: network stalled': ({ arena, hold }) => stalled(arena.jelouLink, hold),
  'Jelou: connections half-closed': async ({ arena }) => arena.jelouLink.halfClose(),
  'Jelou: answers garbled': async ({ arena }) => arena.jelouLink.garbleAnswers(),
}
