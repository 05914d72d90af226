/** `wrong`: the service does not do its work so. `warning`: it does, but something is to be seen to. `skipped`: could not be looked at. */
export type CheckStatus = 'ok' | 'warning' | 'wrong' | 'skipped'

/** What a check found; `advice` is what to do about it. No secret is in it. */
export type Finding = { status: CheckStatus; detail: string; advice?: string }

export function ok(detail: string): Finding {
  return { status: 'ok', detail }
}

export function warning(detail: string, advice: string): Finding {
  return { status: 'warning', detail, advice }
}

export function wrong(detail: string, advice: string): Finding {
  return { status: 'wrong', detail, advice }
}

export function skipped(detail: string): Finding {
  return { status: 'skipped', detail }
}
