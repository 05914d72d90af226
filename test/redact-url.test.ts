import t from 'tap'
import { redactUrl } from '../src/redact-url.ts'

const cases = [
  ['redis://user:password@host:6379/0', 'redis://***@host:6379/0'],
  ['redis://:p%40ss@host/0', 'redis://***@host/0'],
  ['nats://token@host', 'nats://***@host'],
  ['amqp://host/vhost?heartbeat=10&hosts=a,b', 'amqp://host/vhost?heartbeat=10&hosts=a,b'],
  ['kafka://host?password=p&apiKey=k&sasl=plain', 'kafka://host?password=***&apiKey=***&sasl=plain'],
  ['sqs://host/q?endpoint=http://u:p@other', 'sqs://host/q?endpoint=***'],
  ['redis://user:12#secret@host', 'redis://***'],
  ['redis://user:12/secret@host', 'redis://***'],
  ['redis://user:12?secret&more@host', 'redis://***'],
  ['redis://user:12?secret=more@host', 'redis://***'],
  ['redis://host/0#fragment', 'redis://host/0'],
  ['sqlite:', 'sqlite:'],
  ['sqlite:///var/queue.sqlite', 'sqlite:///var/queue.sqlite'],
  ['no url: secret', '***'],
  ['secret', '***'],
] as const

for (const [text, expected] of cases) t.equal(redactUrl(text), expected, text)
