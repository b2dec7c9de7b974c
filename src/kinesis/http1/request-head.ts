// The head of an HTTP/1.1 request in its plainest form, as SDKs write it -> method POST, path, headers, length of the body. Whatever is not plain (another method or
// version, chunks, an upgrade, a header twice, a folded line, a lone line end, a letter beyond ASCII, a mistake) is not judged here: the answer is null, and
// node:http takes the connection. What is answered is what node:http would say of the same bytes. Pure.
import type { IncomingHttpHeaders } from 'node:http'

export interface RequestHead {
  /** Path and query. */
  readonly url: string
  readonly headers: IncomingHttpHeaders
  /** Never 0. */
  readonly bodyBytes: number
}

/** Heads beyond this go to node:http, whose own limit is larger. AWS's signatures and targets take one or two KiB. */
export const headBytesMax = 8 * 1024

const headersMax = 64
const lineEnd = '\r\n'
const cr = 0x0d
const lf = 0x0a
const space = 0x20
const tilde = 0x7e
const start = 'POST '
const version = ' HTTP/1.1'
const plainPath = /^\/[A-Za-z0-9\-._~!$&'()*+,;=:@%/?]*$/
const plainName = /^[A-Za-z0-9-]+$/
const plainLength = /^[0-9]{1,10}$/

/** What they say is about the connection or the form of the body. */
const special = new Set(['connection', 'content-length', 'expect', 'proxy-connection', 'trailer', 'transfer-encoding', 'upgrade', 'http2-settings'])

interface Name {
  /** In small letters, as node:http tells it. */
  readonly name: string
  readonly special: boolean
}

/** Names as clients spell them: each writes the same few. The bound is for those that make them up. */
const names = new Map<string, Name>()
const namesMax = 500

/** `text` is everything before the empty line, a character for each byte. */
export function readHead(text: string): RequestHead | null {
  const first = text.indexOf(lineEnd)
  if (first < 0 || !text.startsWith(start) || !text.startsWith(version, first - version.length) || !isPlain(text)) return null
  const url = text.slice(start.length, first - version.length)
  if (url !== '/' && !plainPath.test(url)) return null
  const headers: IncomingHttpHeaders = {}
  let bodyBytes = 0
  let count = 0
  for (let at = first + lineEnd.length; at <= text.length; ) {
    const next = text.indexOf(lineEnd, at)
    const end = next < 0 ? text.length : next
    const colon = text.indexOf(':', at)
    if (colon < 0 || colon > end) return null
    const known = nameOf(text.slice(at, colon))
    if (!known || headers[known.name] !== undefined || ++count > headersMax) return null
    const value = trimmed(text, colon + 1, end)
    if (known.special) {
      if (known.name === 'content-length' && plainLength.test(value)) bodyBytes = Number(value)
      else if (known.name !== 'connection' || value.toLowerCase() !== 'keep-alive') return null
    }
    headers[known.name] = value
    at = end + lineEnd.length
  }
  return bodyBytes > 0 && headers.host !== undefined ? { url, headers, bodyBytes } : null
}

/** Printable ASCII and whole line ends. */
function isPlain(text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (code >= space && code <= tilde) continue
    if (code !== cr || text.charCodeAt(++i) !== lf) return false
  }
  return true
}

function nameOf(spelled: string): Name | null {
  const known = names.get(spelled)
  if (known) return known
  if (!plainName.test(spelled)) return null
  const name = spelled.toLowerCase()
  const made = { name, special: special.has(name) }
  if (names.size < namesMax) names.set(spelled, made)
  return made
}

/** Without the spaces around it. */
function trimmed(text: string, from: number, to: number): string {
  let first = from
  let end = to
  while (first < end && text.charCodeAt(first) === space) first++
  while (end > first && text.charCodeAt(end - 1) === space) end--
  return text.slice(first, end)
}
