import {printable} from '../../errors/printable.js'
import type {Candidate} from './position.js'

// How each shell hands over a half-typed line and wants its answer. An answer is lines of text: first `files`, or
// `words`, or `open` where no word is whole yet, then a candidate each.

export const shells = ['bash', 'zsh', 'fish'] as const
export type Shell = (typeof shells)[number]

/** What a shell sends behind `__complete SHELL`. */
export interface Typed {
  /** The words behind the program's name, the last one being typed. */
  words: string[]
  /** bash: how the last word begins on the line, quotes and all. */
  raw?: RawWord
}

interface RawWord {
  /** Opened and not closed. */
  quote: '' | '"' | "'"
  /** Characters that bash takes for the beginning of a new word. */
  breaks: string
}

/** bash sends the line up to the cursor and COMP_WORDBREAKS, zsh and fish the words. */
export function typedLine(shell: Shell, sent: readonly string[]): Typed {
  if (shell !== 'bash') return {words: sent.length > 0 ? [...sent] : ['']}
  const [line = '', breaks = ''] = sent
  const {words, quote} = splitLine(line)
  return {words: words.length > 1 ? words.slice(1) : [''], raw: {quote, breaks}}
}

const shellTokens = /\s+|[|&;()]+|\\.?|'[^']*'?|"(?:\\.|[^"\\])*"?|[^\s|&;()\\'"]+/gs

/**
 * A line as a shell cuts it, without expanding anything: the words of its last command, the last one perhaps
 * unfinished.
 */
export function splitLine(line: string): {words: string[]; quote: RawWord['quote']} {
  let words: string[] = []
  let word: string | undefined
  let last = ''
  for (const [token] of line.matchAll(shellTokens)) {
    last = token
    if (/^[\s|&;()]/.test(token)) {
      words = /^\s/.test(token) ? [...words, ...(word === undefined ? [] : [word])] : []
      word = undefined
    } else word = (word ?? '') + unquote(token)
  }
  return {words: [...words, word ?? ''], quote: openQuote(last)}
}

function unquote(token: string): string {
  const quote = token.charAt(0)
  if (quote === '\\') return token.slice(1)
  if (quote !== '"' && quote !== "'") return token
  const inner = token.slice(1, openQuote(token) === '' ? -1 : undefined)
  return quote === '"' ? inner.replaceAll(/\\(.)/gs, '$1') : inner
}

/** The quote that a token begins with and does not end with. */
function openQuote(token: string): RawWord['quote'] {
  const quote = token.charAt(0)
  if (quote !== '"' && quote !== "'") return ''
  return token.length > 1 && token.endsWith(quote) ? '' : quote
}

/** The candidates as the shell's function reads them; `kept` is what stays of the typed word before each. */
export function answer(
  shell: Shell,
  kept: string,
  part: string,
  candidates: readonly Candidate[],
  raw?: RawWord,
): string {
  const beside = (mark: string, hint: string | undefined) => (hint ? mark + printable(hint) : '')
  const written: Record<Shell, (candidate: Candidate) => string> = {
    bash: ({word}) => bashWord(kept, part, word, raw),
    zsh: ({word, hint}) => (kept + word).replaceAll(/[\\:]/g, '\\$&') + beside(':', hint),
    fish: ({word, hint}) => kept + word + beside('\t', hint),
  }
  return candidates.map((candidate) => `${written[shell](candidate)}\n`).join('')
}

/**
 * bash replaces only what follows the last break (`:` and `=` among them) and takes the replacement unquoted; inside an
 * open quote all of it. A name must not end that quote, nor be run in it.
 */
function bashWord(kept: string, part: string, word: string, raw: RawWord = {quote: '', breaks: ''}): string {
  if (raw.quote === "'") return (kept + word).replaceAll("'", "'\\''")
  if (raw.quote === '"') return (kept + word).replaceAll(/["$`\\]/g, '\\$&')
  const typed = kept + part
  const cut = [...typed].findLastIndex((char) => raw.breaks.includes(char)) + 1
  return (kept + word).slice(cut).replaceAll(/[^\w@%+=:,./-]/g, '\\$&')
}

/**
 * The script that teaches a shell to complete `names`, asking `program` (quoted for a shell). Everything is decided
 * by the program; the script only carries words there and back.
 */
export function completionScript(shell: Shell, program: string, names: readonly string[]): string {
  const label = `_${(names[0] ?? 'crisp').replaceAll(/\W/g, '_')}_complete`
  return {bash: bashScript, zsh: zshScript, fish: fishScript}[shell](program, names, label)
}

function bashScript(program: string, names: readonly string[], label: string): string {
  return `# bash completion of ${names.join(', ')}
${label}() {
    local line answer kind
    COMPREPLY=()
    answer=$(${program} __complete bash "\${COMP_LINE:0:COMP_POINT}" "$COMP_WORDBREAKS" 2>/dev/null) || return 0
    while IFS= read -r line; do
        if [ -z "$kind" ]; then kind=$line; else COMPREPLY+=("$line"); fi
    done <<<"$answer"
    type compopt >/dev/null 2>&1 || return 0
    if [ "$kind" = files ]; then
        compopt -o default
    elif [ "$kind" = open ] || { [ \${#COMPREPLY[@]} -eq 1 ] && [[ \${COMPREPLY[0]} == *= ]]; }; then
        compopt -o nospace
    fi
}
complete -F ${label} ${names.join(' ')}
`
}

function zshScript(program: string, names: readonly string[], label: string): string {
  return `#compdef ${names.join(' ')}
# zsh completion of ${names.join(', ')}
${label}() {
    local -a answer open
    answer=("\${(@f)$(${program} __complete zsh "\${(@Q)words[2,CURRENT-1]}" "\${(Q)PREFIX}" 2>/dev/null)}")
    if [[ $answer[1] == files ]]; then
        _files
        return
    fi
    if [[ $answer[1] == open ]]; then
        shift answer
        (( $#answer )) && _describe -t values value answer -S ''
        return
    fi
    shift answer
    # A word that ends in = goes on with its value.
    open=("\${(@M)answer:#*=}")
    answer=("\${(@)answer:#*=}")
    (( $#open )) && _describe -t values value open -S ''
    (( $#answer )) && _describe -t values value answer
}
if [[ $funcstack[1] == _${names[0]} ]]; then
    ${label} "$@"
else
    (( $+functions[compdef] )) || { autoload -Uz compinit && compinit }
    compdef ${label} ${names.join(' ')}
fi
`
}

function fishScript(program: string, names: readonly string[], label: string): string {
  return `# fish completion of ${names.join(', ')}
function _${label}
    set -l typed (commandline -opc)
    set -l answer (${program} __complete fish $typed[2..-1] (commandline -ct) 2>/dev/null)
    if test "$answer[1]" = files
        __fish_complete_path (commandline -ct)
    else if set -q answer[2]
        printf '%s\\n' $answer[2..-1]
    end
end
${names.map((name) => `complete -c ${name} -f -a '(_${label})'`).join('\n')}
`
}
