import {
  RegisterRefusedError,
  RegisterUnfinishedError,
  RotationRefusedError,
  RotationUnfinishedError,
  UnregisterRefusedError,
  UnregisterUnfinishedError,
} from '../errors.ts'

/**
 * What somebody asks for. `register`: to look now, and to register again after `unregister`. `rotate`: a new secret.
 * `unregister`: that Jelou has the integration no more, until somebody asks to register.
 */
export type Change = 'register' | 'rotate' | 'unregister'

/** What is thrown when it did not come about, and when it did not yet. */
export const CHANGE_ERRORS = {
  register: { refused: RegisterRefusedError, unfinished: RegisterUnfinishedError },
  rotate: { refused: RotationRefusedError, unfinished: RotationUnfinishedError },
  unregister: { refused: UnregisterRefusedError, unfinished: UnregisterUnfinishedError },
} as const
