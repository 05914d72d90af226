import type { WarmUp } from '../warm.ts'
import type { Sample } from '../results.ts'
import { median } from '../statistics.ts'

/** What the rounds gave at one value of what grows: by the subject's name, a sample of each round. */
export type PointResult = { value: number; samples: Record<string, Sample[]> }

export type CurveResult = { name: string; axis: string; sender: string; points: PointResult[] }

/** Everything that a run gave, as it is written to scale.json. */
export type ScaleResults = {
  machine: Record<string, string>
  run: { date: string; commit: string; seed: string; rounds: number; seconds: number; warmUp: WarmUp }
  /** How many processors there were for everything. */
  processors: number
  skipped: Record<string, string>
  curves: CurveResult[]
}

/** The median of a field of a subject at one value of a curve; undefined when it was not measured. */
export function measuredAt(
  { curves }: ScaleResults,
  at: { curve: string; value: number; subject: string },
  field: keyof Sample,
): number | undefined {
  const point = curves.find(({ name }) => name === at.curve)?.points.find(({ value }) => value === at.value)
  const samples = point?.samples[at.subject]
  return samples && median(samples.map(sample => sample[field]))
}
