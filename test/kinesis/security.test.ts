// TLS and verified signatures on the AWS port, as the AWS SDK uses them.
import { once } from 'node:events'
import { mkdtempSync, writeFileSync } from 'node:fs'
import http2 from 'node:http2'
import https from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import tls from 'node:tls'
import { CreateStreamCommand, KinesisClient, ListStreamsCommand, PutRecordCommand } from '@aws-sdk/client-kinesis'
import { NodeHttp2Handler, NodeHttpHandler } from '@smithy/node-http-handler'
import { afterEach, expect, test } from 'vitest'
import { selfSigned } from '../../src/auth/self-signed.ts'
import { stamp } from '../../src/engine/engine.ts'
import { openMemoryStore } from '../../storage/memory-store.ts'
import { type DoorUnderTest, openDoor, send, signed } from './harness.ts'

let door: DoorUnderTest
afterEach(() => door.close())

const client = (options: object): KinesisClient =>
  new KinesisClient({
    endpoint: door.url,
    region: 'us-east-1',
    credentials: { accessKeyId: 'AKIDLOCAL', secretAccessKey: 'secret' },
    maxAttempts: 1,
    ...options,
  })

test('TLS on the same port: HTTP/2 and HTTP/1.1 by ALPN, and plain HTTP beside it', async () => {
  door = await openDoor({ settings: { 'aws.tls': 'on' } })
  const ca = door.server.certificate!
  const endpoint = `https://127.0.0.1:${door.server.port}`
  const one = client({ endpoint, requestHandler: new NodeHttpHandler({ httpsAgent: new https.Agent({ ca }) }) })
  await one.send(new CreateStreamCommand({ StreamName: 'a', ShardCount: 1 }))
  one.destroy()
  const session = http2.connect(endpoint, { ca })
  await once(session, 'remoteSettings')
  expect((session.socket as tls.TLSSocket).alpnProtocol).toBe('h2')
  const stream = session.request({
    ':method': 'POST',
    ':path': '/',
    'content-type': 'application/x-amz-json-1.1',
    'x-amz-target': 'Kinesis_20131202.ListStreams',
    ...signed,
  })
  stream.end('{}')
  const chunks: Buffer[] = []
  for await (const chunk of stream) chunks.push(chunk as Buffer)
  expect(Buffer.concat(chunks).toString()).toContain('"StreamNames":["a"]')
  session.close()
  const plain = client({})
  expect((await plain.send(new ListStreamsCommand({}))).StreamNames).toEqual(['a'])
  plain.destroy()
})

test('a given certificate is shown; one without its key ends the start', async () => {
  const { cert, key } = selfSigned(['127.0.0.1'], Date.now(), Buffer.alloc(16, 7))
  const folder = mkdtempSync(join(tmpdir(), 'twinlog-'))
  const files = { 'aws.tls.certificate': join(folder, 'cert.pem'), 'aws.tls.key': join(folder, 'key.pem') }
  writeFileSync(files['aws.tls.certificate'], cert)
  writeFileSync(files['aws.tls.key'], key)
  door = await openDoor({ settings: { 'aws.tls': 'required', ...files } })
  expect(door.server.certificate).toBe(cert)
  const requestHandler = new NodeHttpHandler({ httpsAgent: new https.Agent({ ca: cert }) })
  const one = client({ endpoint: `https://127.0.0.1:${door.server.port}`, requestHandler })
  expect((await one.send(new ListStreamsCommand({}))).StreamNames).toEqual([])
  one.destroy()
  await expect(openDoor({ settings: { 'aws.tls': 'on', 'aws.tls.certificate': files['aws.tls.certificate'] } })).rejects.toThrow('belong together')
})

test('where TLS is required, plain HTTP is told so', async () => {
  door = await openDoor({ settings: { 'aws.tls': 'required' } })
  expect(door.url).toMatch(/^https:/)
  const reply = await send(door.url.replace('https', 'http'), { body: '{}' })
  expect(reply).toMatchObject({ status: 400, text: 'TLS is required (aws.tls)\n' })
})

test('where TLS is off, a handshake is refused', async () => {
  door = await openDoor()
  const socket = tls.connect({ port: door.server.port, host: '127.0.0.1', rejectUnauthorized: false })
  await expect(once(socket, 'secureConnect')).rejects.toThrow()
})

test('the certificate that the broker made is the same after a restart', async () => {
  const store = openMemoryStore({ stamp, now: Date.now, flush: 'sync', recentBytesMax: 0, onFailure: () => {} })
  door = await openDoor({ store, settings: { 'aws.tls': 'on' } })
  const before = door.server.certificate
  await door.server.close(0)
  door.engine.close()
  door = await openDoor({ store, settings: { 'aws.tls': 'on' } })
  expect(door.server.certificate).toBe(before)
})

test.each(['pairs', 'a file'])('signatures are verified against credentials given as %s', async (form) => {
  let credentials = 'AKIDLOCAL:secret'
  if (form === 'a file') {
    credentials = join(mkdtempSync(join(tmpdir(), 'twinlog-')), 'credentials')
    writeFileSync(credentials, '[default]\naws_access_key_id = AKIDLOCAL\naws_secret_access_key = secret\n')
  }
  door = await openDoor({ settings: { 'aws.credentials': credentials } })
  for (const requestHandler of [new NodeHttp2Handler(), new NodeHttpHandler()]) {
    const right = client({ requestHandler })
    await right.send(new ListStreamsCommand({}))
    right.destroy()
  }
  const wrongSecret = client({ credentials: { accessKeyId: 'AKIDLOCAL', secretAccessKey: 'other' } })
  await expect(wrongSecret.send(new PutRecordCommand({ StreamName: 'a', PartitionKey: 'k', Data: Buffer.from('x') }))).rejects.toMatchObject({
    name: 'InvalidSignatureException',
  })
  wrongSecret.destroy()
  const stranger = client({ credentials: { accessKeyId: 'AKIDOTHER', secretAccessKey: 'secret' } })
  await expect(stranger.send(new ListStreamsCommand({}))).rejects.toMatchObject({
    name: 'UnrecognizedClientException',
    message: 'The security token included in the request is invalid.',
  })
  stranger.destroy()
})
