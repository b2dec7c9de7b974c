// Our own certificate: read back by Node's X.509 reader, and good for a handshake that trusts it.
import { X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import tls from 'node:tls'
import { expect, test } from 'vitest'
import { selfSigned } from '../../src/auth/self-signed.ts'

test('names, addresses, dates and signature are as they should be', () => {
  const nowMs = Date.UTC(2026, 5, 1)
  const certificate = new X509Certificate(selfSigned(['localhost', '127.0.0.1', '::1', 'fe80::1:2'], nowMs, Buffer.alloc(16, 0xff)).cert)
  expect(certificate.subjectAltName).toBe('DNS:localhost, IP Address:127.0.0.1, IP Address:0:0:0:0:0:0:0:1, IP Address:FE80:0:0:0:0:0:1:2')
  expect(certificate.verify(certificate.publicKey)).toBe(true)
  expect(certificate.ca).toBe(true)
  expect(certificate.subject).toBe('CN=twinlog')
  expect(Date.parse(certificate.validFrom)).toBeLessThan(nowMs)
  expect(new Date(certificate.validTo).getUTCFullYear()).toBe(2036)
})

test('a client that trusts it shakes hands', async () => {
  const { key, cert } = selfSigned(['localhost'], Date.now(), Buffer.alloc(16))
  const server = tls.createServer({ key, cert }, (socket) => socket.end('hello'))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  const socket = tls.connect({ port, host: '127.0.0.1', servername: 'localhost', ca: cert })
  const [said] = (await once(socket, 'data')) as [Buffer]
  expect(String(said)).toBe('hello')
  expect(socket.authorized).toBe(true)
  socket.destroy()
  server.close()
})
