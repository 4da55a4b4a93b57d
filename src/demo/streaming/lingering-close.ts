import type {Socket} from 'node:net'

/**
 * Ends our side and throws away what still comes until the client has ended too, for `lingerMs` after our last byte:
 * closing a socket that holds unread bytes resets it, and the client would lose what it has not read yet.
 */
export function closeLingering(socket: Socket, lingerMs: number): void {
  const leave = (): void => {
    socket.destroy()
  }
  let timer: NodeJS.Timeout | undefined
  socket.once('finish', () => {
    timer = setTimeout(leave, lingerMs)
  })
  socket.once('close', () => clearTimeout(timer))
  socket.once('end', leave)
  socket.on('data', () => {})
  socket.end()
  socket.resume()
}
