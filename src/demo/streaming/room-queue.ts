import type {Socket} from 'node:net'

export interface RoomQueue {
  /** Calls `step` when the socket has room, one step at a time; with false when it has closed. */
  enter(step: (open: boolean) => void): void
}

/** Lets the many streams of one connection write in turn, so that only one frame waits in the socket. */
export function createRoomQueue(socket: Socket): RoomQueue {
  const waiting: ((open: boolean) => void)[] = []
  const admit = (): void => {
    while (waiting.length > 0 && (!socket.writable || !socket.writableNeedDrain)) {
      waiting.shift()?.(socket.writable)
    }
  }
  socket.on('drain', admit).on('close', admit)

  return {
    enter(step) {
      waiting.push(step)
      if (waiting.length === 1) admit()
    },
  }
}
