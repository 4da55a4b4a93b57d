import type {Facts, FileKind, ObjectKind, PullProblem} from '../../errors/errors.js'
import {agoText} from '../../text/age.js'
import {lowerFirst} from '../../text/case.js'
import {isCrictlMode, programName} from '../../text/program.js'
import {shortId} from '../../text/short-id.js'
import {answerCommand, answerFlag} from './foreign-words.js'

const lists: Readonly<Record<ObjectKind, string>> = {container: 'ps -a', pod: 'pods', image: 'images'}

const shownCandidates = 10
/** Of those that may have been meant. */
const shownNames = 3

/** The line for a failure whose facts are known, with the fix; `message` states the fact. */
export function factsText(message: string, facts: Facts): string[] {
  switch (facts.about) {
    case 'unknown command':
    case 'unknown flag':
      return [unknownWord(message, facts)]
    case 'missing object':
      return [`${message}${whereToLook(facts)}`]
    case 'ambiguous reference':
      return [`${message}: use a longer name or ID`, ...candidateRows(facts)]
    case 'running object':
      return [`${message}: stop it first, or remove it with -f`]
    case 'existing pod': {
      const {name} = facts
      return [
        `${message}: choose another --name, add to it with --pod ${name}, or remove it with ${programName()} rmp -f ${name}`,
      ]
    }
    case 'answer without an ID':
      return [`${message}; its log says more: journalctl -u containerd -u crio`]
    case 'shared event queue':
      return [`${message}; --poll compares lists instead, --force takes them anyway`]
    case 'pull': {
      const {image, reason, said} = facts
      return [`pulling image "${image}": ${reason}: ${pullFix(facts)} (${said})`]
    }
    case 'slow pull':
      return [`${message}: allow more with --pull-timeout`]
    case 'credentials file':
      return [facts.code === 'EACCES' ? `${message}; try sudo` : message]
    case 'configuration file':
      return [`${message}${fileFix(facts)}`]
    case 'log file':
      return [`${message}${logFixes[facts.code ?? ''] ?? ''}`]
    case "other users' processes":
      return [`${message}; try sudo`]
    case 'missing command':
      return [
        `${message}: give the full path of a program that its image has (some images have no shell at all)`,
      ]
    case 'command time limit':
      return [`the command did not end within --timeout ${facts.seconds} (seconds) and was killed`]
    case 'large exec answer':
      return [`${message}: leave out --sync, then it is streamed`]
    case 'created container':
      return [`${message} (${programName()} start)`]
    case 'exited container': {
      const ago = lowerFirst(agoText(facts.finishedAt, Date.now()))
      return [
        `the container is not running: it exited ${ago && `${ago} `}with code ${facts.exitCode}; see ${programName()} logs, or ${programName()} ps for a newer one`,
      ]
    }
    case 'dropped stdin':
      return [`${message}: keep them open, as in sh -c 'cat > FILE; exit $?'`]
    case 'no tar':
      return [`${message}: run ${programName()} as root on its node, where it needs none`]
    case 'values of the reader':
      return [`${message}: ${programName()} exec ${facts.container} cat shows the container's`]
    case 'device in a container':
      return [`${message}: ${programName()} exec -i ${facts.container} tee ${facts.path} writes to it`]
  }
}

function whereToLook({object, nearest}: Extract<Facts, {about: 'missing object'}>): string {
  const names = nearest().slice(0, shownNames)
  if (names.length === 0) return `: ${programName()} ${lists[object]} lists all`
  const last = names.pop()
  return `; did you mean ${names.length > 0 ? `${names.join(', ')} or ` : ''}${last}?`
}

/** In crictl's mode as in crictl: it knows no other tool. */
function unknownWord(message: string, facts: Extract<Facts, {about: `unknown ${string}`}>): string {
  if (isCrictlMode()) return message
  if (facts.about === 'unknown flag') {
    const answer = answerFlag(facts.verb, facts.flag)
    const where = facts.verb === '' ? 'before the command' : `for ${facts.verb}`
    return answer === undefined ? message : `unknown flag ${facts.flag} ${where}: ${answer}`
  }
  const known = answerCommand(facts.words, facts.second)
  return known ? `unknown command "${known.words}": ${known.answer}` : message
}

function candidateRows({candidates}: Extract<Facts, {about: 'ambiguous reference'}>): string[] {
  const rows = candidates.slice(0, shownCandidates).map(({id, name}) => `  ${shortId(id)}  ${name}`)
  const more = candidates.length - shownCandidates
  return more > 0 ? [...rows, `  and ${more} more`] : rows
}

function pullFix({problem, host}: {problem: PullProblem; host: string}): string {
  const fixes: Readonly<Record<PullProblem, string>> = {
    'signature refused': 'see /etc/containers/policy.json',
    'registry unreachable': `is it up? curl -v ${host}/v2/ on the node says more`,
    'registry untrusted': "the runtime's own settings name its certificates and plain HTTP registries",
    'unknown image': 'check its name, tag and platform',
    'credentials refused': 'check user and password',
    'credentials wanted': 'give --creds USER, or log in with docker login or podman login',
    'too many requests': 'log in (--creds USER), or try later',
    'disk full': `${programName()} rmi --prune removes images that nothing uses`,
    'invalid reference': 'write registry/name:tag',
  }
  return fixes[problem]
}

function fileFix({holds, code}: Extract<Facts, {about: 'configuration file'}>): string {
  if (code === 'EACCES') return '; try sudo'
  if (code !== 'ENOENT') return ''
  const fixes: Readonly<Record<FileKind, string>> = {
    configuration: `${programName()} init pod and ${programName()} init container write one to start from`,
    plan: `${programName()} run --dry-run IMAGE prints one`,
    request: `${programName()} call METHOD --example prints one to start from`,
    lesson: `${programName()} tour --example prints one to start from; without --lesson it is crisp's own`,
  }
  return `; ${fixes[holds]}`
}

/** By the system's code. */
const logFixes: Readonly<Record<string, string>> = {
  EACCES: ', try again with sudo',
  EPERM: ', try again with sudo',
  EMFILE: ': raise the limit with ulimit -n',
  ENFILE: ': raise the limit with ulimit -n',
}
