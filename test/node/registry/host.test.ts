import {expect, test} from 'vitest'
import {credentialScopes, normalScope, registryHost} from '../../../src/node/registry/host.js'

test.each([
  ['busybox', 'docker.io'],
  ['team/app:1.2', 'docker.io'],
  ['docker.io/library/busybox', 'docker.io'],
  ['index.docker.io/library/busybox', 'docker.io'],
  ['localhost/app', 'localhost'],
  ['localhost:5000/app:v1', 'localhost:5000'],
  ['127.0.0.1:5000/team/app@sha256:00', '127.0.0.1:5000'],
  ['registry.k8s.io/pause:3.9', 'registry.k8s.io'],
  ['[::1]:5000/app', '[::1]:5000'],
  ['app:5000/x', 'app:5000'],
])('the registry of %s is %s', (reference, host) => {
  expect(registryHost(reference)).toBe(host)
})

test.each([
  ['quay.io/team/sub/app:1', ['quay.io/team/sub/app', 'quay.io/team/sub', 'quay.io/team', 'quay.io']],
  ['127.0.0.1:5000/app@sha256:00', ['127.0.0.1:5000/app', '127.0.0.1:5000']],
  ['busybox:1.36', ['docker.io/library/busybox', 'docker.io/library', 'docker.io']],
])('credentials for %s are looked for under %j', (reference, scopes) => {
  expect(credentialScopes(reference)).toEqual(scopes)
})

test.each([
  ['https://index.docker.io/v1/', 'docker.io'],
  ['index.docker.io', 'docker.io'],
  ['https://registry.example.com', 'registry.example.com'],
  ['https://registry.example.com/v2/', 'registry.example.com'],
  ['registry.example.com:5000/v1/', 'registry.example.com:5000'],
  ['quay.io/team', 'quay.io/team'],
])('the login of %s is one of %s', (written, scope) => {
  expect(normalScope(written)).toBe(scope)
})
