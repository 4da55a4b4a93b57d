import type {CriClient} from '../client/connect.js'
import {AmbiguousError, NotFoundError, RpcError, rpcCode} from '../errors/errors.js'
import {printable} from '../errors/printable.js'
import {concurrently} from '../node/concurrently.js'
import {missingIfGone} from '../node/missing.js'
import {listNamesAndStates, type Target} from '../node/targets.js'
import {shortId} from '../text/short-id.js'
import {stateWord} from '../text/state.js'
import {CriCommand} from './command.js'
import type {TargetFlags} from './flags/target.js'
import {removingNotice} from './kubelet-notices.js'

export type Targets<T extends Target = Target> = readonly PromiseSettledResult<T>[]

export interface TargetWork<T extends Target> {
  verb: keyof typeof participles
  noun: 'container' | 'pod' | 'image'
  /** Does it to one; `say` is a line for stdout, which comes out in its target's turn. */
  act: (target: T, say: (line: string) => void) => Promise<void>
  /** What `--dry-run` says of each; undefined for one that is not there. Containers and pods have their own. */
  describe?: (client: CriClient) => Promise<(target: T) => string | undefined>
}

const participles = {
  start: 'starting',
  stop: 'stopping',
  restart: 'restarting',
  remove: 'removing',
  update: 'updating',
  checkpoint: 'checkpointing',
} as const

/** Verbs that are done to several things. */
export abstract class TargetCommand extends CriCommand {
  /**
   * To every target, several at a time, or only the list of them with `--dry-run`. What each says comes in the order in
   * which they were asked for, a failure as it happens in one line; the others go on. One thing under two words is acted
   * upon once.
   */
  protected async onEach<T extends Target>(
    client: CriClient,
    targets: Targets<T>,
    flags: TargetFlags,
    work: TargetWork<T>,
  ): Promise<void> {
    const {verb, noun, act} = work
    if (targets.length === 0) return this.note(`No ${noun}s to ${verb}`)
    if (flags['dry-run']) return this.#list(client, targets, flags, work)

    const turns = inOrder((text) => this.write(text))
    const acts = new Map<string, Promise<void>>()
    const onOne = async (outcome: PromiseSettledResult<T>, index: number) => {
      const lines: string[] = []
      try {
        if (outcome.status === 'rejected') throw outcome.reason
        const target = outcome.value
        const acting = acts.get(target.id) ?? act(target, (line) => lines.push(line))
        acts.set(target.id, acting)
        await acting
      } catch (error) {
        if (outcome.status === 'rejected') return this.#failUnlessMissing(error, flags)
        const failure = await missingIfGone(client, error, noun, outcome.value)
        this.#failUnlessMissing(failure, flags, `${participles[verb]} ${noun} "${outcome.value.word}"`)
      } finally {
        turns(index, lines.map((line) => `${line}\n`).join(''))
      }
    }
    const places = targets.map((outcome, index) => ({outcome, index}))
    await concurrently(places, flags.parallel, ({outcome, index}) => onOne(outcome, index))
  }

  /** Before a kubelet's things are stopped or removed, once. */
  protected async sayWhatIsMadeAgain(
    client: CriClient,
    targets: Targets,
    {quiet, 'dry-run': dryRun}: {quiet: boolean; 'dry-run': boolean},
    which: {runningOnly?: boolean} = {},
  ): Promise<void> {
    const ids = targets.flatMap((target) => (target.status === 'fulfilled' ? [target.value.id] : []))
    const said = await removingNotice(client, ids, quiet || dryRun, which)
    if (said !== undefined) this.note(said)
  }

  async #list<T extends Target>(
    client: CriClient,
    targets: Targets<T>,
    flags: TargetFlags,
    {verb, noun, describe = describeThings}: TargetWork<T>,
  ): Promise<void> {
    const described = await describe(client)
    for (const outcome of targets) {
      try {
        if (outcome.status === 'rejected') throw outcome.reason
        const description = described(outcome.value)
        if (description === undefined) throw new NotFoundError(`no ${noun} "${outcome.value.word}"`)
        this.write(`would ${verb} ${noun} ${printable(description)}\n`)
      } catch (error) {
        this.#failUnlessMissing(error, flags)
      }
    }
  }

  #failUnlessMissing(error: unknown, flags: TargetFlags, doing = ''): void {
    if (!(flags['ignore-missing'] && isMissing(error))) this.fail(error, doing)
  }
}

async function describeThings(client: CriClient): Promise<(target: Target) => string | undefined> {
  const known = await listNamesAndStates(client)
  return ({id}) => {
    const thing = known.get(id)
    return thing && `${shortId(id)}  ${thing.name}  ${stateWord(thing.state).toLowerCase()}`
  }
}

/** Writes texts by their numbers, each as soon as all before it have been written. */
export function inOrder(write: (text: string) => void): (place: number, text: string) => void {
  const waiting = new Map<number, string>()
  let next = 0
  return (place, text) => {
    waiting.set(place, text)
    for (let ready = waiting.get(next); ready !== undefined; ready = waiting.get(next)) {
      waiting.delete(next++)
      if (ready !== '') write(ready)
    }
  }
}

function isMissing(error: unknown): boolean {
  return error instanceof RpcError
    ? error.code === rpcCode.notFound
    : error instanceof NotFoundError && !(error instanceof AmbiguousError)
}
