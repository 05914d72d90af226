import { PassThrough } from 'node:stream'
import { text } from 'node:stream/consumers'
import { setTimeout } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import t, { type Test } from 'tap'
import { z } from 'zod'
import { command } from '../../src/commands/simulate.ts'
import { createIntegrationApi } from '../../src/jelou/client.ts'
import { simulate, simulateHelp, simulateOptions } from '../../src/simulator/command.ts'
import { EVENT_TYPES } from '../../src/simulator/events.ts'
import { closedOrigin, serve } from '../fixtures/serve.ts'

const valuesOf = (args: string[]) =>
  z.object(simulateOptions).parse(parseArgs({ args, options: command.options }).values)

/** Runs the command until it is stopped; `said` is what it wrote so far. */
function start(t: Test, ...args: string[]) {
  const out = new PassThrough({ encoding: 'utf8' })
  const controller = new AbortController()
  let said = ''
  out.on('data', (chunk: string) => (said += chunk))
  const running = simulate(valuesOf(args), { out, signal: controller.signal })
  const stop = () => {
    controller.abort()
    return running
  }
  t.teardown(stop)
  return {
    stop,
    said: () => said,
    async until(pattern: RegExp): Promise<RegExpExecArray> {
      for (;;) {
        const found = pattern.exec(said)
        if (found) return found
        await setTimeout(5)
      }
    },
  }
}

void t.test('simulates, as the options say, until the signal', async t => {
  const port = new URL(await closedOrigin()).port
  const command = start(
    t,
    '--port',
    port,
    '--project',
    'p1',
    '--api-key',
    'key-1234',
    '--client-id',
    'me',
    '--client-secret',
    's3cret',
    '--shape',
    'wrapped',
    '--second-create',
    'no-secret',
    '--sparse-read',
    '--fault',
    '{"method":"POST","status":500,"times":1}',
    '--fault',
    '{"method":"DELETE","status":403}',
  )
  const [, baseUrl = ''] = await command.until(
    /JELOU_API_URL=(\S+) JELOU_PROJECT_ID=p1 JELOU_API_KEY=\(as given\)\n/,
  )
  t.equal(baseUrl, `http://127.0.0.1:${port}/jelouapi/v1`)

  for (const credential of [{ apiKey: 'key-1234' }, { clientId: 'me', clientSecret: 's3cret' }]) {
    const api = createIntegrationApi({ baseUrl, projectId: 'p1', credential })
    t.teardown(() => api.close())
    t.match(await api.remove(), { kind: 'refused', status: 403 })
  }
  const call = (method: string) =>
    fetch(`${baseUrl}/external-support/p1`, {
      method,
      headers: { 'x-api-key': 'key-1234', 'content-type': 'application/json' },
      ...(method === 'POST' && { body: '{"webhookUrl":"https://a.b","authorization":"token-1234"}' }),
    })
  t.equal((await call('POST')).status, 500)
  t.match(await (await call('POST')).json(), { data: { signingSecret: String } })
  t.notMatch(await (await call('POST')).text(), 'signingSecret')
  t.notMatch(await (await call('GET')).text(), 'authType')
  await command.stop()
  await t.rejects(call('GET'))
  t.match(
    command.said(),
    /\nPOST \/jelouapi\/v1\/external-support\/p1 500\nPOST \S+ 200\nPOST \S+ 200\nGET \S+ 200\n$/,
  )
  t.notMatch(command.said(), /1234|s3cret|[0-9a-f]{64}/)
})

void t.test('sends once something is registered', async t => {
  const { origin, received } = await serve(t, (_request, response) => response.end())
  const command = start(
    t,
    '--port',
    '0',
    '--send',
    '--count',
    '4',
    '--rate',
    '500',
    '--rooms',
    '2',
    '--redeliver-every',
    '4',
    '--type',
    'audio',
    '--type',
    'conversation.close',
  )
  const [, baseUrl = '', apiKey = ''] = await command.until(/JELOU_API_URL=(\S+) \S+ JELOU_API_KEY=(\S+)\n/)
  const api = createIntegrationApi({ baseUrl, projectId: 'PROJECT_ID', credential: { apiKey } })
  t.teardown(() => api.close())
  t.match(await api.create({ webhookUrl: origin, authType: 'no_auth' }), { kind: 'ok' })
  await command.until(/sent 5: \{"200":5\}\n/)
  t.equal(received.length, 5)
  t.match(command.said(), /audio to room-1: 200\n/)
  t.match(command.said(), /conversation\.close to room-\d again: 200\n/)
  t.match(await api.read(), { kind: 'ok' }, 'it keeps running')
  await command.stop()
})

void t.test('says when the receiver does not answer, and stops while it sends', async t => {
  const command = start(t, '--port', '0', '--send', '--rate', '200')
  const [, baseUrl = '', apiKey = ''] = await command.until(/JELOU_API_URL=(\S+) \S+ JELOU_API_KEY=(\S+)\n/)
  const api = createIntegrationApi({ baseUrl, projectId: 'PROJECT_ID', credential: { apiKey } })
  t.teardown(() => api.close())
  await api.create({ webhookUrl: await closedOrigin(), authType: 'no_auth' })
  await command.until(/text to room-\d: ECONNREFUSED\n(.*\n)*unknown-fields to room-\d: ECONNREFUSED\n/)
  await command.stop()
  t.match(command.said(), /\nsent \d+: \{"ECONNREFUSED":\d+\}\n$/)
})

void t.test('an address that is taken', async t => {
  const { origin } = await serve(t, () => {})
  const out = new PassThrough()
  const taken = simulate(valuesOf(['--port', new URL(origin).port]), { out, signal: AbortSignal.abort() })
  await t.rejects(taken, { code: 'ERR_CONFIG', message: /^--host, --port: .*EADDRINUSE/, cause: Error })
})

void t.test('a signal that came before ends it at once, everything closed', async t => {
  const out = new PassThrough()
  await simulate(valuesOf(['--port', '0', '--send']), { out, signal: AbortSignal.abort() })
  out.end()
  t.match(await text(out), /ready\.(.*\n)*JELOU_API_URL=\S+ JELOU_PROJECT_ID=PROJECT_ID .*\nsent 0: \{\}\n$/)
})

void t.test('the help names every option and event type', async t => {
  for (const option of Object.keys(simulateOptions)) t.match(simulateHelp, `  --${option} `, option)
  for (const type of EVENT_TYPES) t.match(simulateHelp, type)
  for (const line of simulateHelp.split('\n')) t.ok(line.length <= 110, line)
})
