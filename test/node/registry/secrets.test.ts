import {expect, test} from 'vitest'
import {SecretsMask} from '../../../src/cli/diagnosis/masks.js'
import {withoutSecrets} from '../../../src/node/registry/secrets.js'

test.each([
  // A short one by itself, and not in a word, whose rest would tell it.
  ['cret', 'secret "cret" cret:cret', 'secret "(secret)" (secret):(secret)'],
  ['ex', 'no image "team/app" exists: ex', 'no image "team/app" exists: (secret)'],
  ['$x', 'a$x $x', 'a(secret) (secret)'],
  ['a+b', 'aab a+b', 'aab (secret)'],
  // A long one anywhere.
  ['correct-horse', 'xcorrect-horsex', 'x(secret)x'],
])('a password like %j is taken out of words', (password, text, clean) => {
  expect(withoutSecrets(text, {username: 'ann', password})).toBe(clean)
})

test('a trace does the same', () => {
  const mask = new SecretsMask()
  mask.message('AuthConfig', {username: 'ann', password: 'exist'})
  expect(mask.text('the image exists not: exist')).toBe('the image exists not: (secret)')
})
