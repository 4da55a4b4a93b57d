import {expect, test} from 'vitest'
import {Screen} from '../../src/terminal/screen.js'
import {VirtualScreen} from '../support/virtual-screen.js'

function drawnOn(columns: number, rows: number) {
  const shown = new VirtualScreen(columns, rows)
  const writes: string[] = []
  const screen = new Screen((text) => {
    writes.push(text)
    shown.write(text)
  })
  return {screen, shown, writes}
}

test('only lines that have changed are written, without the blanks at their ends', () => {
  const {screen, shown, writes} = drawnOn(6, 3)
  screen.enter()
  screen.draw(['one', 'two', 'three'])
  writes.length = 0
  screen.draw(['one', 'TWO', 'three'])
  screen.draw(['one', 'TWO', 'three'])
  screen.draw(['one', 'TWO', '3     '])
  expect(writes).toEqual(['\u001b[2;1H\u001b[2KTWO', '\u001b[3;1H\u001b[2K3'])
  expect(shown.lines).toEqual(['one', 'TWO', '3'])
})

test('a line that fills the terminal keeps its last column; fewer lines leave nothing behind', () => {
  const {screen, shown} = drawnOn(6, 3)
  screen.enter()
  screen.draw(['123456', 'abcdef', 'x'])
  expect(shown.lines).toEqual(['123456', 'abcdef', 'x'])
  screen.draw(['123456'])
  expect(shown.lines).toEqual(['123456', '', ''])
})

test('what stood on the terminal before stands there again', () => {
  const {screen, shown} = drawnOn(6, 3)
  shown.write('$ top\r\n')
  screen.enter()
  screen.draw(['one', 'two', 'three'])
  screen.leave()
  shown.write('$ ')
  expect(shown.lines).toEqual(['$ top', '$', ''])
})

test('after leaving, twice as well, the terminal is as before and nothing is drawn', () => {
  const {screen, shown, writes} = drawnOn(6, 3)
  screen.enter()
  expect([...shown.modes].sort()).toEqual(['?1000', '?1006', '?1049', '?2004'])
  screen.leave()
  screen.leave()
  screen.draw(['late'])
  expect([...shown.modes].sort()).toEqual(['?25', '?7'])
  expect(writes.filter((text) => text.includes('?1049l'))).toHaveLength(1)
})
