import type {OutputForm} from '../formats/output.js'
import type {SortKey, View} from '../formats/view.js'

/** Takes views as what they are made of, where somebody else lays them out together with others. */
export interface AnswerSink {
  give(view: View, form: OutputForm): Promise<void>
  /** Names alone, with what each is sorted by. */
  giveNames(names: Iterable<string>, order: readonly SortKey[] | undefined): Promise<void>
}

let sink: AnswerSink | undefined

/** From now on nothing that is shown is laid out here. */
export function setAnswerSink(given: AnswerSink): void {
  sink = given
}

export function answerSink(): AnswerSink | undefined {
  return sink
}
