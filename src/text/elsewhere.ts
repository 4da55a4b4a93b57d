/** The machine of the runtime where that is not this one: no path and no process that it tells of means anything here. */
let machine: string | undefined

export function setElsewhere(name: string): void {
  machine = name
}

export function elsewhere(): string | undefined {
  return machine
}
