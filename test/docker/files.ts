import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'yaml'

const ROOT = join(import.meta.dirname, '../..')

export const ALERTS = join(ROOT, 'docker/prometheus/alerts.yml')
export const DASHBOARD = join(ROOT, 'docker/grafana/dashboards/jelou-receiver.json')

export type Alert = {
  alert: string
  expr: string
  for?: string
  labels: Record<string, string>
  annotations: Record<string, string>
}

/** The alert rules, in the order in which they stand. */
export function alerts(): Alert[] {
  const { groups }: { groups: { rules: Alert[] }[] } = parse(readFileSync(ALERTS, 'utf8'))
  return groups.flatMap(({ rules }) => rules)
}

export type Panel = {
  id: number
  type: string
  title: string
  gridPos: { x: number; y: number; w: number; h: number }
  targets?: { expr: string }[]
}

export type Dashboard = {
  uid: string
  schemaVersion: number
  templating: { list: { name: string; query: string | { query: string } }[] }
  panels: Panel[]
}

export function dashboard(): Dashboard {
  return JSON.parse(readFileSync(DASHBOARD, 'utf8'))
}

/** Every expression of the dashboard, by the title of its panel. */
export function dashboardExpressions(): [title: string, expression: string][] {
  return dashboard().panels.flatMap(({ title, targets = [] }) =>
    targets.map(({ expr }): [string, string] => [title, expr]),
  )
}
