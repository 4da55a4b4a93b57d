import type {Interfaces} from '@oclif/core'
import {type OutputForm, parseOutputForm} from '../formats/output.js'
import type {TableStyle} from '../formats/table.js'
import {readFileBytes} from '../node/read-file.js'
import {type Paint, unpainted} from '../text/meaning.js'
import {isCrictlMode} from '../text/program.js'
import {wantsColour} from './colour.js'
import type {outputFlags} from './flags/common.js'

export type FormFlags = Interfaces.InferredFlags<ReturnType<typeof outputFlags>>

interface FormOptions {
  /** Whether `-o` was given. */
  asked: boolean
  /** Forms that only this command has. */
  own: readonly string[]
  note: (text: string) => void
  signal: AbortSignal
}

/**
 * The form that `-o` and `--template` ask for. `--template` alone asks for -o go-template; beside another form it is
 * left aside, as crictl does.
 */
export async function readOutputForm(
  {output, template}: FormFlags,
  {asked, own, note, signal}: FormOptions,
): Promise<OutputForm> {
  const preset = output || (process.stdout.isTTY && !isCrictlMode() ? 'table' : 'json')
  const word = template === undefined || asked ? preset : 'go-template'
  const readFile = async (path: string) => (await readFileBytes(path, {signal})).toString()
  const form = await parseOutputForm(word, {template, own, readFile})
  if (template !== undefined && form.name !== 'go-template')
    note(`--template is for -o go-template: it does nothing with -o ${word}`)
  return form
}

/** Columns of the terminal, undefined for a pipe or a file, and where it does not know, as a serial line. */
export function terminalWidth(stream: NodeJS.WriteStream = process.stdout): number | undefined {
  return stream.isTTY ? stream.columns || undefined : undefined
}

/** Colours for what is written to stdout, where they are wanted. */
export async function terminalStyle(): Promise<TableStyle | undefined> {
  return wantsColour(process.stdout) ? (await import('../terminal/colours.js')).tableStyle : undefined
}

/** The same for words that are in no table. */
export async function terminalPaint(stream: {isTTY?: boolean} = process.stdout): Promise<Paint> {
  return wantsColour(stream) ? (await import('../terminal/colours.js')).paint : unpainted
}
