import { outcomeAnswer } from './answers.ts'
import type { AdminTarget } from './client.ts'
import { requestAction } from './request-action.ts'

const REASONS = /^ERR_(?:REGISTER|ROTATION|UNREGISTER)_/

/**
 * Has the running service look at its registration now, make it anew for a new secret, or remove it; resolves with what was
 * done. Throws as requestAction does.
 */
export function requestRegistration(
  target: AdminTarget,
  action: 'reconcile' | 'rotate' | 'unregister',
): Promise<{ outcome: string }> {
  return requestAction(target, `/registration/${action}`, { schema: outcomeAnswer, reasons: REASONS })
}
