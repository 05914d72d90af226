import assert from 'node:assert/strict'
import { join } from 'node:path'
import * as fc from 'fast-check'
import t from 'tap'
import { describeVariables, explainConfig, loadConfig } from '../src/config.ts'
import { ConfigError } from '../src/errors.ts'
import { redactUrl } from '../src/redact-url.ts'
import { holds, record } from './fixtures/property.ts'

const NO_FILE = join(import.meta.dirname, 'no-such-file')
/** Stands in every value that must not be shown. */
const MARK = 'h1dd3n'
const docs = describeVariables()

const noise = fc.oneof(fc.string({ unit: 'binary', maxLength: 20 }), fc.string({ maxLength: 20 }))
const scheme = fc.constantFrom(
  'https',
  'http',
  'redis',
  'rediss',
  'amqp',
  'amqps',
  'nats',
  'kafka',
  'sqs',
  'postgres',
  'ftp',
  'x',
)
const before = fc.stringMatching(/^[\w.:%!$&'()*+,;=#?/@-]{0,8}$/)
/** A URL, or nearly one, with a password, as somebody might write it who did not know what has to be encoded. */
const urlWithPassword = fc
  .tuple(
    scheme,
    before,
    before,
    fc.constantFrom('host', 'host:6379/0', '[::1]:1', '', 'host/path?a=b', 'host:x'),
  )
  .map(([protocol, one, two, rest]) => `${protocol}://user:${one}${MARK}${two}@${rest}`)
const secret = fc.tuple(noise, noise).map(([one, two]) => `${one}${MARK}${two}`)

/** Any text, what might be right, or a URL with a password, for one variable. What is secret has the mark in it. */
function valueOf({ name, example, secret: isSecret }: (typeof docs)[number]): fc.Arbitrary<string> {
  if (name.endsWith('_URL')) return fc.oneof(urlWithPassword, fc.constant(example))
  return fc.oneof(isSecret ? secret : noise, fc.constant(example), fc.constant(''))
}

const environment = record<Record<string, string | undefined>>(
  Object.fromEntries(docs.map(doc => [doc.name, fc.option(valueOf(doc), { nil: undefined, freq: 1 })])),
)

void t.test(
  'any environment is a configuration, or an error that names what is wrong and shows no secret',
  t =>
    holds(
      t,
      fc.asyncProperty(environment, async values => {
        try {
          const config = await loadConfig(values, NO_FILE)
          assert.ok(config.JELOU_PROJECT_ID.length > 0)
        } catch (error) {
          assert.ok(error instanceof ConfigError, String(error))
          assert.ok(!`${error.message} ${String(error.cause)}`.includes(MARK), error.message)
        }
      }),
    ),
)

void t.test('no configuration shows a secret when it is explained', t =>
  holds(
    t,
    fc.asyncProperty(urlWithPassword, secret, async (url, text) => {
      const given = {
        JELOU_PROJECT_ID: 'p',
        PUBLIC_URL: 'https://support.example.com',
        JELOU_API_KEY: encodeURIComponent(text.toWellFormed()),
        WEBHOOK_AUTHORIZATION: encodeURIComponent(text.toWellFormed()),
        QUEUE_URL: url,
      }
      const [explained] = await Promise.allSettled([explainConfig(given, NO_FILE)])
      const shown =
        explained.status === 'fulfilled' ? JSON.stringify(explained.value) : String(explained.reason)
      assert.ok(!shown.includes(MARK), shown)
    }),
  ),
)

void t.test('no URL shows its password', t =>
  holds(
    t,
    fc.property(urlWithPassword, url => !redactUrl(url).includes(MARK)),
  ),
)
