import {expect} from 'vitest'
import type {Node} from '../support/cluster-node.js'
import type {Effect} from './reading-lines.js'

/** Runs the line and looks whether it does all that it should. Calls are seen on the embedded runtime only. */
export async function expectEffect(node: Node, line: string, effect: Effect): Promise<void> {
  const {until} = effect
  const {stdout, stderr, exitCode, calls} = await node.run(
    line,
    until ? {enough: (text) => until.test(text)} : {},
  )
  expect({exitCode, stderr}).toEqual({
    exitCode: effect.exitCode ?? (until ? 130 : 0),
    stderr: effect.stderr ? expect.stringMatching(effect.stderr) : '',
  })
  if (typeof effect.stdout === 'string') expect(stdout).toBe(effect.stdout)
  else if (effect.stdout) expect(stdout).toMatch(effect.stdout)
  if (effect.shows) expect(shown(stdout)).toEqual([...effect.shows].sort())
  if (effect.call && calls) {
    const [method, request] = effect.call
    const named = JSON.parse(
      node.named(JSON.stringify(calls.filter((call) => call.method === method).map((call) => call.request))),
    )
    expect(named).toEqual(expect.arrayContaining([containing(request)]))
  }
}

/** What a user sees of a line; ages grow meanwhile, and their column with them. */
export async function shownBy(node: Node, line: string) {
  const {stdout, line: _, ...outcome} = await node.run(line)
  const steady = stdout
    .replaceAll(/(?:Less than |About )?\S+ (?:seconds?|minutes?) ago */gi, 'AGE ')
    .replaceAll(/CREATED +/g, 'CREATED ')
  return {...outcome, stdout: steady}
}

/** IDs at the beginning of each line of a table or of `-q`, or of each item of a JSON list. */
function shown(stdout: string): string[] {
  if (!stdout.startsWith('{')) return [...stdout.matchAll(/^\$\S+/gm)].map(([word]) => word).sort()
  const [items] = Object.values(JSON.parse(stdout)) as {id?: string; attributes?: {id: string}}[][]
  return (items ?? []).map(({id, attributes}) => id ?? attributes?.id ?? '').sort()
}

/** The object, whatever else it and the objects in it hold. */
function containing(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value
  return expect.objectContaining(
    Object.fromEntries(Object.entries(value).map(([key, item]) => [key, containing(item)])),
  )
}
