import assert from 'node:assert/strict'
import { hash } from 'node:crypto'
import * as fc from 'fast-check'
import t from 'tap'
import { parseEvent } from '../../src/jelou/event.ts'
import { sign, signingKey, verifyBody, type VerifiedBody } from '../../src/jelou/signature.ts'
import { attributesOf, messageOf } from '../../src/queue/attributes.ts'
import { EventInvalidError } from '../../src/errors.ts'
import { envelope } from '../../src/webhook/envelope.ts'
import { holds } from '../fixtures/property.ts'

const RECEIVED = 1_776_134_278_574
const TRACE = { traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01' }
const key = signingKey('secret')

/** Any text that JSON can have, halves of surrogate pairs as well: they are escaped there. */
const unit = fc.oneof(
  { weight: 20, arbitrary: fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }) },
  { weight: 1, arbitrary: fc.constantFrom('\ud800', '\udfff') },
)
const text = fc.string({ unit, maxLength: 30 })
const name = text.filter(value => value !== '')
const identifier = fc.oneof(text, fc.integer(), fc.double(), fc.constant(null), fc.jsonValue())
const space = fc.constantFrom('', ' ', '\t')
const timestamp = fc.oneof(fc.integer(), fc.double(), fc.constant(RECEIVED), text)
/** An event as Jelou might send it, or something that resembles one, with members of any name besides. */
const event = fc
  .record(
    {
      event: name,
      event_type: name,
      room_id: identifier,
      conversation: fc.oneof(fc.record({ id: identifier }), fc.jsonValue()),
      contact: fc.oneof(fc.record({ id: identifier }), fc.jsonValue()),
      project_id: identifier,
      timestamp,
      ',"data":': fc.jsonValue(),
      data: fc.jsonValue(),
      value: fc.jsonValue(),
    },
    { requiredKeys: ['event_type'] },
  )
  .chain(members => fc.shuffledSubarray(Object.entries(members), { minLength: 1 }))
  .map(entries => Object.fromEntries(entries))

function verified(body: Buffer): VerifiedBody {
  const same = verifyBody(body, sign(body, key), [key])
  if (same === undefined) throw new TypeError('what was signed does not verify')
  return same
}

/** What the event is enveloped as; undefined when it is none. */
function enveloped(body: Buffer, projectId: string, at = RECEIVED) {
  try {
    return envelope(parseEvent(verified(body)), verified(body), projectId, at, TRACE)
  } catch (error) {
    if (error instanceof EventInvalidError) return undefined
    throw error
  }
}

const projectId = fc.string({ minLength: 1, maxLength: 20 })

void t.test('data is the signed text byte for byte, and the whole is JSON', t =>
  holds(
    t,
    fc.property(event, space, projectId, (value, spaces, project) => {
      const body = Buffer.from(JSON.stringify(value, undefined, spaces))
      const message = enveloped(body, project)
      if (message === undefined) return !('event_type' in value) && !('event' in value)
      const whole = JSON.parse(String(message.body))
      const behind = Buffer.byteLength(`${JSON.stringify(message.attributes).slice(0, -1)},"data":`)
      assert.deepEqual(whole.data, JSON.parse(String(body)))
      return message.body.subarray(behind, -1).equals(body) && message.body.at(-1) === 0x7d
    }),
  ),
)

void t.test('the id is that of the bytes alone, whenever and for whomever they come', t =>
  holds(
    t,
    fc.property(
      event,
      projectId,
      projectId,
      fc.integer({ min: 0, max: 4e12 }),
      (value, one, other, later) => {
        const body = Buffer.from(JSON.stringify(value))
        const first = enveloped(body, one)
        const second = enveloped(body, other, later)
        return first?.id === second?.id && (first === undefined || first.id === hash('sha256', body))
      },
    ),
  ),
)

void t.test('what comes back from a store has the attributes that were written', t =>
  holds(
    t,
    fc.property(event, space, projectId, (value, spaces, project) => {
      const message = enveloped(Buffer.from(JSON.stringify(value, undefined, spaces)), project)
      if (message === undefined) return true
      const back = messageOf(message.body)
      assert.deepEqual(back.attributes, message.attributes)
      assert.deepEqual(attributesOf(message.body), message.attributes)
      return (
        back.id === message.id &&
        back.type === message.type &&
        back.partitionKey === message.partitionKey &&
        back.body === message.body
      )
    }),
  ),
)

void t.test('every event has a key that is a text, and a time that is a date', t =>
  holds(
    t,
    fc.property(event, projectId, (value, project) => {
      const message = enveloped(Buffer.from(JSON.stringify(value)), project)
      if (message === undefined) return true
      const { time, receivedat, subject, partitionkey } = message.attributes
      return (
        message.partitionKey !== '' &&
        subject === partitionkey &&
        new Date(time).toISOString() === time &&
        receivedat === new Date(RECEIVED).toISOString() &&
        Number.isSafeInteger(message.timestamp) &&
        message.timestamp >= 0
      )
    }),
  ),
)

void t.test('the key is the first identifier that there is, as it is written', t =>
  holds(
    t,
    fc.property(
      name,
      fc.array(fc.oneof(name, fc.integer(), fc.constant(undefined)), { minLength: 4, maxLength: 4 }),
      (type, ids) => {
        const [room_id, conversation, contact, project_id] = ids
        const body = JSON.stringify({
          event: type,
          project_id,
          contact: { id: contact },
          conversation: { id: conversation },
          room_id,
        })
        const first = ids.find(id => id !== undefined)
        return (
          parseEvent(verified(Buffer.from(body))).partitionKey ===
          (first === undefined ? undefined : String(first))
        )
      },
    ),
  ),
)

void t.test('anything that is no event is refused with one of two codes', t =>
  holds(
    t,
    fc.property(
      fc.oneof(
        fc.uint8Array().map(array => Buffer.from(array)),
        fc.jsonValue().map(value => Buffer.from(JSON.stringify(value))),
        fc.json().map(text => Buffer.from(text)),
      ),
      body => {
        try {
          return parseEvent(verified(body)).name !== ''
        } catch (error) {
          const { code, message, cause } = Object(error)
          return (
            ['ERR_BODY_NOT_JSON', 'ERR_EVENT_INVALID'].includes(code) &&
            cause === undefined &&
            message.length < 200
          )
        }
      },
    ),
  ),
)
