/** What hinders a copy, in words of its own. */
export class Obstacle extends Error {
  override name = 'Obstacle'
}

/** Why a file could not be read or made. Never the path that Node names, which is a descriptor's. */
export function reasonOf(error: unknown): string {
  const {code, message} = error as NodeJS.ErrnoException
  switch (code) {
    case 'ENOENT':
      return 'no such file or directory'
    case 'EACCES':
      return 'permission denied; try sudo'
    case 'ELOOP':
    case 'ENOTDIR':
      return 'a symlink or file is where a directory should be'
    case 'EISDIR':
      return 'a directory is in its place'
    case 'ENOSPC':
      return 'no space left on the disk'
    case 'EDQUOT':
      return 'the disk quota is used up'
    case 'EFBIG':
      return 'it is too large for that file system'
    case 'EROFS':
      return 'the file system is read-only'
    case 'ENAMETOOLONG':
      return 'its name is too long here'
    case 'EAGAIN':
      return 'nothing can be read from it now'
    case 'EMFILE':
    case 'ENFILE':
      return 'too many open files: raise the limit with ulimit -n'
    default:
      // `EIO: i/o error, open '/proc/self/fd/20/x'`
      return message.replace(/^[A-Z\d]+: (.*?), \w+(?: '.*)?$/s, '$1')
  }
}
