import type { Described } from './catalogue.ts'

/** What Prometheus adds to every sample of a target, and what it says of the target itself. */
const TARGET_LABELS = new Set(['instance', 'job'])
const TARGET_METRICS = new Set(['up'])
const KEYWORDS = /^(?:and|or|unless|by|without|on|ignoring|group_left|group_right|bool|offset)$/
/** Lists of labels behind a keyword, windows of time, strings and matchers: no metric stands in them. */
const NO_METRICS = /\b(?:by|without|on|ignoring)\s*\([^)]*\)|\[[^\]]*\]|"(?:[^"\\]|\\.)*"|\{[^}]*\}/g
const SELECTOR = /([a-z_:][\w:]*)\s*\{([^}]*)\}/gi
const MATCHER = /(\w+)\s*(=~|!~|!=|=)\s*"((?:[^"\\]|\\.)*)"/g

/** The metrics that an expression of PromQL reads, as the registry names them: histograms without their suffix. */
export function metricsIn(expression: string): string[] {
  const bare = expression.replaceAll(NO_METRICS, ' ')
  const names = [...bare.matchAll(/[a-z_:][\w:]*(?!\w*\s*\()/gi)]
    .map(([name]) => name)
    .filter(name => !KEYWORDS.test(name) && !TARGET_METRICS.has(name))
    .map(name => name.replace(/_(?:bucket|sum|count)$/, ''))
  return [...new Set(names)]
}

/** What an expression asks for that no registry has: metrics, labels, or values of labels. */
export function unknownIn(expression: string, known: ReadonlyMap<string, Described>): string[] {
  const unknown = metricsIn(expression).filter(name => !known.has(name))
  for (const [, name = '', matchers = ''] of expression.matchAll(SELECTOR)) {
    const labels = known.get(name.replace(/_(?:bucket|sum|count)$/, ''))?.labels
    if (labels === undefined) continue
    for (const [, label = '', operator = '', value = ''] of matchers.matchAll(MATCHER)) {
      const values = labels.get(label)
      if (values === undefined && !TARGET_LABELS.has(label)) unknown.push(`${name}{${label}}`)
      if (values !== undefined && !isKnown(values, operator, value))
        unknown.push(`${name}{${label}="${value}"}`)
    }
  }
  return unknown
}

/** Every alternative of a pattern counts; a variable of the dashboard stands for values that there are. */
function isKnown(values: ReadonlySet<string>, operator: string, value: string): boolean {
  const wanted = operator.includes('~') ? value.split('|') : [value]
  return wanted.every(each => each.startsWith('$') || values.has(each))
}
