/** What hinders a copy, in words of its own. */
export class Obstacle extends Error {
  override name = 'Obstacle'
}

/** By the system's code. */
const reasons: Readonly<Record<string, string>> = {
  ENOENT: 'no such file or directory',
  EACCES: 'permission denied; try sudo',
  ELOOP: 'a symlink or file is where a directory should be',
  ENOTDIR: 'a symlink or file is where a directory should be',
  EISDIR: 'a directory is in its place',
  ENOSPC: 'no space left on the disk',
  EDQUOT: 'the disk quota is used up',
  EFBIG: 'it is too large for that file system',
  EROFS: 'the file system is read-only',
  ENAMETOOLONG: 'its name is too long here',
  EAGAIN: 'nothing can be read from it now',
  EMFILE: 'too many open files: raise the limit with ulimit -n',
  ENFILE: 'too many open files: raise the limit with ulimit -n',
}

/** Why a file could not be read or made. Never the path that Node names, which is a descriptor's. */
export function reasonOf(error: unknown): string {
  const {code = '', message} = error as NodeJS.ErrnoException
  // `EIO: i/o error, open '/proc/self/fd/20/x'`
  return reasons[code] ?? message.replace(/^[A-Z\d]+: (.*?), \w+(?: '.*)?$/s, '$1')
}
