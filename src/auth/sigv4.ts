// AWS Signature Version 4, the verifying side: header and presigned form (AWS General Reference, "Create a signed AWS API request").
// Pure but for hashing: time comes in. Whether a request carries a signature at all is the door's first check, before this one.
import { createHash, createHmac, timingSafeEqual } from 'node:crypto'
import type { AccessKey } from './aws-credentials.ts'

/** A request as it came over the wire. Header names in small letters; `:authority` stands in for `host` over HTTP/2. */
export interface SignedRequest {
  readonly method: string
  /** Path and query, as sent. */
  readonly url: string
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>
  /** As sent, before any Content-Encoding is undone. */
  readonly body: Uint8Array
}

/** AWS's exception and text. */
export interface SignatureFault {
  readonly type: 'IncompleteSignatureException' | 'InvalidSignatureException' | 'UnrecognizedClientException'
  readonly message: string
}

export interface SigV4Options {
  /** By access key id. */
  readonly keys: ReadonlyMap<string, AccessKey>
  /** The region whose scope is accepted. */
  readonly region: string
  /** Services whose scope is accepted, `kinesis`. */
  readonly services: readonly string[]
}

const algorithm = 'AWS4-HMAC-SHA256'
const terminator = 'aws4_request'
/** How far a client's clock may be off. */
const skewMsMax = 5 * 60_000
/** A presigned request lives a week at most. */
const expiresSMax = 604_800
/** Derived keys that are kept: one per key, day, region and service. */
const signingKeysMax = 256

/** What a request says of its signature, from the header or the query. */
interface Claim {
  readonly accessKeyId: string
  readonly date: string
  readonly region: string
  readonly service: string
  readonly signedHeaders: readonly string[]
  readonly signature: string
  /** Empty where there is none. */
  readonly sessionToken: string
  /** 20260101T000000Z */
  readonly timestamp: string
  /** Null in the header form. */
  readonly expiresS: number | null
}

export class SigV4Verifier {
  readonly #options: SigV4Options
  readonly #signingKeys = new Map<string, Buffer>()

  constructor(options: SigV4Options) {
    this.#options = options
  }

  /** Null when the signature is right; otherwise AWS's refusal. */
  verify(request: SignedRequest, nowMs: number): SignatureFault | null {
    const { path, query } = splitUrl(request.url)
    const presigned = query.some(([name]) => name === 'X-Amz-Algorithm')
    const claim = presigned ? claimInQuery(query) : claimInHeader(request.headers)
    if ('type' in claim) return claim
    const fault = this.#scopeFault(claim) ?? timeFault(claim, nowMs)
    if (fault) return fault
    const key = this.#options.keys.get(claim.accessKeyId)
    if (!key || (key.sessionToken ?? '') !== claim.sessionToken)
      return { type: 'UnrecognizedClientException', message: 'The security token included in the request is invalid.' }
    const payloadHash = payloadHashOf(request)
    if (payloadHash === null) return invalid('The value of the x-amz-content-sha256 header does not match the body.')
    const canonical = [
      request.method,
      canonicalPath(path),
      canonicalQuery(query),
      ...claim.signedHeaders.map((name) => `${name}:${headerValue(request.headers, name)}`),
      '',
      claim.signedHeaders.join(';'),
      payloadHash,
    ].join('\n')
    const scope = `${claim.date}/${claim.region}/${claim.service}/${terminator}`
    const text = `${algorithm}\n${claim.timestamp}\n${scope}\n${sha256(canonical)}`
    const expected = createHmac('sha256', this.#signingKey(claim, key.secret)).update(text).digest('hex')
    const given = Buffer.from(claim.signature)
    if (given.length === expected.length && timingSafeEqual(given, Buffer.from(expected))) return null
    return invalid(
      'The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details.',
    )
  }

  #scopeFault({ region, service, date, timestamp }: Claim): SignatureFault | null {
    const { region: ours, services } = this.#options
    // AWS's texts, each with its last space, say which region is wrong and not which is right.
    const elsewhere = region === ours ? '' : `Credential should be scoped to a valid region, not '${region}'. `
    const other = services.includes(service) ? '' : `Credential should be scoped to correct service: '${services[0]}'. `
    if (elsewhere || other) return invalid(elsewhere + other)
    if (!timestamp.startsWith(date)) {
      return invalid(
        `Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '${date}' != '${timestamp.slice(0, 8)}', from '${timestamp}'.`,
      )
    }
    return null
  }

  #signingKey({ accessKeyId, date, region, service }: Claim, secret: string): Buffer {
    const name = `${accessKeyId}/${date}/${region}/${service}`
    let key = this.#signingKeys.get(name)
    if (!key) {
      key = [date, region, service, terminator].reduce(
        (from: Buffer, part) => createHmac('sha256', from).update(part).digest(),
        Buffer.from(`AWS4${secret}`),
      )
      // Strangers choose region and date: the oldest key goes, so that memory stays bounded.
      if (this.#signingKeys.size >= signingKeysMax) this.#signingKeys.delete(this.#signingKeys.keys().next().value!)
      this.#signingKeys.set(name, key)
    }
    return key
  }
}

const invalid = (message: string): SignatureFault => ({ type: 'InvalidSignatureException', message })
const incomplete = (message: string): SignatureFault => ({ type: 'IncompleteSignatureException', message })
const sha256 = (text: string | Uint8Array): string => createHash('sha256').update(text).digest('hex')

function claimInHeader(headers: SignedRequest['headers']): Claim | SignatureFault {
  const authorization = headerValue(headers, 'authorization')
  const [name, ...rest] = authorization.split(' ')
  if (name !== algorithm) return incomplete(`Unsupported AWS 'algorithm': '${name}' in Authorization=${authorization}`)
  const parts = new Map(
    rest
      .join(' ')
      .split(/[, ]+/)
      .map((part) => [part.slice(0, part.indexOf('=')), part.slice(part.indexOf('=') + 1)] as const),
  )
  const given = headerValue(headers, 'x-amz-date')
  const timestamp = given === '' ? basicTime(Date.parse(headerValue(headers, 'date'))) : given
  const told = { signature: parts.get('Signature') ?? '', sessionToken: headerValue(headers, 'x-amz-security-token'), timestamp, expiresS: null }
  return claimOf(parts.get('Credential') ?? '', parts.get('SignedHeaders') ?? '', told)
}

function claimInQuery(query: readonly [string, string][]): Claim | SignatureFault {
  const value = (name: string): string => query.find(([key]) => key === name)?.[1] ?? ''
  if (value('X-Amz-Algorithm') !== algorithm) return incomplete(`Unsupported AWS 'algorithm': '${value('X-Amz-Algorithm')}'`)
  const expiresS = Number(value('X-Amz-Expires') || '300')
  if (!(expiresS >= 1 && expiresS <= expiresSMax)) return incomplete(`X-Amz-Expires must be within 1 and ${expiresSMax} seconds.`)
  const told = { signature: value('X-Amz-Signature'), sessionToken: value('X-Amz-Security-Token'), timestamp: value('X-Amz-Date'), expiresS }
  return claimOf(value('X-Amz-Credential'), value('X-Amz-SignedHeaders'), told)
}

type Told = Pick<Claim, 'signature' | 'sessionToken' | 'timestamp' | 'expiresS'>

function claimOf(credential: string, signedHeaders: string, told: Told): Claim | SignatureFault {
  const { timestamp } = told
  const parts = credential.split('/')
  if (parts.length !== 5) {
    return incomplete(`Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, got: '${credential}'`)
  }
  const [accessKeyId, date, region, service, term] = parts as [string, string, string, string, string]
  if (term !== terminator) return invalid(`Credential should be scoped with a valid terminator: '${terminator}', not '${term}'.`)
  if (!/^\d{8}T\d{6}Z$/.test(timestamp))
    return incomplete(`Date must be in ISO-8601 'basic format'. Got '${timestamp}'. See http://en.wikipedia.org/wiki/ISO_8601`)
  const names = signedHeaders.toLowerCase().split(';')
  if (!names.includes('host') && !names.includes(':authority'))
    return invalid("'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.")
  return { accessKeyId, date, region, service, signedHeaders: names, ...told }
}

function timeFault({ timestamp, expiresS }: Claim, nowMs: number): SignatureFault | null {
  const signedMs = Date.parse(timestamp.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z'))
  const now = basicTime(nowMs)
  if (Number.isNaN(signedMs))
    return incomplete(`Date must be in ISO-8601 'basic format'. Got '${timestamp}'. See http://en.wikipedia.org/wiki/ISO_8601`)
  if (signedMs > nowMs + skewMsMax) {
    return invalid(`Signature not yet current: ${timestamp} is still later than ${basicTime(nowMs + skewMsMax)} (${now} + 5 min.)`)
  }
  if (expiresS !== null)
    return nowMs > signedMs + expiresS * 1000
      ? invalid(`Signature expired: ${basicTime(signedMs + expiresS * 1000)} is now earlier than ${now}`)
      : null
  if (signedMs < nowMs - skewMsMax) {
    return invalid(`Signature expired: ${timestamp} is now earlier than ${basicTime(nowMs - skewMsMax)} (${now} - 5 min.)`)
  }
  return null
}

/** 20260101T000000Z; empty for no time. */
const basicTime = (ms: number): string => (Number.isNaN(ms) ? '' : new Date(ms).toISOString().replace(/[-:]|\.\d{3}/g, ''))

/** What stands for the body in the signature; null where the client's own hash of it is wrong. */
function payloadHashOf({ headers, body }: SignedRequest): string | null {
  const given = headerValue(headers, 'x-amz-content-sha256')
  if (given === 'UNSIGNED-PAYLOAD') return given
  const actual = sha256(body)
  return given === '' || given === actual ? actual : null
}

/** Trimmed, inner spaces joined, several values with commas; `host` and `:authority` are one. */
function headerValue(headers: SignedRequest['headers'], name: string): string {
  const value = headers[name] ?? (name === 'host' ? headers[':authority'] : name === ':authority' ? headers['host'] : undefined)
  if (value === undefined) return ''
  return (typeof value === 'string' ? value : value.join(',')).trim().replace(/ +/g, ' ')
}

function splitUrl(url: string): { path: string; query: [string, string][] } {
  const at = url.indexOf('?')
  if (at < 0) return { path: url, query: [] }
  const pairs = url
    .slice(at + 1)
    .split('&')
    .filter((pair) => pair !== '')
  return {
    path: url.slice(0, at),
    query: pairs.map((pair) => {
      const equals = pair.indexOf('=')
      return equals < 0 ? [decode(pair), ''] : [decode(pair.slice(0, equals)), decode(pair.slice(equals + 1))]
    }),
  }
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

/** RFC 3986: everything but letters, digits and -_.~ */
const encode = (text: string): string => encodeURIComponent(text).replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`)

/** Without dot segments and empty ones, and encoded once more, as every service but S3 has it. */
function canonicalPath(path: string): string {
  const segments: string[] = []
  for (const segment of path.split('/')) {
    if (segment === '..') segments.pop()
    else if (segment !== '' && segment !== '.') segments.push(segment)
  }
  return `/${segments.map(encode).join('/')}${segments.length > 0 && path.endsWith('/') ? '/' : ''}`
}

function canonicalQuery(query: readonly [string, string][]): string {
  return query
    .filter(([name]) => name !== 'X-Amz-Signature')
    .map(([name, value]) => [encode(name), encode(value)] as const)
    .sort((a, b) => (a[0] === b[0] ? (a[1] < b[1] ? -1 : 1) : a[0] < b[0] ? -1 : 1))
    .map(([name, value]) => `${name}=${value}`)
    .join('&')
}
