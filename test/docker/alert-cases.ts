/** Series by their names and labels, without those of the target, in promtool's notation, one value a minute. */
export type Series = Record<string, string>

/** What makes an alert fire within `minutes`, and what does not. */
export type AlertCase = { minutes: number; fires: Series[]; quiet: Series[] }

const INFO = { 'jelou_receiver_build_info{}': '1x60' }
const READY = (values: string) => ({ 'jelou_receiver_ready{}': values })
const refused = (check: string, values: string) => ({
  [`jelou_receiver_refused_total{check="${check}"}`]: values,
})
const accepted = (values: string) => ({ 'jelou_receiver_events_total{outcome="accepted"}': values })
const ended = (outcome: string, values: string) => ({
  [`jelou_receiver_request_duration_seconds_count{outcome="${outcome}"}`]: values,
})
const phase = (name: string, values: string) => ({
  [`jelou_receiver_registration_phase{phase="${name}"}`]: values,
})
const waiting = (values: string) => ({ 'jelou_receiver_spool_events{state="waiting"}': values })
const closed = (values: string) => ({ 'jelou_receiver_breaker_state{state="closed"}': values })

/** A histogram of 100 values a minute: so many of them within the first bound, all within the second. */
function histogram(selector: string, [low, high]: [string, string], within: number): Series {
  const [name = '', labels = ''] = selector.split('{')
  const bucket = (le: string, count: number) => ({ [`${name}_bucket{le="${le}",${labels}`]: `0+${count}x60` })
  return { ...bucket(low, within), ...bucket(high, 100), ...bucket('+Inf', 100) }
}
const answers = (outcome: string, within: number) =>
  histogram(`jelou_receiver_request_duration_seconds{outcome="${outcome}"}`, ['2', '5'], within)
const ages = (within: number) => histogram('jelou_receiver_event_age_seconds{}', ['60', '300'], within)
const spool = (bytes: number) => ({
  'jelou_receiver_spool_bytes{}': `${bytes}x60`,
  'jelou_receiver_spool_limit_bytes{}': '1000x60',
})
const gauge = (name: string, value: number | string) => ({
  [`jelou_receiver_${name}{}`]: typeof value === 'string' ? value : `${value}x60`,
})
const lag = (seconds: number) => ({ 'nodejs_eventloop_lag_p99_seconds{}': `${seconds}x60` })
const files = (open: number) => ({ 'process_open_fds{}': `${open}x60`, 'process_max_fds{}': '100x60' })

export const CASES: Record<string, AlertCase> = {
  Absent: { minutes: 6, fires: [{}], quiet: [INFO, { 'jelou_receiver_build_info{}': '_x4 1x10' }] },
  Down: { minutes: 4, fires: [{ 'up{}': '0x10' }], quiet: [{ 'up{}': '1x10' }, { 'up{}': '1 1 0 1 1' }] },
  NotReady: { minutes: 4, fires: [READY('0x10')], quiet: [READY('1x10'), READY('0 0 1 1 1')] },
  SelfCheck: {
    minutes: 27,
    fires: ['clock', 'public-url'].map(check => ({ [`jelou_receiver_warning{check="${check}"}`]: '1x40' })),
    quiet: [
      { 'jelou_receiver_warning{check="clock"}': '0x40' },
      { 'jelou_receiver_warning{check="broker"}': '1x40' },
    ],
  },
  Restarting: {
    minutes: 15,
    fires: [{ ...INFO, 'process_start_time_seconds{}': '0+60x20' }],
    quiet: [
      { ...INFO, 'process_start_time_seconds{}': '5 5 5 5 600 600 600 900x20' },
      { 'process_start_time_seconds{}': '0+60x20' },
    ],
  },
  Refusing: {
    minutes: 15,
    fires: [
      { ...refused('ERR_SIGNATURE_INVALID', '0+10x30'), ...accepted('0+100x30') },
      { ...refused('ERR_CREDENTIAL_INVALID', '0+2x30'), ...accepted('0x30') },
    ],
    quiet: [
      { ...refused('ERR_SIGNATURE_INVALID', '0+2x30'), ...accepted('0+100x30') },
      { ...refused('ERR_SIGNATURE_INVALID', '0 3x30'), ...accepted('0x30') },
      { ...refused('ERR_CONTENT_TYPE', '0+10x30'), ...accepted('0+10x30') },
    ],
  },
  Failing: {
    minutes: 5,
    fires: [ended('failed', '0 0 0 1x10')],
    quiet: [ended('refused', '0+5x10'), ended('failed', '7x10')],
  },
  Slow: {
    minutes: 17,
    fires: [answers('accepted', 90)],
    quiet: [answers('accepted', 100), answers('failed', 90)],
  },
  EventsLate: { minutes: 27, fires: [ages(40)], quiet: [ages(60)] },
  Clock: {
    minutes: 25,
    fires: [gauge('events_ahead_total', '0+1x40')],
    quiet: [gauge('events_ahead_total', '4x40')],
  },
  BreakerOpen: { minutes: 4, fires: [closed('0x10')], quiet: [closed('1x10'), closed('1 0 1 1 1')] },
  SpoolGrowing: {
    minutes: 35,
    fires: [{ ...waiting('0+10x40'), ...closed('1x40') }],
    quiet: [
      { ...waiting('0+10x40'), ...closed('0x40') },
      { ...waiting('4000-10x40'), ...closed('1x40') },
    ],
  },
  SpoolFilling: { minutes: 3, fires: [spool(810)], quiet: [spool(790)] },
  SpoolOld: {
    minutes: 3,
    fires: [gauge('spool_oldest_age_seconds', 901)],
    quiet: [gauge('spool_oldest_age_seconds', 899)],
  },
  ConsumerBehind: {
    minutes: 7,
    fires: [gauge('queue_oldest_age_seconds', 301)],
    quiet: [gauge('queue_oldest_age_seconds', 299)],
  },
  DeadLetters: {
    minutes: 3,
    fires: [
      { 'jelou_receiver_queue_events{state="dead"}': '1x10' },
      { 'jelou_receiver_spool_events{state="dead"}': '1x10' },
    ],
    quiet: [{ 'jelou_receiver_queue_events{state="waiting"}': '9x10' }],
  },
  StoreDown: { minutes: 4, fires: [gauge('store_up', 0)], quiet: [gauge('store_up', 1)] },
  RepeatsUnrecognised: {
    minutes: 12,
    fires: [gauge('repeats_recognised', 0)],
    quiet: [gauge('repeats_recognised', 1), INFO],
  },
  DiskLow: {
    minutes: 7,
    fires: [gauge('disk_free_bytes', 1e9)],
    quiet: [gauge('disk_free_bytes', 1.1e9)],
  },
  NotRegistered: {
    minutes: 17,
    fires: ['starting', 'degraded', 'unregistered'].map(name => phase(name, '1x20')),
    quiet: [phase('registered', '1x20'), phase('degraded', '0x20'), phase('static', '1x20')],
  },
  SecretLost: {
    minutes: 1,
    fires: [phase('secret_lost', '1x5')],
    quiet: [phase('secret_lost', '0x5'), phase('conflict', '1x5')],
  },
  Conflict: { minutes: 7, fires: [phase('conflict', '1x10')], quiet: [phase('conflict', '0x10')] },
  StateDown: { minutes: 7, fires: [gauge('state_up', 0)], quiet: [gauge('state_up', 1)] },
  SecretOld: {
    minutes: 62,
    fires: [gauge('secret_age_seconds', '16000000x70')],
    quiet: [gauge('secret_age_seconds', '15000000x70')],
  },
  EventLoopLag: {
    minutes: 12,
    fires: [{ ...INFO, ...lag(0.21) }],
    quiet: [{ ...INFO, ...lag(0.19) }, lag(5)],
  },
  FileDescriptors: {
    minutes: 7,
    fires: [{ ...INFO, ...files(81) }],
    quiet: [{ ...INFO, ...files(79) }, files(99)],
  },
}
