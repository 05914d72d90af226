import t from 'tap'
import { DRIVERS, openBroker } from '../../src/queue/open.ts'
import { brokerOptions } from './fixtures/broker-options.ts'

/** Those that must say more than where the server is. */
const ADDRESSES: Record<string, string> = {
  'https:': 'https://sqs.eu-west-1.amazonaws.com/123456789012/events',
  'http:': 'http://127.0.0.1:1/000000000000/events',
  'sqs:': 'sqs://eu-west-1',
}

t.test('the scheme picks the driver', async t => {
  for (const [scheme, { client }] of Object.entries(DRIVERS)) {
    const url = ADDRESSES[scheme] ?? `${scheme}//127.0.0.1:1`
    const driver = await openBroker(brokerOptions(url))
    t.match(driver.name, /^[a-z]+$/, `${scheme} ${client}`)
    t.match(driver.health(), { ok: false })
    await driver.close()
  }
})

t.test('another scheme is refused', async t => {
  await t.rejects(openBroker(brokerOptions('ftp://user:hidden@host')), {
    code: 'ERR_CONFIG',
    message: 'QUEUE_URL ftp://… is not a queue that there is',
  })
})

t.test('a client that is not installed is named', async t => {
  const missing = Object.assign(new Error('Cannot find package'), { code: 'ERR_MODULE_NOT_FOUND' })
  const drivers = { 'redis:': { client: 'ioredis', load: () => Promise.reject(missing) } }
  await t.rejects(openBroker(brokerOptions('redis://user:hidden@host'), drivers), {
    code: 'ERR_QUEUE_CLIENT',
    message:
      'QUEUE_URL redis://… needs the package ioredis, which is not installed: install it beside this service',
    cause: missing,
  })
})

t.test('a wrong setting is told', async t => {
  await t.rejects(openBroker(brokerOptions('redis://host/?nope=1')), {
    code: 'ERR_CONFIG',
    message: /has no setting nope/,
  })
})
