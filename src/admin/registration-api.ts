import type { FastifyInstance } from 'fastify'
import {
  RegisterRefusedError,
  RegisterUnfinishedError,
  RotationRefusedError,
  RotationUnfinishedError,
  UnregisterRefusedError,
  UnregisterUnfinishedError,
} from '../errors.ts'
import { outcomeAnswer } from './answers.ts'
import { reading } from './refused.ts'

/** What somebody may ask of the registration; each resolves with what was done, and throws its reason when it was not. */
export type RegistrationRequests = {
  /** Compares with Jelou now, and registers again what was unregistered. */
  register: () => Promise<string>
  /** Makes Jelou sign with a new secret. */
  rotate: () => Promise<string>
  /** Makes Jelou send nothing more. */
  unregister: () => Promise<string>
}

const tags = ['registration']

const RECONCILE = {
  operationId: 'reconcile',
  summary: 'Compare with Jelou now, and register again what was unregistered',
  tags,
  response: { 200: outcomeAnswer, ...reading(RegisterRefusedError, RegisterUnfinishedError) },
}
const ROTATE = {
  operationId: 'rotate',
  summary: 'Have Jelou sign with a new secret; the one before verifies for DEDUPE_WINDOW',
  tags,
  response: { 200: outcomeAnswer, ...reading(RotationRefusedError, RotationUnfinishedError) },
}
const UNREGISTER = {
  operationId: 'unregister',
  summary: 'Have Jelou send nothing more, until somebody asks to register',
  tags,
  response: { 200: outcomeAnswer, ...reading(UnregisterRefusedError, UnregisterUnfinishedError) },
}

/** The registration on request. */
export async function registrationApi(
  app: FastifyInstance,
  { register, rotate, unregister }: RegistrationRequests,
): Promise<void> {
  app.post('/registration/reconcile', { schema: RECONCILE }, async () => ({ outcome: await register() }))
  app.post('/registration/rotate', { schema: ROTATE }, async () => ({ outcome: await rotate() }))
  app.post('/registration/unregister', { schema: UNREGISTER }, async () => ({ outcome: await unregister() }))
}
