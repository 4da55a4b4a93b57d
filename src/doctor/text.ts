import {printable} from '../errors/printable.js'
import {report} from '../formats/report.js'
import type {Column, TableOptions} from '../formats/table.js'
import type {View} from '../formats/view.js'
import {wrapText} from '../text/wrap.js'
import type {Finding} from './check.js'
import {type Outcome, worstOf} from './examine.js'

/** What was looked at. */
export interface Examined {
  /** Undefined where no runtime answered. */
  endpoint: string | undefined
  runtime: {name: string; version: string} | undefined
  outcomes: readonly Outcome[]
}

const findingColumns: readonly Column[] = [{title: 'SEVERITY'}, {title: 'CHECK'}, {title: 'FINDING'}]
const outcomeColumns: readonly Column[] = [
  {title: 'CHECK'},
  {title: 'RESULT'},
  {title: 'ASKED'},
  {title: 'LOOKED AT'},
]

/** What was found, the worst first; with `wide` also every check by itself. */
export function examinedView(examined: Examined, options: TableOptions): View {
  return {
    document: () => examinedDocument(examined),
    items: () => examinedDocument(examined).findings,
    names: () => findingsOf(examined).map(({check}) => check),
    table: (wide) => text(examined, options, wide),
  }
}

const order = ['broken', 'warning', 'info']

function findingsOf({outcomes}: Examined): (Finding & {check: string; sources: Outcome['sources']})[] {
  return outcomes
    .flatMap(({name, sources, findings}) => findings.map((finding) => ({...finding, check: name, sources})))
    .sort((a, b) => order.indexOf(a.severity) - order.indexOf(b.severity))
}

/** As -o json shows it. */
export function examinedDocument(examined: Examined) {
  const {endpoint, runtime, outcomes} = examined
  const findings = findingsOf(examined)
  return {
    endpoint: endpoint ?? null,
    runtime: runtime ?? null,
    result: worstOf(findings) ?? 'ok',
    checks: outcomes.map(({name, sources, result, reason}) => ({
      name,
      sources,
      result,
      ...(reason === undefined ? {} : {reason}),
    })),
    findings: findings.map(({check, severity, what, object, sources, evidence, fix}) => ({
      check,
      severity,
      what,
      ...(object === undefined ? {} : {object}),
      sources,
      evidence,
      fix,
    })),
  }
}

function text(examined: Examined, options: TableOptions, wide: boolean): string {
  const findings = findingsOf(examined)
  const rows = findings.flatMap(({check, severity, what, evidence, fix}) => [
    [severity, check, what],
    ...evidence.map((line, index) => ['', index === 0 ? '  seen' : '', line]),
    ['', '  to do', fix],
  ])
  const parts = rows.length === 0 ? [] : [report(findingColumns, rows, options)]
  if (wide) parts.push(outcomesTable(examined.outcomes, options))
  parts.push(summary(examined, options))
  return parts.join('\n')
}

function outcomesTable(outcomes: readonly Outcome[], options: TableOptions): string {
  return report(
    outcomeColumns,
    outcomes.map(({name, result, sources, about, reason}) => [
      name,
      result,
      sources.join(', '),
      reason === undefined ? about : `${about}: ${reason}`,
    ]),
    options,
  )
}

function summary({runtime, endpoint, outcomes}: Examined, {width}: TableOptions): string {
  const named = (result: Outcome['result']) => outcomes.filter((outcome) => outcome.result === result)
  const who = runtime ? `${runtime.name} ${runtime.version} at ${endpoint}` : 'no runtime'
  const ok = named('ok')
  const lines = [
    `${outcomes.length === 1 ? '1 check' : `${outcomes.length} checks`} of ${who}${ok.length > 0 ? `; ok: ${ok.map(({name}) => name).join(', ')}` : ''}`,
    ...named('not checked').map(({name, reason}) => `not checked: ${name}: ${reason}`),
    ...named('failed').map(({name, reason = ''}) => `failed: ${name}: ${reason.split('\n')[0]}`),
  ]
  return lines
    .flatMap((line) => (width === undefined ? [printable(line)] : wrapText(printable(line), width)))
    .map((line) => `${line}\n`)
    .join('')
}
