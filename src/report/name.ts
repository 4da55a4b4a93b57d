/** Of the folder in a report of that host, and of its file. */
export function reportName(host: string, nowMs: number): string {
  return `crisp-report-${plainName(host)}-${timeText(nowMs)}`
}

/** A host's name as part of a file's. */
function plainName(name: string): string {
  return name.replaceAll(/[^A-Za-z0-9.-]/g, '_').replace(/^[.-]+/, '') || 'node'
}

/** In UTC, without what a file name should not have. */
function timeText(ms: number): string {
  return new Date(ms).toISOString().slice(0, 19).replaceAll(/[-:]/g, '').replace('T', '-')
}
