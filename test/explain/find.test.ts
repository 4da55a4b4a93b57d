import {expect, test} from 'vitest'
import {enumValues, messageFields, methodsOf, typeNames} from '../../src/client/descriptor.js'
import {findElements, nameOf, services} from '../../src/explain/find.js'
import {callsText, explanationText} from '../../src/explain/text.js'
import {docsJson} from '../../src/generated/docs.js'

const docs = JSON.parse(docsJson) as Record<string, string>
const names = (word: string) => findElements(word).map((element) => `${element.kind} ${nameOf(element)}`)

test.each([
  ['StopContainer', ['rpc RuntimeService.StopContainer']],
  ['stopcontainer', ['rpc RuntimeService.StopContainer']],
  ['stop_container', ['rpc RuntimeService.StopContainer']],
  ['RuntimeService.StopContainer', ['rpc RuntimeService.StopContainer']],
  ['StopContainer.timeout', ['field StopContainerRequest.timeout']],
  ['PullImage.auth.identityToken', ['field AuthConfig.identity_token']],
  ['ImageService', ['service ImageService']],
  ['ContainerStatus', ['rpc RuntimeService.ContainerStatus', 'message ContainerStatus']],
  ['ContainerStatus.exit_code', ['field ContainerStatus.exit_code']],
  ['ContainerStatus.exitCode', ['field ContainerStatus.exit_code']],
  ['container.linux.security_context.capabilities', ['field LinuxContainerSecurityContext.capabilities']],
  ['pod.dnsConfig.servers', ['field DNSConfig.servers']],
  ['ContainerState', ['enum ContainerState']],
  ['ContainerState.container_exited', ['value ContainerState.CONTAINER_EXITED']],
  ['container_exited', ['value ContainerState.CONTAINER_EXITED']],
  ['ContainerStatus.state.CONTAINER_RUNNING', ['value ContainerState.CONTAINER_RUNNING']],
  ['SecurityProfile.ProfileType', ['field SecurityProfile.profile_type']],
  ['oomScoreAdj', ['field LinuxContainerResources.oom_score_adj']],
  [
    'run_as_user',
    ['field LinuxSandboxSecurityContext.run_as_user', 'field LinuxContainerSecurityContext.run_as_user'],
  ],
])('%s is found', (word, expected) => {
  expect(names(word)).toEqual(expected)
})

test.each([
  ['StopContaner', 'nothing is called "StopContaner", did you mean StopContainer?'],
  ['ContainerStatus.exit_cod', 'ContainerStatus has no "exit_cod", did you mean exit_code?'],
  ['ContainerStatus.id.more', 'ContainerStatus.id has no "more": there is nothing inside it'],
  ['', 'nothing is called "": crisp explain lists the calls'],
  ['constructor', 'nothing is called "constructor"; the nearest is '],
])('%j is not there', (word, message) => {
  expect(() => findElements(word)).toThrow(message)
})

/** Every element of the API by its full name. */
const all = [
  ...services,
  ...services.flatMap((service) => Object.keys(methodsOf(service)).map((name) => `${service}.${name}`)),
  ...typeNames().filter((name) => !name.includes('.')),
  ...typeNames().flatMap((name) =>
    Object.keys(messageFields(name) ?? enumValues(name) ?? {}).map((member) => `${name}.${member}`),
  ),
]

test('every element of the API is found by its name and explained, in 80 columns', () => {
  const unexplained = all.filter((word) =>
    findElements(word).some((element) => {
      const [, ...rest] = explanationText(element, {docs, width: 80}).split('\n')
      const hasWords = rest.some((line) => /\S+ \S+ /.test(line))
      const isWide = rest.some((line) => line.length > 80 && line.trim().includes(' '))
      return !hasWords || isWide
    }),
  )
  expect(all.length).toBeGreaterThan(700)
  expect(unexplained).toEqual([])
})

test('without a word: every call and what it does', () => {
  const text = callsText({docs, width: 80})
  for (const service of services)
    for (const name of Object.keys(methodsOf(service)))
      expect(text).toMatch(new RegExp(`^  ${name}\n    \\S`, 'm'))
})
