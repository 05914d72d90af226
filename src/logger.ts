import { pino, type Logger, type LoggerOptions } from 'pino'

/**
 * Names under which a secret or a customer's text could stand in an object that somebody logs.
 * The first defence is not to log such objects; this is the second.
 */
const SENSITIVE = [
  'authorization',
  'Authorization',
  'x-api-key',
  'x-jelou-signature',
  'set-cookie',
  'cookie',
  'signingSecret',
  'secret',
  'secrets',
  'password',
  'token',
  'headers',
  'body',
]

/** pino's options: level, redaction, errors with their code and cause. */
export function loggerOptions(level: string): LoggerOptions {
  return {
    level,
    base: null,
    redact: {
      paths: SENSITIVE.flatMap(name => [`["${name}"]`, `*["${name}"]`, `*.*["${name}"]`]),
      censor: '[redacted]',
    },
  }
}

/** The service's logger: JSON lines, or coloured text when `out` is a terminal, where a person reads them. */
export async function createLogger(level: string, out: NodeJS.WriteStream = process.stdout): Promise<Logger> {
  if (!out.isTTY) return pino(loggerOptions(level), out)
  const { default: pretty } = await import('pino-pretty')
  return pino(loggerOptions(level), pretty({ destination: out, sync: true }))
}
