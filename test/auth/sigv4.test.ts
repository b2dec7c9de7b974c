// SigV4, verified against signatures that nobody here computed: AWS's published example, and the SDK's own signer.
import { createHash, createHmac } from 'node:crypto'
import { SignatureV4 } from '@smithy/signature-v4'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { credentialPairs, credentialsFile } from '../../src/auth/aws-credentials.ts'
import { type SignedRequest, SigV4Verifier } from '../../src/auth/sigv4.ts'

/** What the SDK's signer wants of a hash. */
class Sha256 {
  #hash: ReturnType<typeof createHash> | ReturnType<typeof createHmac>
  constructor(secret?: string | Uint8Array | ArrayBuffer) {
    this.#hash = secret === undefined ? createHash('sha256') : createHmac('sha256', secret as string)
  }
  update(data: string | Uint8Array): void {
    this.#hash.update(data as string)
  }
  digest = async (): Promise<Uint8Array> => this.#hash.digest()
  reset(): void {}
}

const nowMs = Date.UTC(2026, 0, 2, 3, 4, 5)
const credentials = { accessKeyId: 'AKIDLOCAL', secretAccessKey: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY' }
const temporary = { accessKeyId: 'ASIALOCAL', secretAccessKey: 'temporary', sessionToken: 'a/b+c==' }
const verifier = new SigV4Verifier({
  keys: new Map([credentials, temporary].map((key) => [key.accessKeyId, { sessionToken: null, ...key, secret: key.secretAccessKey }])),
  region: 'us-east-1',
  services: ['kinesis'],
})
const signer = (service = 'kinesis', secret = credentials.secretAccessKey, region = 'us-east-1'): SignatureV4 =>
  new SignatureV4({ service, region, credentials: { ...credentials, secretAccessKey: secret }, sha256: Sha256 as never })

interface Parts {
  body: string
  path: string
  query: Record<string, string>
}
const parts: Parts = { body: '{"StreamName":"a"}', path: '/', query: {} }

async function signed(given: Partial<Parts> = {}, by = signer(), atMs = nowMs): Promise<SignedRequest> {
  const { body, path, query } = { ...parts, ...given }
  const request = await by.sign(
    {
      method: 'POST',
      protocol: 'http:',
      hostname: '127.0.0.1',
      path,
      query,
      headers: { host: '127.0.0.1:4567', 'x-amz-target': 'Kinesis_20131202.PutRecord' },
      body,
    },
    { signingDate: new Date(atMs) },
  )
  return toRequest(request.headers, path, query, body)
}

function toRequest(headers: Record<string, string>, path: string, query: object, body: string): SignedRequest {
  const search = new URLSearchParams(query as Record<string, string>).toString()
  const lower = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]))
  return { method: 'POST', url: search === '' ? path : `${path}?${search.replaceAll('+', '%20')}`, headers: lower, body: Buffer.from(body) }
}

test('the SDK’s signatures are right, whatever body, path and query they cover', async () => {
  const word = fc.stringMatching(/^[a-zA-Z0-9 _.~!'()*&=/+-]{1,10}$/)
  await fc.assert(
    fc.asyncProperty(
      fc.string(),
      fc.stringMatching(/^\/[a-zA-Z0-9_.~-]{0,8}$/),
      fc.dictionary(word, word, { maxKeys: 3 }),
      async (body, path, query) => {
        expect(verifier.verify(await signed({ body, path, query }), nowMs)).toBeNull()
      },
    ),
    { numRuns: 50 },
  )
})

test('over HTTP/2 the authority stands in for the host', async () => {
  const request = await signed()
  const { host, ...headers } = request.headers
  expect(verifier.verify({ ...request, headers: { ...headers, ':authority': host } }, nowMs)).toBeNull()
})

test('a presigned request is right until it expires', async () => {
  const presigned = await signer().presign(
    { method: 'POST', protocol: 'http:', hostname: '127.0.0.1', path: '/', headers: { host: '127.0.0.1:4567' }, query: {} },
    { signingDate: new Date(nowMs), expiresIn: 60 },
  )
  const request = toRequest(presigned.headers, '/', presigned.query!, '')
  expect(verifier.verify(request, nowMs + 60_000)).toBeNull()
  expect(verifier.verify(request, nowMs + 61_000)).toEqual({
    type: 'InvalidSignatureException',
    message: 'Signature expired: 20260102T030505Z is now earlier than 20260102T030506Z',
  })
})

test('temporary credentials come with their token, others with none', async () => {
  const signerOf = (key: typeof credentials & { sessionToken?: string }): SignatureV4 =>
    new SignatureV4({ service: 'kinesis', region: 'us-east-1', credentials: key, sha256: Sha256 as never })
  const unknown = { type: 'UnrecognizedClientException', message: 'The security token included in the request is invalid.' }
  expect(verifier.verify(await signed({}, signerOf(temporary)), nowMs)).toBeNull()
  expect(verifier.verify(await signed({}, signerOf({ ...temporary, sessionToken: 'other' })), nowMs)).toEqual(unknown)
  const { sessionToken, ...without } = temporary
  expect(verifier.verify(await signed({}, signerOf(without)), nowMs)).toEqual(unknown)
  expect(verifier.verify(await signed({}, signerOf({ ...credentials, sessionToken })), nowMs)).toEqual(unknown)
  const presigned = await signerOf(temporary).presign(
    { method: 'POST', protocol: 'http:', hostname: '127.0.0.1', path: '/', headers: { host: '127.0.0.1:4567' }, query: {} },
    { signingDate: new Date(nowMs) },
  )
  expect(verifier.verify(toRequest(presigned.headers, '/', presigned.query!, ''), nowMs)).toBeNull()
})

test('what was changed on the way is refused', async () => {
  const request = await signed()
  const mismatch = expect.stringContaining('The request signature we calculated does not match')
  const tampered: SignedRequest[] = [
    { ...request, body: Buffer.from('{}') },
    { ...request, url: '/?a=b' },
    { ...request, method: 'PUT' },
    { ...request, headers: { ...request.headers, 'x-amz-target': 'Kinesis_20131202.DeleteStream' } },
  ]
  for (const one of tampered) expect(verifier.verify(one, nowMs)).toEqual({ type: 'InvalidSignatureException', message: expect.anything() })
  expect(verifier.verify(await signed({}, signer('kinesis', 'other')), nowMs)).toEqual({ type: 'InvalidSignatureException', message: mismatch })
  const stranger = {
    ...request,
    headers: { ...request.headers, authorization: String(request.headers['authorization']).replace('AKIDLOCAL', 'AKIDOTHER') },
  }
  expect(verifier.verify(stranger, nowMs)).toEqual({
    type: 'UnrecognizedClientException',
    message: 'The security token included in the request is invalid.',
  })
})

test('clocks may differ by five minutes', async () => {
  const request = await signed()
  expect(verifier.verify(request, nowMs + 300_000)).toBeNull()
  expect(verifier.verify(request, nowMs + 301_000)?.message).toBe(
    'Signature expired: 20260102T030405Z is now earlier than 20260102T030406Z (20260102T030906Z - 5 min.)',
  )
  expect(verifier.verify(request, nowMs - 301_000)?.message).toBe(
    'Signature not yet current: 20260102T030405Z is still later than 20260102T030404Z (20260102T025904Z + 5 min.)',
  )
})

test('scopes and forms that AWS refuses', async () => {
  expect(verifier.verify(await signed({}, signer('sqs')), nowMs)?.message).toBe("Credential should be scoped to correct service: 'kinesis'. ")
  expect(verifier.verify(await signed({}, signer('kinesis', undefined, 'eu-west-1')), nowMs)).toEqual({
    type: 'InvalidSignatureException',
    message: "Credential should be scoped to a valid region, not 'eu-west-1'. ",
  })
  const request = await signed()
  const withAuthorization = (change: (text: string) => string): SignedRequest => ({
    ...request,
    headers: { ...request.headers, authorization: change(String(request.headers['authorization'])) },
  })
  expect(
    verifier.verify(
      withAuthorization((text) => text.replace('/us-east-1', '')),
      nowMs,
    ),
  ).toMatchObject({ type: 'IncompleteSignatureException', message: expect.stringContaining('exactly 5 slash-delimited elements') })
  expect(
    verifier.verify(
      withAuthorization((text) => text.replace('aws4_request', 'other')),
      nowMs,
    )?.message,
  ).toContain("valid terminator: 'aws4_request', not 'other'")
  expect(
    verifier.verify(
      withAuthorization((text) => text.replace('host;', '')),
      nowMs,
    )?.message,
  ).toContain("must be a 'SignedHeader'")
  expect(
    verifier.verify(
      withAuthorization((text) => text.replace('AWS4-HMAC-SHA256', 'AWS3')),
      nowMs,
    )?.type,
  ).toBe('IncompleteSignatureException')
  expect(verifier.verify({ ...request, headers: { ...request.headers, 'x-amz-date': 'yesterday' } }, nowMs)?.message).toContain(
    "ISO-8601 'basic format'",
  )
})

test('no request makes the verifier throw', () => {
  fc.assert(
    fc.property(fc.string(), fc.string(), fc.webUrl({ withQueryParameters: true }), (authorization, date, url) => {
      const request = {
        method: 'POST',
        url: url.replace(/^https?:\/\/[^/]*/, ''),
        headers: { authorization: `AWS4-HMAC-SHA256 ${authorization}`, 'x-amz-date': date },
        body: Buffer.alloc(0),
      }
      expect(verifier.verify(request, nowMs)).not.toBeNull()
    }),
  )
})

test('credentials come as pairs, or as AWS’s file', () => {
  expect(credentialPairs('AKIDONE:a/b+c=, AKIDTWO:x:y')).toEqual(
    new Map([
      ['AKIDONE', { secret: 'a/b+c=', sessionToken: null }],
      ['AKIDTWO', { secret: 'x:y', sessionToken: null }],
    ]),
  )
  expect(credentialPairs('/etc/aws/credentials')).toBeNull()
  const file =
    '[default]\naws_access_key_id = AKIDONE\naws_secret_access_key=one\n\n# other\n[profile b]\naws_secret_access_key = two\naws_access_key_id = AKIDTWO\naws_session_token = t==\n[half]\naws_access_key_id = AKIDTHREE\n'
  expect(credentialsFile(file)).toEqual(
    new Map([
      ['AKIDONE', { secret: 'one', sessionToken: null }],
      ['AKIDTWO', { secret: 'two', sessionToken: 't==' }],
    ]),
  )
})
