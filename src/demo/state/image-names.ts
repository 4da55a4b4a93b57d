/** A name as its registry knows it: `busybox` is `docker.io/library/busybox:latest`. A digest goes before a tag. */
export function normalizedImageName(name: string): string {
  const [beforeDigest = '', digest] = name.split('@', 2)
  const slash = beforeDigest.lastIndexOf('/')
  const colon = beforeDigest.indexOf(':', slash + 1)
  const repository = qualify(colon === -1 ? beforeDigest : beforeDigest.slice(0, colon))
  if (digest !== undefined) return `${repository}@${digest}`
  return `${repository}:${colon === -1 ? 'latest' : beforeDigest.slice(colon + 1)}`
}

export function repositoryOf(normalizedName: string): string {
  const [beforeDigest = ''] = normalizedName.split('@', 1)
  const colon = beforeDigest.indexOf(':', beforeDigest.lastIndexOf('/') + 1)
  return colon === -1 ? beforeDigest : beforeDigest.slice(0, colon)
}

/** Names no registry: which one is meant, a runtime's settings say. */
export function isShortName(name: string): boolean {
  return !/^(localhost|[^/]*[.:][^/]*)\//.test(name)
}

function qualify(repository: string): string {
  const slash = repository.indexOf('/')
  const first = slash === -1 ? '' : repository.slice(0, slash)
  if (slash === -1) return `docker.io/library/${repository}`
  return /[.:]|^localhost$/.test(first) ? repository : `docker.io/${repository}`
}

const component = '[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*'
const wellFormed = new RegExp(
  `^(?:[A-Za-z0-9.-]+(?::\\d+)?/)?${component}(?:/${component})*(?::[\\w][\\w.-]{0,127})?(?:@sha256:[0-9a-f]{64})?$`,
)

export function isImageName(name: string): boolean {
  return wellFormed.test(name)
}
