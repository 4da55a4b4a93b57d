/** What docker and the runtimes complete a short name with: `busybox` is `docker.io/library/busybox`. */
export const defaultRegistry = 'docker.io'

/** The registry that serves an image: `127.0.0.1:5000` for `127.0.0.1:5000/team/app:1`, `docker.io` for `busybox`. */
export function registryHost(reference: string): string {
  return splitReference(reference).host
}

/** Every name under which credentials for an image may be kept, the most particular first: `quay.io/team/app`, `quay.io/team`, `quay.io`. */
export function credentialScopes(reference: string): string[] {
  const {host, repository} = splitReference(reference)
  const parts = repository.split('/')
  return [...parts.map((_, index) => [host, ...parts.slice(0, parts.length - index)].join('/')), host]
}

/** How two spellings of one scope become the same: `https://index.docker.io/v1/` is `docker.io`. */
export function normalScope(scope: string): string {
  const withScheme = /^[a-z]+:\/\//i.test(scope)
  const bare = scope.replace(/^[a-z]+:\/\//i, '').replace(/\/+$/, '')
  // Docker keys old logins by the URL of its API; only podman's keys, which have no scheme, name repositories.
  const [host = '', ...path] = (withScheme ? bare.replace(/\/.*$/, '') : bare.replace(/\/v[12]$/, '')).split(
    '/',
  )
  return [dockerHubNames.has(host) ? defaultRegistry : host, ...path].join('/')
}

const dockerHubNames = new Set(['index.docker.io', 'registry-1.docker.io', 'registry.hub.docker.com'])

function splitReference(reference: string): {host: string; repository: string} {
  const name = reference.replace(/@.*$/s, '')
  const slash = name.indexOf('/')
  const first = name.slice(0, Math.max(slash, 0))
  const named = slash > 0 && (/[.:]/.test(first) || first === 'localhost')
  const host = named ? normalScope(first) : defaultRegistry
  const repository = (named ? name.slice(slash + 1) : name).replace(/:[^/:]*$/, '')
  return {
    host,
    repository: host === defaultRegistry && !repository.includes('/') ? `library/${repository}` : repository,
  }
}
