// What the program is called, and with the name whose taste it follows. Everything that depends on it asks here: nothing
// that protects anybody does.

let likeCrictl = false

/** crictl's mode: the program is a drop-in for crictl, down to its name. */
export function setCrictlMode(on: boolean): void {
  likeCrictl = on
}

export function isCrictlMode(): boolean {
  return likeCrictl
}

/** As users type it. */
export function programName(): 'crisp' | 'crictl' {
  return likeCrictl ? 'crictl' : 'crisp'
}
