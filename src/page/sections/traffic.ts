import { areaPath, HEIGHT, linePath, scaleTop, WIDTH, type Values } from '../chart.ts'
import { clock, table, type Column } from '../elements.ts'
import { formatCount, formatNumber, formatTime } from '../format.ts'
import type { Period } from '../history.ts'
import { html, type Content, type Html } from '../html.ts'
import type { PageData } from '../sources.ts'

type Line = { name: string; style: string; values: Values; filled?: boolean }
type Chart = {
  id: string
  title: string
  /** What stands large above it, and of when it is. */
  now: string
  when: string
  /** The same for who cannot see it. */
  summary: string
  lines: Line[]
  /** The least that the scale shows. */
  least: number
  format: (value: number) => string
}

const LAST_MINUTE = 'last minute'

/** What came in, how fast it was answered and what waits, in the last quarter of an hour: three charts and their table. */
export function traffic(history: PageData['history'], waiting: number | undefined): Html {
  const minutes = history.minutes()
  return html`<div class="charts">
      ${charts(history.samples(), history.lastMinute(), waiting).map(figure)}
    </div>
    <details id="traffic-table">
      <summary>The same as a table, by the minute</summary>
      ${
        minutes.length === 0
          ? html`<p class="none">Nothing yet: the service has just been started.</p>`
          : table('Newest first; times in UTC', COLUMNS, minutes.toReversed().map(row))
      }
    </details>`
}

function charts(
  samples: readonly (Period | null)[],
  last: Period | null,
  waitingNow: number | undefined,
): Chart[] {
  const values = (read: (sample: Period) => number | null): Values =>
    samples.map(sample => sample && read(sample))
  const rate = (name: 'accepted' | 'duplicate' | 'refused') =>
    values(sample => sample[name] / (sample.length / 1000))
  const accepted = rate('accepted')
  const perSecond = last ? last.accepted / (last.length / 1000) : 0
  const waiting = values(sample => sample.waiting)
  const depth = waitingNow === undefined ? 'unknown' : formatCount(waitingNow)
  const p99 = values(sample => sample.answer && sample.answer.p99)
  const spread = last?.answer
    ? `${formatTime(last.answer.median)} median, ${formatTime(last.answer.p99)} p99`
    : 'no event'
  return [
    {
      id: 'rate',
      title: 'Events per second',
      least: 1,
      format: formatNumber,
      now: `${formatNumber(perSecond)}/s`,
      when: LAST_MINUTE,
      summary: `${formatNumber(perSecond)} accepted per second in the last minute, ${formatNumber(highest(accepted))} at most.`,
      lines: [
        {
          name: 'accepted',
          style: 'first',
          values: accepted,
          filled: true,
        },
        {
          name: 'duplicates',
          style: 'second',
          values: rate('duplicate'),
        },
        {
          name: 'refused',
          style: 'third',
          values: rate('refused'),
        },
      ],
    },
    {
      id: 'answer',
      title: 'Time to answer an event',
      least: 1,
      format: formatTime,
      now: spread,
      when: LAST_MINUTE,
      summary: `${spread} in the last minute; ${formatTime(highest(p99))} p99 at most.`,
      lines: [
        {
          name: 'median',
          style: 'first',
          values: values(({ answer }) => answer && answer.median),
          filled: true,
        },
        { name: 'p99', style: 'upper', values: p99 },
      ],
    },
    {
      id: 'waiting',
      title: 'Events that wait',
      least: 10,
      format: formatNumber,
      now: depth,
      when: 'now',
      summary: `${depth} now, ${formatCount(highest(waiting))} at most.`,
      lines: [
        {
          name: 'waiting',
          style: 'first',
          values: waiting,
          filled: true,
        },
      ],
    },
  ]
}

function highest(values: Values): number {
  return Math.max(0, ...values.map(value => value ?? 0))
}

function figure({ id, title, now, when, summary, lines, least, format }: Chart): Html {
  const top = scaleTop(
    lines.map(({ values }) => values),
    least,
  )
  return html`<figure>
    <figcaption>
      <span class="title">${title}, ${when}</span>
      <span class="value">${now}</span>
    </figcaption>
    <div class="plot">
      <svg
        viewBox="0 0 ${WIDTH} ${HEIGHT}"
        preserveAspectRatio="none"
        role="img"
        aria-labelledby="chart-${id}"
      >
        <title id="chart-${id}">${title}, last 15 minutes: ${summary}</title>
        <path class="grid" d="M0,0H${WIDTH}M0,${HEIGHT / 2}H${WIDTH}M0,${HEIGHT}H${WIDTH}" />
        ${lines.map(({ filled, style, values }) => filled && html`<path class="area ${style}" d="${areaPath(values, top)}" />`)}
        ${lines.map(({ style, values }) => html`<path class="line ${style}" d="${linePath(values, top)}" />`)}
      </svg>
      <span class="scale top" aria-hidden="true">${format(top)}</span>
      <span class="scale middle" aria-hidden="true">${format(top / 2)}</span>
    </div>
    <div class="axis" aria-hidden="true">
      <span>15 min ago</span><span>10</span><span>5</span><span>now</span>
    </div>
    <ul class="legend">
      ${lines.map(
        ({ name, style, filled }) =>
          html`<li>
            <svg viewBox="0 0 24 10" aria-hidden="true">
              ${filled && html`<path class="area ${style}" d="M0,2H24V10H0Z" />`}
              <path class="line ${style}" d="M1,2H23" />
            </svg>
            ${name}
          </li>`,
      )}
    </ul>
  </figure>`
}

const COLUMNS: Column[] = [
  { name: 'From' },
  ...['Accepted', 'Duplicates', 'Refused', 'Median', 'p99', 'Waiting at most'].map((name): Column => ({
    name,
    style: 'number',
  })),
]

function row({ from, accepted, duplicate, refused, answer, waiting }: Period): Content[] {
  const figures = [
    ...[accepted, duplicate, refused].map(formatCount),
    ...(answer ? [formatTime(answer.median), formatTime(answer.p99)] : [null, null]),
    waiting === null ? null : formatCount(waiting),
  ]
  return [clock(from), ...figures.map(figure => figure ?? '–')]
}
