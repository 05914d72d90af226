import { ReplyError } from 'ioredis'
import t from 'tap'
import { errorOf, failureOf } from '../../../src/queue/drivers/redis-failure.ts'

const reply = (message: string, more: object = {}): Error =>
  Object.assign(new (ReplyError as ErrorConstructor)(message), more)
const failed = (message: string, code: string): Error => Object.assign(new Error(message), { code })

void t.test('tells what an error means', async t => {
  const cases: [unknown, { kind: string; reason?: RegExp; reconnect?: boolean }][] = [
    [reply("OOM command not allowed when used memory > 'maxmemory'."), { kind: 'full', reason: /maxmemory/ }],
    [reply('READONLY You cannot write'), { kind: 'refused', reason: /replica/, reconnect: true }],
    [reply('NOAUTH Authentication required.'), { kind: 'refused', reason: /password/ }],
    [reply('WRONGPASS invalid username-password pair'), { kind: 'refused' }],
    [reply('NOPERM no permissions'), { kind: 'refused' }],
    [reply('WRONGTYPE Operation against a key'), { kind: 'refused', reason: /QUEUE_NAME/ }],
    [reply('MOVED 3999 127.0.0.1:6381'), { kind: 'refused', reason: /cluster/ }],
    [reply('ERR DB index is out of range'), { kind: 'refused', reason: /DB index/ }],
    [reply('LOADING Redis is loading'), { kind: 'unavailable', reason: /LOADING/, reconnect: false }],
    [reply('MASTERDOWN Link with MASTER is down'), { kind: 'unavailable' }],
    [reply('CLUSTERDOWN The cluster is down'), { kind: 'unavailable' }],
    [reply('NOSCRIPT No matching script'), { kind: 'unavailable', reconnect: true }],
    [reply('ERR Error running script (call to f_0): @user_script:12: -OOM command'), { kind: 'full' }],
    [
      failed('connect ECONNREFUSED 127.0.0.1:1', 'ECONNREFUSED'),
      { kind: 'unavailable', reason: /^ECONNREFUSED$/ },
    ],
    [failed('no', 'ERR_TLS_CERT_ALTNAME_INVALID'), { kind: 'refused', reason: /TLS/ }],
    [new Error('Connection is closed.'), { kind: 'unavailable', reason: /lost/ }],
    [undefined, { kind: 'unavailable', reason: /lost/ }],
  ]
  for (const [error, expected] of cases) t.match(failureOf(error), expected, String(error))
})

void t.test('keeps no argument of a command: neither a password nor an event', async t => {
  const error = reply("ERR unknown command 'XADD', with args beginning with: 'customer text'", {
    command: { name: 'auth', args: ['hunter2', 'customer text'] },
  })
  const failure = failureOf(error)
  t.match(failure, { kind: 'refused', cause: error })
  t.notOk('command' in error)
  t.notMatch(failure.reason, /customer/)
  t.match(errorOf(failure), { code: 'ERR_QUEUE_REFUSED', cause: error, message: /unknown command 'XADD'$/ })
})

void t.test('tells why a transaction was not carried out', async t => {
  const previousErrors = [reply('NOPERM no permissions', { command: { args: ['hunter2'] } })]
  const failure = failureOf(reply('EXECABORT Transaction discarded', { previousErrors }))
  t.match(failure, { kind: 'refused', reason: /NOPERM/ })
  t.notMatch(JSON.stringify(failure), /hunter2/)
})
