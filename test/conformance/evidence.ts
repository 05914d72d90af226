import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { call, post, type Answer } from './http.ts'
import type { Process } from './service.ts'

/** Everything that the service said or wrote where no secret may be. */
export class Evidence {
  readonly #texts: { where: string; text: Buffer }[] = []

  add(where: string, text: string | Buffer): void {
    this.#texts.push({ where, text: Buffer.from(text) })
  }

  /** What a process wrote, once it has ended; resolves with its exit status. */
  async addProcess(where: string, process: Process): Promise<number | null> {
    const status = await process.exited
    this.add(where, process.output())
    return status
  }

  /** Every file but the queue's own, in which the customers' messages are. */
  addFiles(directory: string): void {
    for (const name of readdirSync(directory)) {
      if (!/^jelou-events-.*\.sqlite/.test(name)) this.add(name, readFileSync(join(directory, name)))
    }
  }

  /** An answer with its headers. */
  addAnswer(where: string, { status, headers, text }: Answer): void {
    this.add(`${where} ${status}`, `${JSON.stringify(headers)}\n${text}`)
  }

  /** Calls the private listener and adds what it answers; resolves with that. */
  async addAdmin(
    adminUrl: string,
    path: string,
    { body, headers = {} }: { body?: object; headers?: Record<string, string> } = {},
  ): Promise<Answer> {
    const url = adminUrl + path
    const answer = await (body === undefined ? call(url, { headers }) : post(url, body, headers))
    this.addAnswer(path, answer)
    return answer
  }

  /** The names of the secrets that are found somewhere, and where; never the secrets themselves. */
  leaks(secrets: Record<string, string>): string[] {
    return Object.entries(secrets).flatMap(([name, secret]) =>
      Object.entries(formsOf(secret)).flatMap(([form, bytes]) =>
        this.#texts
          .filter(({ text }) => text.includes(bytes))
          .map(({ where }) => `${name} ${form} in ${where}`),
      ),
    )
  }
}

/** How a secret could stand in a text or a file. */
function formsOf(secret: string): Record<string, string> {
  const bytes = Buffer.from(secret)
  return {
    plain: secret,
    // Without its last character, which depends on what follows.
    base64: bytes.toString('base64').replace(/.?=*$/, ''),
    base64url: bytes.toString('base64url').slice(0, -1),
    hex: bytes.toString('hex'),
    uri: encodeURIComponent(secret),
  }
}
