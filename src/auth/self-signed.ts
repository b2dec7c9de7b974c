// A certificate of our own for TLS where none is given: P-256, self-signed, ten years (RFC 5280). Just enough DER for that.
import { createHash, generateKeyPairSync, sign } from 'node:crypto'
import { isIP } from 'node:net'

export interface KeyAndCertificate {
  /** PEM. */
  readonly key: string
  readonly cert: string
}

const lifeMs = 10 * 365 * 86_400_000

/** Object identifiers, as DER contents. */
const oid = {
  ecdsaWithSha256: Buffer.from('2a8648ce3d040302', 'hex'),
  commonName: Buffer.from('550403', 'hex'),
  subjectAltName: Buffer.from('551d11', 'hex'),
  basicConstraints: Buffer.from('551d13', 'hex'),
  subjectKeyIdentifier: Buffer.from('551d0e', 'hex'),
}

/** One value: tag, length, contents. */
function der(tag: number, ...contents: readonly Uint8Array[]): Buffer {
  const body = Buffer.concat(contents)
  if (body.length < 128) return Buffer.concat([Buffer.from([tag, body.length]), body])
  const length = Buffer.alloc(4)
  length.writeUInt32BE(body.length)
  const bytes = length.subarray(length.findIndex((byte) => byte !== 0))
  return Buffer.concat([Buffer.from([tag, 0x80 | bytes.length]), bytes, body])
}

const sequence = (...contents: readonly Uint8Array[]): Buffer => der(0x30, ...contents)
const objectId = (contents: Buffer): Buffer => der(0x06, contents)
const trueValue = der(0x01, Buffer.from([0xff]))
const utcOrGeneralized = (ms: number): Buffer => {
  const text = new Date(ms).toISOString().replace(/[-:T]|\.\d{3}/g, '')
  // RFC 5280: two-digit years until 2049.
  return text < '2050' ? der(0x17, Buffer.from(text.slice(2))) : der(0x18, Buffer.from(text))
}

/** Makes a key and its certificate for the given host names and addresses. */
export function selfSigned(hosts: readonly string[], nowMs: number, serial: Uint8Array): KeyAndCertificate {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const publicInfo = publicKey.export({ type: 'spki', format: 'der' })
  const name = sequence(der(0x31, sequence(objectId(oid.commonName), der(0x0c, Buffer.from('twinlog')))))
  const algorithm = sequence(objectId(oid.ecdsaWithSha256))
  const extension = (id: Buffer, critical: boolean, value: Buffer): Buffer =>
    sequence(objectId(id), ...(critical ? [trueValue] : []), der(0x04, value))
  const extensions = sequence(
    // It signs itself, so whoever trusts it trusts it as an authority.
    extension(oid.basicConstraints, true, sequence(trueValue)),
    extension(oid.subjectKeyIdentifier, false, der(0x04, createHash('sha1').update(publicInfo).digest())),
    extension(oid.subjectAltName, false, sequence(...hosts.map(generalName))),
  )
  const toBeSigned = sequence(
    der(0xa0, der(0x02, Buffer.from([2]))),
    // Positive, and no shorter than it looks: the top bits are 01.
    der(0x02, Buffer.from([(serial[0]! & 0x3f) | 0x40]), serial.subarray(1)),
    algorithm,
    name,
    sequence(utcOrGeneralized(nowMs - 86_400_000), utcOrGeneralized(nowMs + lifeMs)),
    name,
    publicInfo,
    der(0xa3, extensions),
  )
  const signature = sign('sha256', toBeSigned, privateKey)
  const certificate = sequence(toBeSigned, algorithm, der(0x03, Buffer.from([0]), signature))
  const lines = certificate
    .toString('base64')
    .match(/.{1,64}/g)!
    .join('\n')
  return {
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }) as string,
    cert: `-----BEGIN CERTIFICATE-----\n${lines}\n-----END CERTIFICATE-----\n`,
  }
}

function generalName(host: string): Buffer {
  switch (isIP(host)) {
    case 4:
      return der(0x87, Buffer.from(host.split('.').map(Number)))
    case 6:
      return der(0x87, addressOf(host))
    default:
      return der(0x82, Buffer.from(host, 'latin1'))
  }
}

/** The sixteen bytes of an IPv6 address. */
function addressOf(host: string): Buffer {
  const [left = '', right] = host.split('::')
  const groups = (text: string): string[] => (text === '' ? [] : text.split(':'))
  const head = groups(left)
  const tail = right === undefined ? [] : groups(right)
  const all = [...head, ...new Array<string>(8 - head.length - tail.length).fill('0'), ...tail]
  return Buffer.from(all.map((group) => group.padStart(4, '0')).join(''), 'hex')
}
