import { setTimeout as sleep } from 'node:timers/promises'
import { samples } from '../admin/fixtures/samples.ts'
import { call, signed } from './http.ts'
import type { Service } from './service.ts'

export type Samples = Record<string, number>

/** What one service tells of itself, and which of its metrics have told something else than at first. */
export type Watched = {
  readonly first: Samples
  readonly moved: ReadonlySet<string>
  scrape(): Promise<Samples>
  /** Scrapes again and again until this sample is as wanted. */
  until(sample: string, isWanted: (value: number) => boolean): Promise<void>
}

/** Scrapes a service for the first time. */
export async function watch({ adminUrl }: Service): Promise<Watched> {
  const moved = new Set<string>()
  const ask = async () => samples((await call(`${adminUrl}/metrics`)).text)
  const first = await ask()

  async function scrape(): Promise<Samples> {
    const now = await ask()
    for (const name of new Set([...Object.keys(first), ...Object.keys(now)]))
      if (first[name] !== now[name]) moved.add(metricOf(name))
    return now
  }

  return {
    first,
    moved,
    scrape,
    async until(sample, isWanted) {
      while (!isWanted((await scrape())[`jelou_receiver_${sample}`] ?? Number.NaN)) await sleep(50)
    },
  }
}

/** The metric that a sample belongs to, histograms without their suffix. */
export function metricOf(sample: string): string {
  return sample.replace(/\{.*/, '').replace(/_(?:bucket|sum|count)$/, '')
}

/** Sends an event to a webhook, whatever address is registered. */
export async function sendTo(
  webhookUrl: string,
  body: string,
  { signingSecret, authorization }: { signingSecret: string; authorization?: string | undefined },
): Promise<number> {
  const answer = await call(webhookUrl, {
    method: 'POST',
    headers: signed(body, signingSecret, authorization),
    body,
  })
  return answer.status
}
