/** Refusals of the system that are no fault of ours, in words. */
const reasons: Readonly<Record<string, string>> = {
  EACCES: 'permission denied',
  EDQUOT: 'the disk quota is used up',
  EIO: 'input/output error',
  ENOSPC: 'no space left on the device',
  EPERM: 'not permitted',
  EROFS: 'the file system is read-only',
}

/** What the system refused and why; undefined for anything else. */
export function systemText(error: unknown): string | undefined {
  const {code = '', path, syscall = ''} = (error ?? {}) as NodeJS.ErrnoException
  const reason = reasons[code]
  return reason === undefined ? undefined : `${path ?? syscall}: ${reason}`
}
