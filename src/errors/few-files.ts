/** Whether a failure says that this process, or the whole machine, may open no more files. */
export function isOutOfFiles(error: unknown): boolean {
  const {code} = (error ?? {}) as NodeJS.ErrnoException
  return code === 'EMFILE' || code === 'ENFILE'
}

export const outOfFilesText = 'too many open files: allow more, as with ulimit -n 1024'
