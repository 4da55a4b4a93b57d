// A call with Node's own HTTP/2 and nothing else: what a command cannot be quicker than on this machine and this Node.
//   node bench/bare-client.mjs SOCKET
import {connect} from 'node:http2'
import {createConnection} from 'node:net'

const session = connect('http://localhost', {createConnection: () => createConnection(process.argv[2])})
const stream = session.request({
  ':method': 'POST',
  ':path': '/runtime.v1.RuntimeService/Version',
  'content-type': 'application/grpc',
  te: 'trailers',
})
stream.on('data', (bytes) => process.stdout.write(`${bytes.length}\n`))
stream.on('close', () => session.close())
stream.end(Buffer.alloc(5))
