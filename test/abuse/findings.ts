import type { WireAnswer } from './answers.ts'
import type { Outcome } from './conversation.ts'
import type { ModelRequest, Reading } from './http-model.ts'
import type { Verdict } from './webhook-rules.ts'

/** Compares what was answered with what may be. */
export type Judge = {
  verdict: (request: ModelRequest) => Verdict
  /** What a taken request is answered by; undefined when this is it, else what is wrong. */
  wrong: (answer: WireAnswer, verdict: Verdict) => string | undefined
}

/** What a conversation shows. */
export type Findings = {
  /** What no right service does; empty as it should be. */
  problems: string[]
  /** Ids of events that were taken, as answered. */
  taken: string[]
  /** Ids of those that could be taken, but had no answer. */
  unanswered: string[]
}

export function examine(
  { requests, rest, restMethod }: Reading,
  { answers, end }: Outcome,
  judge: Judge,
): Findings {
  const findings: Findings = { problems: [], taken: [], unanswered: [] }
  const { problems, taken, unanswered } = findings
  let isClosing = false
  for (const [index, answer] of answers.entries()) {
    const request = requests[index]
    if (isClosing) problems.push(`an answer behind the last: ${answer.status}`)
    isClosing = answer.headers.get('connection') === 'close'
    if (request === undefined) {
      if (index > requests.length || rest === 'nothing')
        problems.push(`one answer too many: ${answer.status}`)
      // A body that GET does not want may turn out to be none only after the answer.
      if (restMethod !== 'GET') problems.push(...refusalProblems(answer, false))
      continue
    }
    const verdict = judge.verdict(request)
    if (answer.status >= 200 && answer.status < 400) {
      const problem = verdict.isTaken === 'never' ? `took what it must not` : judge.wrong(answer, verdict)
      if (problem !== undefined) problems.push(`request ${index}: ${problem}: ${shown(answer)}`)
      else if ('id' in verdict && verdict.id !== undefined) taken.push(verdict.id)
      continue
    }
    if (verdict.isTaken === 'must') problems.push(`request ${index}: refused: ${shown(answer)}`)
    problems.push(...refusalProblems(answer, request.method === 'HEAD'))
  }
  // What is refused because it is lenient to take it ends the connection, perhaps behind its answer, while its body comes.
  const mayEnd = isClosing || requests.slice(0, answers.length).some(({ isStrict }) => !isStrict)
  for (const request of requests.slice(answers.length)) {
    const verdict = judge.verdict(request)
    if (!mayEnd && verdict.isTaken === 'must') problems.push(`no answer to what it has to take (${end})`)
    if ('id' in verdict && verdict.id !== undefined) unanswered.push(verdict.id)
  }
  if (end === 'timeout') problems.push('neither answered nor closed in time')
  return findings
}

/** A refusal is a 4xx in the service's own terms. */
function refusalProblems(answer: WireAnswer, isBodiless: boolean): string[] {
  const { status, text, headers } = answer
  const problems = status >= 400 && status < 500 ? [] : [`no refusal: ${shown(answer)}`]
  if (isBodiless || headers.get('content-type')?.startsWith('text/html')) return problems
  try {
    const { statusCode, code, error, message, ...more } = JSON.parse(text)
    const isOwn = statusCode === status && /^ERR_[A-Z_]+$/.test(code) && Boolean(error) && Boolean(message)
    if (!isOwn || Object.keys(more).length > 0) problems.push(`in foreign terms: ${shown(answer)}`)
  } catch {
    problems.push(`no JSON: ${shown(answer)}`)
  }
  return problems
}

function shown({ status, text }: WireAnswer): string {
  return `${status} ${text.slice(0, 200)}`
}
