import type {Random} from '../support/random.js'

/** What means something, near misses of it, and letters whose other case is special. */
const atoms = [
  ...[
    'a',
    'b',
    'k',
    's',
    'K',
    'x',
    '0',
    '7',
    '-',
    '_',
    ' ',
    'é',
    'É',
    'ß',
    'ſ',
    'K',
    '—',
    '😀',
    ']',
    '}',
    '{',
    ',',
  ],
  ...['.', '.', '^', '$', '\\A', '\\z', '\\b', '\\B'],
  ...['\\d', '\\D', '\\w', '\\W', '\\s', '\\S', '\\t', '\\n', '\\r', '\\v', '\\f', '\\a'],
  ...[
    '\\.',
    '\\-',
    '\\_',
    '\\ ',
    '\\{',
    '\\\\',
    '\\/',
    '\\x61',
    '\\x{e9}',
    '\\x{1F600}',
    '\\Qa.b\\E',
    '\\Q.\\E',
    '\\Q*',
  ],
  ...[
    '\\pL',
    '\\PL',
    '\\p{Greek}',
    '\\p{^Lu}',
    '\\1',
    '\\7',
    '\\07',
    '\\141',
    '\\C',
    '\\Z',
    '\\q',
    '\\E',
    '\\é',
  ],
  ...[
    '(?i)',
    '(?-i)',
    '(?s)',
    '(?m)',
    '(?U)',
    '(?im-sU)',
    '(?)',
    '(?=a)',
    '(?!a)',
    '(?<=a)',
    '(?<!a)',
    '(?#a)',
  ],
]

const classItems = [
  ...[
    'a',
    'k',
    'S',
    '0',
    '-',
    '_',
    ' ',
    'é',
    'ſ',
    '😀',
    '^',
    '[',
    '.',
    '$',
    '*',
    '\\]',
    '\\-',
    '\\\\',
    '\\n',
    '\\x61',
  ],
  ...[
    'a-c',
    'A-z',
    'j-l',
    '0-9',
    'é-ü',
    ' -~',
    '\\d',
    '\\D',
    '\\w',
    '\\W',
    '\\s',
    '\\S',
    '\\b',
    '\\pL',
    '\\PL',
  ],
  ...['[:alpha:]', '[:^digit:]', '[:word:]', '[:space:]', '[:punct:]', '[:blank:]', '[:cntrl:]', '[:print:]'],
  ...['[:ascii:]', '[:xdigit:]', '[:upper:]', '[:^lower:]', '[:graph:]', '[:alnum:]', '[:nothing:]', 'z-a'],
]

const brackets = ['(', '(', '(?:', '(?P<', '(?<', '(?i:', '(?-i:', '(?s:', '(?m:', '(?U:', '(?is-m:']
const quantifiers = [
  '*',
  '+',
  '?',
  '*?',
  '+?',
  '??',
  '{2}',
  '{0,2}',
  '{1,}',
  '{0}',
  '{2,3}?',
  '**',
  '{,2}',
  '{3,1}',
  '{01}',
]

export function randomRegexp(random: Random, depth = 0): string {
  let source = ''
  for (let count = random.number(5); count >= 0; count--) {
    if (depth < 3 && random.chance(0.2))
      source += `${randomBracket(random)}${randomRegexp(random, depth + 1)})`
    else source += random.chance(0.2) ? randomClass(random) : random.of(atoms)
    if (random.chance(0.35)) source += random.of(quantifiers)
    if (random.chance(0.1)) source += '|'
  }
  return source
}

/** A name twice is right for Go and wrong for RE2's port. */
function randomBracket(random: Random): string {
  const bracket = random.of(brackets)
  return bracket.endsWith('<') ? `${bracket}n${random.number(1e9)}>` : bracket
}

function randomClass(random: Random): string {
  let body = random.chance(0.1) ? ']' : ''
  for (let count = random.number(3); count >= 0; count--) body += random.of(classItems)
  return `[${random.chance(0.3) ? '^' : ''}${body}]`
}

const characters = [
  ...[
    'a',
    'a',
    'b',
    'c',
    'k',
    'K',
    's',
    'S',
    'x',
    'A',
    'z',
    '0',
    '7',
    '9',
    '-',
    '_',
    '.',
    ',',
    ' ',
    '\t',
    '\n',
    '\r',
  ],
  ...[
    '\v',
    '\f',
    '\x07',
    '\x7f',
    '\0',
    '*',
    '^',
    '[',
    ']',
    '\\',
    '{',
    '}',
    'é',
    'É',
    'ß',
    'ü',
    'ſ',
    'K',
    'α',
    'Ω',
  ],
  ...['—', '\u00a0', '\u0085', '\u2028', '😀', '\ufffd', '\u{10ffff}'],
]

export function randomText(random: Random): string {
  let text = ''
  for (let count = random.number(random.chance(0.2) ? 30 : 8); count > 0; count--)
    text += random.of(characters)
  return text
}
