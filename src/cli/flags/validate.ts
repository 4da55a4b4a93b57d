import type {ValidationMode} from '../../config-files/file.js'
import {choiceFlag} from './types.js'

// Also in kubectl's other words: true is strict, ignore and false are off.
const words = {
  strict: 'strict',
  warn: 'warn',
  off: 'off',
  true: 'strict',
  ignore: 'off',
  false: 'off',
} as const

/** What becomes of unknown and duplicate fields, for every verb that reads a request from a file. */
export const validateFlag = choiceFlag<ValidationMode>(words)({
  helpValue: 'MODE',
  complete: ['strict', 'warn', 'off'],
  description:
    'unknown or duplicate fields of a file: strict fails, warn names them, off drops them; by default they fail, and fields of old files are named',
})
