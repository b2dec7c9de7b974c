// The Kinesis client of the commands: one signed call after the other over fetch, and errors that a person can act on. Knows no operation.
import { createHash, createHmac } from 'node:crypto'
import { CommandError, UsageError } from './command.ts'

/** The option that every command on streams has. Region and keys come from AWS's own variables. */
export const endpointOption = {
  endpoint: {
    type: 'string',
    short: 'e',
    value: 'URL',
    help: 'The AWS port (AWS_ENDPOINT_URL_KINESIS or AWS_ENDPOINT_URL, else http://127.0.0.1:4567).',
  },
} as const

const callMsMax = 30_000

/** Calls one operation of Kinesis. */
export type Call = <Output>(operation: string, input: Record<string, unknown>) => Promise<Output>

/** A client for the endpoint that the option or the environment names. */
export function kinesisAt(option: string | undefined, env: NodeJS.ProcessEnv = process.env): Call {
  const url = endpointUrl(option ?? env['AWS_ENDPOINT_URL_KINESIS'] ?? env['AWS_ENDPOINT_URL'] ?? 'http://127.0.0.1:4567')
  const keys = {
    region: env['AWS_REGION'] ?? env['AWS_DEFAULT_REGION'] ?? 'us-east-1',
    // Without aws.credentials the broker looks only whether there is a signature.
    id: env['AWS_ACCESS_KEY_ID'] ?? 'twinlog',
    secret: env['AWS_SECRET_ACCESS_KEY'] ?? 'twinlog',
    token: env['AWS_SESSION_TOKEN'],
  }
  return async <Output>(operation: string, input: Record<string, unknown>) => {
    const body = JSON.stringify(input)
    const headers = {
      'content-type': 'application/x-amz-json-1.1',
      'x-amz-target': `Kinesis_20131202.${operation}`,
      ...(keys.token !== undefined && { 'x-amz-security-token': keys.token }),
    }
    const response = await fetch(url, {
      method: 'POST',
      headers: signedHeaders(url.host, headers, body, keys, Date.now()),
      body,
      signal: AbortSignal.timeout(callMsMax),
    }).catch((error: unknown) => {
      throw unreachable(url, error)
    })
    return answerOf(response, url) as Promise<Output>
  }
}

function endpointUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : null
  if (url === null || !/^https?:$/.test(url.protocol)) throw new UsageError(`--endpoint ${text} is not a URL such as http://127.0.0.1:4567`)
  url.pathname = '/'
  url.search = ''
  return url
}

async function answerOf(response: Response, url: URL): Promise<unknown> {
  const text = await response.text()
  const answer = parsed(text)
  if (response.ok) return answer
  // Over other ports than this one the answer may be anybody's.
  if (typeof answer['__type'] !== 'string') throw new CommandError(`what answers at ${url.origin} does not speak Kinesis (HTTP ${response.status})`)
  const type = answer['__type'].replace(/^.*#/, '')
  const message = answer['message'] ?? answer['Message']
  throw new CommandError(message ? `${message} (${type})` : type)
}

function parsed(text: string): Record<string, unknown> {
  if (text === '') return {}
  try {
    return JSON.parse(text) as Record<string, unknown>
  } catch {
    return {}
  }
}

function unreachable(url: URL, error: unknown): CommandError {
  const { message, cause } = error as Error
  const why = cause instanceof Error ? cause.message : message
  return new CommandError(`nothing answers at ${url.origin} (${why}); is the broker running? --endpoint URL names another`)
}

interface Keys {
  readonly region: string
  readonly id: string
  readonly secret: string
  readonly token: string | undefined
}

/** The headers with an AWS Signature Version 4 (AWS General Reference, "Create a signed AWS API request"). */
export function signedHeaders(
  host: string,
  headers: Readonly<Record<string, string>>,
  body: string,
  { region, id, secret }: Keys,
  nowMs: number,
): Record<string, string> {
  const timestamp = new Date(nowMs).toISOString().replace(/[-:]|\.\d{3}/g, '')
  const signed: Record<string, string> = { ...headers, 'x-amz-date': timestamp }
  const rows = Object.entries({ ...signed, host }).sort(([a], [b]) => (a < b ? -1 : 1))
  const names = rows.map(([name]) => name).join(';')
  const canonical = ['POST', '/', '', ...rows.map(([name, value]) => `${name}:${value}`), '', names, sha256(body)].join('\n')
  const scope = [timestamp.slice(0, 8), region, 'kinesis', 'aws4_request']
  const key = scope.reduce((from: string | Buffer, part) => hmac(from, part), `AWS4${secret}`)
  const signature = hmac(key, ['AWS4-HMAC-SHA256', timestamp, scope.join('/'), sha256(canonical)].join('\n')).toString('hex')
  return { ...signed, authorization: `AWS4-HMAC-SHA256 Credential=${id}/${scope.join('/')}, SignedHeaders=${names}, Signature=${signature}` }
}

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex')
const hmac = (key: string | Buffer, text: string): Buffer => createHmac('sha256', key).update(text).digest()
