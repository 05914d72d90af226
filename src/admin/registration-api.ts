import type { FastifyInstance } from 'fastify'

/** What somebody may ask of the registration; each resolves with what was done, and throws its reason when it was not. */
export type RegistrationRequests = {
  /** Compares with Jelou now, and registers again what was unregistered. */
  register: () => Promise<string>
  /** Makes Jelou sign with a new secret. */
  rotate: () => Promise<string>
  /** Makes Jelou send nothing more. */
  unregister: () => Promise<string>
}

/** The registration on request. */
export async function registrationApi(
  app: FastifyInstance,
  { register, rotate, unregister }: RegistrationRequests,
): Promise<void> {
  app.post('/registration/reconcile', async () => ({ outcome: await register() }))
  app.post('/registration/rotate', async () => ({ outcome: await rotate() }))
  app.post('/registration/unregister', async () => ({ outcome: await unregister() }))
}
