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

function there(remote: Remote | undefined): Remote {
  if (remote === undefined) throw new TypeError('the scene has no such server')
  return remote
}

const broker = ({ arena }: Play): Remote => there(arena.broker)
const state = ({ arena }: Play): Remote => there(arena.state)

export const brokerFaults: Faults<
  | 'broker: kill -9'
  | 'broker: SIGTERM'
  | 'broker: SIGSTOP'
  | 'broker: connections cut'
  | 'broker: connections refused'
  | 'broker: network stalled'
  | 'broker: connections half-closed'
  | 'broker: answers cut'
  | 'broker: answers garbled'
  | 'broker: a bit flipped'
> = {
  'broker: kill -9': play => away(broker(play).server, 'SIGKILL', play.hold),
  'broker: SIGTERM': play => away(broker(play).server, 'SIGTERM', play.hold),
  'broker: SIGSTOP': play => paused(broker(play).server, play.hold),
  'broker: connections refused': play => refused(broker(play).link, play.hold),
  'broker: network stalled': play => stalled(broker(play).link, play.hold),
  'broker: connections cut': async play => broker(play).link.cut(),
  'broker: connections half-closed': async play => broker(play).link.halfClose(),
  'broker: answers cut': async play => broker(play).link.cutAnswers(),
  'broker: answers garbled': async play => broker(play).link.garbleAnswers(),
  'broker: a bit flipped': async play => broker(play).link.flipBit(),
}

export const stateFaults: Faults<
  | 'state: kill -9'
  | 'state: SIGTERM'
  | 'state: SIGSTOP'
  | 'state: connections cut'
  | 'state: connections refused'
  | 'state: network stalled'
  | 'state: connections half-closed'
  | 'state: answers cut'
  | 'state: answers garbled'
> = {
  'state: kill -9': play => away(state(play).server, 'SIGKILL', play.hold),
  'state: SIGTERM': play => away(state(play).server, 'SIGTERM', play.hold),
  'state: SIGSTOP': play => paused(state(play).server, play.hold),
  'state: connections refused': play => refused(state(play).link, play.hold),
  'state: network stalled': play => stalled(state(play).link, play.hold),
  'state: connections cut': async play => state(play).link.cut(),
  'state: connections half-closed': async play => state(play).link.halfClose(),
  'state: answers cut': async play => state(play).link.cutAnswers(),
  'state: answers garbled': async play => state(play).link.garbleAnswers(),
}

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
