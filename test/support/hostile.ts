import {seeded} from './random.js'

/** Expressions that cost engines dearly that try one way after the other. */
export const hostileExpressions = [
  ...[
    '(a+)+$',
    '(a|a)*b',
    '(a|ab|b)*c',
    '(.*,)*x',
    '(\\w+)*@',
    '(a*b*)*c',
    '(x+x+)+y',
    '^(\\w+\\s?)*$',
    '(.*a){12}b',
  ],
  ...[
    '(?:a?){30}a{30}b',
    'a.*b.*c.*d',
    '.*.*.*.*z',
    'a*a*a*a*a*b',
    '\\s+$',
    '^.*(a|b|ab)+$',
    '(ab?)*(b?a)*c',
    '[a-z]+[a-z0-9]+@',
  ],
  ...[
    '((a{1,10}){1,10}){1,10}b',
    '(?i)(k|K)+s$',
    '(\\pL+)+$',
    '([^\\pL]*)*x',
    '(?s)(.|\\n)*z',
    '(a|b)*a(a|b){14}c',
    '[ab]*a[ab]{18}$',
  ],
  ...['(?:(?:a|b)+c?)+d', '(é+)+$', '(😀|.)*x', '(?U)(a+)+b', '"(\\\\.|[^"\\\\])*"x', '\\bx*y*z*\\b$'],
] as const

/** Texts that almost match them, to a mebibyte long. */
export function hostileTexts(): string[] {
  const lengths = [40, 6_000, 2 ** 20]
  const units = ['a', 'ab', 'x', ' ', 'é', '😀', 'a,', '"\\"', 'kK\u212a']
  const random = seeded(1)
  return lengths.flatMap((length) => [
    ...units.map((unit) => `${unit.repeat(Math.ceil(length / unit.length))}!`),
    // No two parts of it are alike, so nothing is known from before.
    Array.from({length}, () => random.of(['a', 'b'])).join(''),
  ])
}
