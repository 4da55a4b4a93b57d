import type {ServerOptions} from 'node:https'
import {describe, expect, test} from 'vitest'
import {runRemoteCommand, type StreamTransport} from '../../src/streaming/remote-command.js'
import type {StreamTls} from '../../src/streaming/tls-options.js'
import {certificate, certificateKey} from '../support/peers/certificate.js'
import {createSink} from '../support/peers/sink.js'
import {startSpdyPeer, success} from '../support/peers/spdy-peer.js'
import {startWebSocketPeer} from '../support/peers/websocket-peer.js'

const server: ServerOptions = {cert: certificate, key: certificateKey}
const done = {kind: 'exited', exitCode: 0}

function startPeer(transport: StreamTransport, tls: ServerOptions = server) {
  if (transport === 'websocket') {
    return startWebSocketPeer(
      async (session) => {
        session.send(1, 'over TLS')
        session.send(3, success)
        session.socket.close(1000)
      },
      {protocol: 'v4.channel.k8s.io', tls},
    )
  }
  return startSpdyPeer(
    async (session) => {
      const [error, stdout] = await session.streams(2)
      stdout.send('over TLS', true)
      session.finish(error, success)
    },
    {tls},
  )
}

describe.each<StreamTransport>(['spdy', 'websocket'])('%s', (transport) => {
  const run = async (url: string, tls?: StreamTls) => {
    const stdout = createSink()
    const exit = await runRemoteCommand({url, transport, stdout, tty: false, tls})
    return {exit, output: stdout.text()}
  }

  test('a certificate of the given authority for the given name is trusted', async () => {
    await using peer = await startPeer(transport)

    expect(await run(peer.url, {ca: certificate, serverName: 'streaming.test'})).toEqual({
      exit: done,
      output: 'over TLS',
    })
  })

  test('insecure trusts any certificate', async () => {
    await using peer = await startPeer(transport)

    expect(await run(peer.url, {insecure: true})).toEqual({exit: done, output: 'over TLS'})
  })

  test('our own certificate is shown where the server asks', async () => {
    await using peer = await startPeer(transport, {...server, ca: certificate, requestCert: true})
    const own = {cert: certificate, key: certificateKey}

    expect(await run(peer.url, {ca: certificate, serverName: 'streaming.test', ...own})).toEqual({
      exit: done,
      output: 'over TLS',
    })
    await expect(run(peer.url, {insecure: true})).rejects.toMatchObject({name: 'StreamError'})
  })

  test.each<[string, StreamTls | undefined, string]>([
    ['nothing given', undefined, 'self-signed certificate'],
    ['another host than the certificate is for', {ca: certificate}, "127.0.0.1 is not in the cert's list"],
    ['another name', {ca: certificate, serverName: 'other.test'}, 'is not in the cert'],
  ])('not trusted: %s', async (_name, tls, reason) => {
    await using peer = await startPeer(transport)

    await expect(run(peer.url, tls)).rejects.toMatchObject({
      kind: 'tls',
      message: expect.stringMatching(
        new RegExp(`^TLS to the runtime's streaming server ${new URL(peer.url).origin} failed: .*${reason}`),
      ),
    })
  })

  test('the server speaks no TLS', async () => {
    await using peer = await startSpdyPeer(() => {})

    await expect(run(peer.url.replace('http:', 'https:'), {insecure: true})).rejects.toMatchObject({
      kind: 'tls',
    })
  })
})
