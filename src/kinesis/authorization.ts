// Whether a request carries a signature at all, and whole: what AWS checks before it verifies. Everything that looks like one is
// let in here; verifying (SigV4) is auth/sigv4.ts's, when credentials are configured. Pure.
import type { IncomingHttpHeaders } from 'node:http'
import { AwsError } from './aws-error.ts'

/** The parts of an Authorization header after the algorithm: `Credential=…, SignedHeaders=…, Signature=…`, by commas or spaces. */
export function headerParameters(authorization: string): Map<string, string> {
  const found = new Map<string, string>()
  for (const part of authorization.split(/[, ]/).slice(1)) {
    const at = part.indexOf('=')
    if (at > 0) found.set(part.slice(0, at), part.slice(at + 1))
  }
  return found
}

/** How SDKs write a header: with all of its parts, which need not be taken apart to see that. */
const wholeHeader = /^[^, ]+[, ]+Credential=[^, ]+[, ]+SignedHeaders=[^, ]+[, ]+Signature=[^, ]+$/

/** Null when the request may go on; AWS's refusal otherwise. The texts, with their trailing spaces, are AWS's. */
export function authorizationFault(headers: IncomingHttpHeaders, query: URLSearchParams): AwsError | null {
  const { authorization } = headers
  const inQuery = query.has('X-Amz-Algorithm')
  if (authorization && inQuery) {
    return new AwsError('InvalidSignatureException', "Found both 'X-Amz-Algorithm' as a query-string param and 'Authorization' as HTTP header.")
  }
  if (!authorization && !inQuery) return new AwsError('MissingAuthenticationTokenException', 'Missing Authentication Token')
  const text = authorization ? headerFault(authorization, headers) : queryFault(query)
  return text === '' ? null : new AwsError('IncompleteSignatureException', text)
}

/** The fast way for headers as SDKs write them, which is right about what it takes for whole. */
export const isWhole = (authorization: string): boolean => wholeHeader.test(authorization)

function headerFault(authorization: string, headers: IncomingHttpHeaders): string {
  if (headers['x-amz-date'] && isWhole(authorization)) return ''
  const parameters = headerParameters(authorization)
  let text = ''
  for (const name of ['Credential', 'Signature', 'SignedHeaders'])
    if (!parameters.get(name)) text += `Authorization header requires '${name}' parameter. `
  if (!headers['x-amz-date'] && !headers.date) text += "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header. "
  return text === '' ? '' : `${text}Authorization=${authorization}`
}

function queryFault(query: URLSearchParams): string {
  let text = ''
  for (const name of ['X-Amz-Algorithm', 'X-Amz-Credential', 'X-Amz-Signature', 'X-Amz-SignedHeaders', 'X-Amz-Date']) {
    if (!query.get(name)) text += `AWS query-string parameters must include '${name}'. `
  }
  return text === '' ? '' : `${text}Re-examine the query-string parameters.`
}
