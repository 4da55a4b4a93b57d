import {expect, test} from 'vitest'
import {ForeignOutput} from '../../src/terminal/foreign-output.js'
import {Screen} from '../../src/terminal/screen.js'
import {VirtualScreen} from '../support/virtual-screen.js'

function shownOf(work: (screen: Screen) => void): VirtualScreen {
  const output = new ForeignOutput()
  const shown = new VirtualScreen(20, 3)
  shown.write('$ crisp top\r\n')
  work(new Screen((text) => shown.write(output.take(Buffer.from(text)))))
  shown.write(output.end())
  return shown
}

test('a program that is cut off elsewhere leaves the terminal as it was', () => {
  const cut = shownOf((screen) => {
    screen.enter()
    screen.draw(['one', 'two'])
  })
  expect([...cut.modes].sort()).toEqual(['?25', '?7'])
  expect(cut.lines[0]).toBe('$ crisp top')
})

test('one that has ended by itself is not undone again', () => {
  const output = new ForeignOutput()
  new Screen((text) => void output.take(Buffer.from(text))).enter()
  const screen = new Screen((text) => void output.take(Buffer.from(text)))
  screen.enter()
  screen.leave()
  expect(output.end()).toBe('')
})

test('the mouse may be asked for, other modes may not', () => {
  const output = new ForeignOutput()
  expect(output.take(Buffer.from('\u001b[?1000h\u001b[?1006h'))).toBe('\u001b[?1000h\u001b[?1006h')
  expect(output.take(Buffer.from('\u001b[?1003h'))).toBe('\\x1b[?1003h')
  expect(output.end()).toBe('\u001b[?1006l\u001b[?1000l')
})
