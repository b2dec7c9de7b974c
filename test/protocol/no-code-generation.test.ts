// Where a process may not make code from text, the obvious codec takes over. Runs the built protocol in such a process.
import { execFile } from 'node:child_process'
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'

const built = (file: string): string => JSON.stringify(pathToFileURL(resolve(import.meta.dirname, '../../dist/protocol', file)).href)

const script = `
import { decodeResponse, encodeResponse } from ${built('codec.js')}
import { heartbeat } from ${built('messages/heartbeat.js')}
let forbidden = false
try { new Function('') } catch { forbidden = true }
const bytes = encodeResponse(heartbeat, 4, { throttleTimeMs: 7, errorCode: 27 })
console.log(JSON.stringify({ forbidden, hex: bytes.toString('hex'), value: decodeResponse(heartbeat, 4, bytes) }))
`

test('messages are read and written where code generation is forbidden', async () => {
  const flags = ['--disallow-code-generation-from-strings', '--input-type=module', '--eval', script]
  const { stdout } = await promisify(execFile)(process.execPath, flags)
  expect(JSON.parse(stdout)).toEqual({ forbidden: true, hex: '00000007001b00', value: { throttleTimeMs: 7, errorCode: 27 } })
})
