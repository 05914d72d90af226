import { join } from 'node:path'
import t from 'tap'
import { checkDisk } from '../../src/doctor/disk.ts'
import { checkNode, checkOpenFiles } from '../../src/doctor/machine.ts'
import { adviceFor, reasonOf } from '../../src/doctor/reason.ts'
import { runChecks } from '../../src/doctor/run-checks.ts'
import { ConfigError } from '../../src/errors.ts'
import { testDirectory } from '../fixtures/directory.ts'

t.test('this Node is good enough, and an older one is not', async t => {
  t.match(checkNode(), { status: 'ok', detail: process.versions.node })
  t.match(checkNode('22.12.0'), { status: 'wrong', detail: '22.12.0 is too old', advice: /npm start/ })
})

function line(soft: string): string {
  return `Limit  Soft Limit  Hard Limit\nMax open files            ${soft}  9999999  files\n`
}

t.test('the limit of open files', async t => {
  const directory = testDirectory(t, {
    few: line('1024'),
    many: line('4096'),
    all: line('unlimited'),
    none: 'x\n',
  })
  const cases = [
    ['few', { status: 'warning', detail: 'only 1024 may be open', advice: /ulimit -n/ }],
    ['many', { status: 'ok', detail: '4096 may be open' }],
    ['all', { status: 'ok' }],
    ['none', { status: 'skipped' }],
    ['missing', { status: 'skipped' }],
  ] as const
  for (const [name, expected] of cases) t.match(checkOpenFiles(join(directory, name)), expected, name)
  t.match(checkOpenFiles(), { status: String })
})

const GIB = 1024 ** 3

function disk(type: number, free: number) {
  return async () => ({ type, bavail: free / 4096, bsize: 4096 })
}

t.test('the disk', async t => {
  const cases = [
    [disk(0xef53, 5 * GIB), { status: 'ok', detail: '5120 MiB are free' }],
    [disk(0xef53, GIB / 2), { status: 'warning', detail: 'only 512 MiB are free', advice: /room/ }],
    [disk(0xef53, 4096), { status: 'wrong', detail: '0 MiB are free: events are refused' }],
    [disk(0x6969, 5 * GIB), { status: 'wrong', detail: '/d/e is on NFS', advice: /local disk/ }],
    [disk(0xff534d42 | 0, 5 * GIB), { status: 'wrong', detail: '/d/e is on CIFS' }],
    [disk(0x01021994, 5 * GIB), { status: 'warning', detail: /in memory/ }],
  ] as const
  for (const [look, expected] of cases) t.match(await checkDisk('/d/e', look), expected)
})

t.test('the disk of a directory that is not there is that of the one above', async t => {
  const directory = testDirectory(t, { file: '' })
  t.match(await checkDisk(join(directory, 'a/b')), { status: String, detail: /MiB/ })
  t.match(await checkDisk(join(directory, 'file/b')), { status: 'skipped', detail: 'ENOTDIR' })
  const error = Object.assign(new Error('missing'), { code: 'ENOENT' })
  const missing = () => Promise.reject(error)
  t.match(await checkDisk('/a', missing), { status: 'skipped', detail: 'ENOENT' })
})

t.test('a reason quotes nothing that is not our own', async t => {
  t.equal(reasonOf(new ConfigError('PORT is wrong')), 'PORT is wrong')
  t.equal(reasonOf(Object.assign(new Error('a secret'), { code: 'EACCES' })), 'EACCES')
  t.equal(reasonOf(new TypeError('a secret')), 'TypeError')
  t.equal(reasonOf(undefined), 'unknown error')
})

t.test('what to do about a connection that failed', async t => {
  const cases = [
    ['ENOTFOUND', /DNS/],
    ['ECONNREFUSED: connect', /nothing listens/],
    ['UND_ERR_CONNECT_TIMEOUT', /firewalls/],
    ['no answer within 10000 ms', /firewalls/],
    ['TimeoutError', /firewalls/],
    ['CERT_HAS_EXPIRED: certificate has expired', /renew/],
    ['ERR_TLS_CERT_ALTNAME_INVALID', /another name/],
    ['DEPTH_ZERO_SELF_SIGNED_CERT', /NODE_EXTRA_CA_CERTS/],
    ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', /whole chain/],
    ['ERR_SSL_WRONG_VERSION_NUMBER', /scheme/],
    ['else', /^otherwise$/],
  ] as const
  for (const [reason, advice] of cases) t.match(adviceFor(reason, 'otherwise'), advice, reason)
})

t.test('checks never fail, and none takes too long', async t => {
  const done: string[] = []
  const results = await runChecks(
    [
      { name: 'late', run: () => new Promise(() => {}) },
      { name: 'failing', run: () => Promise.reject(new TypeError('a secret')) },
      {
        name: 'throwing',
        run() {
          throw new ConfigError('PORT is wrong')
        },
      },
      { name: 'good', run: () => ({ status: 'ok', detail: 'fine' }) },
    ],
    { timeout: 100, onDone: name => done.push(name) },
  )
  t.match(results, [
    { name: 'late', status: 'wrong', detail: 'no result within 0.1 s' },
    { name: 'failing', status: 'wrong', detail: 'it could not be looked at: TypeError' },
    { name: 'throwing', status: 'wrong', detail: 'it could not be looked at: PORT is wrong' },
    { name: 'good', status: 'ok', detail: 'fine' },
  ])
  t.same(new Set(done), new Set(['late', 'failing', 'throwing', 'good']))
  t.equal(done.at(-1), 'late')
})
