import fastifyEnv from '@fastify/env'
import fastify from 'fastify'
import { z } from 'zod'
import { readConfigFile } from './config-file.ts'
import { misspeltOf, type Misspelt } from './config-misspelt.ts'
import { variables } from './config-variables.ts'
import { ConfigError } from './errors.ts'
import { isLoopback, localUrl } from './network.ts'
import { queueNameOf } from './queue-name.ts'
import { redactUrl } from './redact-url.ts'

type Values = z.output<ReturnType<typeof z.object<typeof variables>>>
type Name = keyof typeof variables
type Rule = { blames: Name; reads: readonly Name[]; holds: (values: Values) => boolean; problem: string }

/** Rules about several variables together: each is asked only when those that it reads are right by themselves. */
const rules: readonly Rule[] = [
  {
    blames: 'JELOU_API_KEY',
    reads: ['JELOU_CLIENT_ID', 'JELOU_CLIENT_SECRET', 'JELOU_SIGNING_SECRET'],
    holds: c =>
      [c.JELOU_API_KEY, c.JELOU_CLIENT_ID, c.JELOU_CLIENT_SECRET, c.JELOU_SIGNING_SECRET].some(Boolean),
    problem: 'is required, or JELOU_CLIENT_ID with JELOU_CLIENT_SECRET, or JELOU_SIGNING_SECRET',
  },
  {
    blames: 'JELOU_API_KEY',
    reads: ['JELOU_CLIENT_ID', 'JELOU_CLIENT_SECRET'],
    holds: c => c.JELOU_API_KEY === undefined || (c.JELOU_CLIENT_ID ?? c.JELOU_CLIENT_SECRET) === undefined,
    problem: 'and JELOU_CLIENT_ID are two ways to do the same: give one of them',
  },
  {
    blames: 'JELOU_CLIENT_SECRET',
    reads: ['JELOU_CLIENT_ID'],
    holds: c => c.JELOU_CLIENT_ID === undefined || c.JELOU_CLIENT_SECRET !== undefined,
    problem: 'is required with JELOU_CLIENT_ID',
  },
  {
    blames: 'JELOU_CLIENT_ID',
    reads: ['JELOU_CLIENT_SECRET'],
    holds: c => c.JELOU_CLIENT_SECRET === undefined || c.JELOU_CLIENT_ID !== undefined,
    problem: 'is required with JELOU_CLIENT_SECRET',
  },
  {
    blames: 'WEBHOOK_AUTHORIZATION',
    reads: ['WEBHOOK_AUTH_TYPE'],
    holds: c => c.WEBHOOK_AUTH_TYPE !== 'basic' || (c.WEBHOOK_AUTHORIZATION ?? ':').includes(':'),
    problem: 'must be user:password when WEBHOOK_AUTH_TYPE is basic',
  },
  {
    blames: 'WEBHOOK_AUTHORIZATION',
    reads: ['WEBHOOK_AUTH_TYPE'],
    holds: c => c.WEBHOOK_AUTH_TYPE !== 'no_auth' || c.WEBHOOK_AUTHORIZATION === undefined,
    problem: 'would be ignored, because WEBHOOK_AUTH_TYPE is no_auth: leave one of them out',
  },
  {
    blames: 'ADMIN_TOKEN',
    reads: ['ADMIN_HOST'],
    holds: c => isLoopback(c.ADMIN_HOST) || c.ADMIN_TOKEN !== undefined,
    problem: 'is required, because ADMIN_HOST is not a loopback address',
  },
  {
    blames: 'ADMIN_PORT',
    reads: ['PORT'],
    holds: c => c.PORT !== c.ADMIN_PORT || c.PORT === 0,
    problem: 'must differ from PORT: the private listener is never the public one',
  },
  {
    blames: 'STATE_ENCRYPTION_KEY',
    reads: ['STATE_URL'],
    holds: c => c.STATE_URL === 'sqlite:' || c.STATE_ENCRYPTION_KEY !== undefined,
    problem: 'is required, because STATE_URL is a store that others can read',
  },
  ...(['QUEUE', 'STATE'] as const).map((prefix): Rule => ({
    blames: `${prefix}_CERT_FILE`,
    reads: [`${prefix}_KEY_FILE`],
    holds: c => (c[`${prefix}_CERT_FILE`] === undefined) === (c[`${prefix}_KEY_FILE`] === undefined),
    problem: `and ${prefix}_KEY_FILE belong together: give both or none`,
  })),
]

const schema = rules.reduce(
  (checked, { blames, reads, holds, problem }) =>
    checked.refine(holds, {
      path: [blames],
      error: problem,
      when: ({ issues }) => !issues.some(issue => [blames, ...reads].some(name => name === issue.path?.[0])),
    }),
  z.object(variables),
)

const adminSchema = z.object(variables).pick({ ADMIN_HOST: true, ADMIN_PORT: true, ADMIN_TOKEN: true })

/** The configuration in force: every variable of the contract by its own name, parsed. */
export type Config = Omit<z.output<typeof schema>, 'QUEUE_NAME'> & { QUEUE_NAME: string }

const documented = z.object({
  description: z.string(),
  example: z.string(),
  secret: z.literal(true).optional(),
})

/** What people are told of a variable: its example stands in errors, its value never when it is `secret`. */
export type VariableDoc = z.output<typeof documented> & { name: string; default: string | undefined }

/** Every variable in the order of the documents, which are tested against this. */
export function describeVariables(): VariableDoc[] {
  const properties = environmentSchema()
  return Object.entries(variables).map(([name, variable]) => ({
    name,
    ...documented.parse(variable.meta()),
    default: properties[name]?.default,
  }))
}

/** The JSON Schema (draft-07) of each variable as it stands in the environment: a text, perhaps with a default. */
function environmentSchema(
  defaults = true,
): Record<string, { type: 'string'; default?: string | undefined }> {
  const { properties = {} } = z.toJSONSchema(schema, { target: 'draft-7', io: 'input' })
  const texts = z.record(z.string(), z.object({ type: z.literal('string'), default: z.string().optional() }))
  const parsed = texts.parse(properties)
  if (defaults) return parsed
  return Object.fromEntries(Object.keys(parsed).map(name => [name, { type: 'string' }]))
}

/**
 * Reads the environment, and the `.env` file for what the environment does not have; an empty value counts as absent.
 * Throws ConfigError, whose message names every bad variable, what is wrong with it and an example, and no secret.
 */
export async function loadConfig(
  environment: NodeJS.ProcessEnv = process.env,
  path = '.env',
): Promise<Config> {
  const config = parse(schema, await readEnvironment(environment, path))
  return { ...config, QUEUE_NAME: config.QUEUE_NAME ?? queueNameOf(config.JELOU_PROJECT_ID) }
}

/** The PEM files for the broker or for the shared state, those that are configured. */
export function tlsOf(
  config: Config,
  prefix: 'QUEUE' | 'STATE',
): { ca?: Buffer; cert?: Buffer; key?: Buffer } {
  const ca = config[`${prefix}_CA_FILE` as const]
  const cert = config[`${prefix}_CERT_FILE` as const]
  const key = config[`${prefix}_KEY_FILE` as const]
  return { ...(ca && { ca }), ...(cert && { cert }), ...(key && { key }) }
}

/** Where the private listener is reached from this machine, and the token that it wants. */
export type AdminAddress = { url: string; token: string | undefined }

/** Reads as much of the configuration as a client of the private listener needs. Throws ConfigError. */
export async function loadAdminAddress(
  environment: NodeJS.ProcessEnv = process.env,
  path = '.env',
): Promise<AdminAddress> {
  const { ADMIN_HOST, ADMIN_PORT, ADMIN_TOKEN } = parse(adminSchema, await readEnvironment(environment, path))
  return { url: localUrl(ADMIN_HOST, ADMIN_PORT), token: ADMIN_TOKEN }
}

/**
 * One variable as it may be shown: its value in force, `***` for a secret, null when it has none, and where that comes
 * from. `generated`: made once by the service, and kept.
 */
export type ConfigEntry = {
  name: string
  value: string | null
  source: 'environment' | '.env' | 'default' | 'generated' | 'not set'
}

/** The configuration in force, in the order of the documents. Throws ConfigError as loadConfig does. */
export async function explainConfig(
  environment: NodeJS.ProcessEnv = process.env,
  path = '.env',
): Promise<ConfigEntry[]> {
  const { QUEUE_NAME, DATA_DIR, WEBHOOK_AUTH_TYPE } = await loadConfig(environment, path)
  const inForce: Record<string, string> = { QUEUE_NAME, DATA_DIR }
  const given = definedOnly(environment)
  const filed = await readEnvironment({}, path, false)
  return describeVariables().map(({ name, default: preset, secret }): ConfigEntry => {
    const text = given[name] ?? filed[name]
    const value = inForce[name] ?? text ?? preset ?? null
    const isUrl = name === 'QUEUE_URL' || name === 'STATE_URL'
    const shown = value === null || !secret ? value : isUrl ? redactUrl(value) : '***'
    if (text !== undefined) return { name, value: shown, source: given[name] ? 'environment' : '.env' }
    if (value !== null) return { name, value: shown, source: 'default' }
    const isGenerated = name === 'WEBHOOK_AUTHORIZATION' && WEBHOOK_AUTH_TYPE !== 'no_auth'
    return isGenerated ? { name, value: '***', source: 'generated' } : { name, value, source: 'not set' }
  })
}

/** Names in the environment and the `.env` file that are nearly, but not quite, those of variables. Throws ConfigError for a file that cannot be read. */
export function findMisspelt(environment: NodeJS.ProcessEnv = process.env, path = '.env'): Misspelt[] {
  return misspeltOf(Object.keys({ ...environment, ...readConfigFile(path) }), Object.keys(variables))
}

/** `defaults`: whether what is in neither has its default. */
async function readEnvironment(
  environment: NodeJS.ProcessEnv,
  path: string,
  defaults = true,
): Promise<Record<string, string>> {
  const reader = fastify()
  // `required` is left to zod, which reports every problem at once instead of the first.
  await reader.register(fastifyEnv, {
    schema: { type: 'object', properties: environmentSchema(defaults) },
    data: { ...readConfigFile(path), ...definedOnly(environment) },
    env: false,
  })
  const values = reader.getEnvs<Record<string, string>>()
  await reader.close()
  return definedOnly(values)
}

function parse<T extends z.ZodType>(schema: T, values: Record<string, string>): z.output<T> {
  const parsed = schema.safeParse(values)
  if (parsed.success) return parsed.data
  throw new ConfigError(report(parsed.error, values))
}

function definedOnly(values: NodeJS.ProcessEnv): Record<string, string> {
  return Object.fromEntries(Object.entries(values).filter((entry): entry is [string, string] => !!entry[1]))
}

function report(error: z.ZodError, values: Record<string, string>): string {
  const docs = new Map(describeVariables().map(doc => [doc.name, doc]))
  const lines = error.issues.map(issue => {
    const name = String(issue.path[0])
    const problem = issue.code === 'invalid_type' ? 'is required' : issue.message
    const doc = docs.get(name)
    return `  ${name} ${problem}${shown(values[name], doc)}. Example: ${name}=${doc?.example}`
  })
  return ['The configuration is wrong:', ...lines].join('\n')
}

function shown(value: string | undefined, doc: VariableDoc | undefined): string {
  if (value === undefined || doc?.secret) return ''
  // Up to the last of them: what is written in a wrong way need not end where a password should.
  return ` (it is ${JSON.stringify(value.replace(/^([a-z][a-z\d+.-]*:\/{0,2})?.*@/is, '$1***@'))})`
}
