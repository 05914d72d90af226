import { History } from '../../src/page/history.ts'
import type { StatusAnswer } from '../../src/admin/status-answer.ts'
import type { DeadLetterHead, PageData, Refusal } from '../../src/page/sources.ts'

/** A service that is well; what is given is otherwise. */
export function serviceStatus(more: Partial<StatusAnswer> = {}): StatusAnswer {
  return {
    status: 'ready',
    checks: { secret: 'ok', queue: 'ok', draining: 'ok' },
    warnings: {},
    uptimeSeconds: 7_300,
    registration: registration(),
    queue: { driver: 'sqlite', waiting: 0, leased: 0, delayed: 0, dead: 0, oldestAgeSeconds: 0, bytes: 4096 },
    events: { accepted: 0, duplicate: 0, refused: {} },
    ...more,
  }
}

export function registration(more: Partial<StatusAnswer['registration']> = {}): StatusAnswer['registration'] {
  return {
    phase: 'registered',
    webhookUrl: 'https://hooks.example/webhook/jelou',
    authType: 'bearer',
    secretAgeSeconds: 3_600,
    previousSecrets: 0,
    lastReconciledAt: Date.UTC(2026, 3, 14),
    reconciles: { unchanged: 1 },
    lastOutcome: 'unchanged',
    lastError: null,
    state: { shared: false, replicas: 1, lastError: null },
    ...more,
  }
}

export function refusal(more: Partial<Refusal> = {}): Refusal {
  return {
    time: '2026-04-14T02:37:58.574Z',
    check: 'ERR_SIGNATURE_INVALID',
    statusCode: 401,
    headers: ['host', 'content-type'],
    bodyLength: 366,
    source: '203.0.113.7',
    ...more,
  }
}

export function deadLetter(more: Partial<DeadLetterHead> = {}): DeadLetterHead {
  const event = { id: '0123456789abcdef'.repeat(4), type: 'ai.jelou.message' }
  return {
    seq: 12,
    attempts: 5,
    reason: 'the CRM answers 500',
    diedAt: Date.UTC(2026, 3, 14),
    event,
    ...more,
  }
}

/** What a page shows of a service that is well and has nothing to do. */
export function pageData(more: Partial<PageData> = {}): PageData {
  const history = new History(() => 0)
  return { status: serviceStatus(), history, refused: [], dead: [], csrfToken: 'csrf', ...more }
}
