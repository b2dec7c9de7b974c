// The admin port over real HTTP.
import { afterEach, describe, expect, it } from 'vitest'
import { AdminServer, type BrokerState } from '../../src/admin.ts'
import { type LogFields, silentLogger } from '../../src/logging.ts'

let server: AdminServer | undefined
afterEach(() => server?.close())

async function listening(metricsText = async () => 'up 1\n') {
  const states: { state: BrokerState; errors: (LogFields | undefined)[] } = { state: 'ready', errors: [] }
  const logger = { ...silentLogger, error: (_message: string, fields?: LogFields) => void states.errors.push(fields) }
  server = new AdminServer({ host: '127.0.0.1', port: 0, state: () => states.state, metricsText, logger })
  await server.listen()
  return { url: server.url, states }
}

describe('the admin port', () => {
  it('lives at once, and is ready only between start and stop', async () => {
    const { url, states } = await listening()
    const statuses = () => Promise.all(['livez', 'readyz', 'metrics'].map(async (path) => (await fetch(`${url}/${path}`)).status))
    states.state = 'starting'
    expect(await statuses()).toEqual([200, 503, 503])
    states.state = 'ready'
    expect(await statuses()).toEqual([200, 200, 200])
    states.state = 'stopping'
    expect(await statuses()).toEqual([200, 503, 200])
    expect(await (await fetch(`${url}/readyz`)).text()).toBe('stopping\n')
  })

  it('gives metrics with Prometheus’s content type', async () => {
    const { url } = await listening()
    const response = await fetch(`${url}/metrics?x=1`)
    expect(response.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8')
    expect(await response.text()).toBe('up 1\n')
  })

  it('answers another path with what there is, and another method with what is allowed', async () => {
    const { url } = await listening()
    const missing = await fetch(`${url}/metric`)
    expect(missing.status).toBe(404)
    expect(await missing.text()).toContain('/metrics')
    const posted = await fetch(`${url}/metrics`, { method: 'POST', body: 'x' })
    expect(posted.status).toBe(405)
    expect(posted.headers.get('allow')).toBe('GET, HEAD')
  })

  it('answers 500 and logs why when a scrape fails', async () => {
    const { url, states } = await listening(async () => {
      throw new Error('no figures')
    })
    expect((await fetch(`${url}/metrics`)).status).toBe(500)
    expect(String(states.errors[0]?.['error'])).toContain('no figures')
  })

  it('close ends kept connections and frees the port', async () => {
    const { url } = await listening()
    await (await fetch(`${url}/livez`)).text()
    await server?.close()
    await expect(fetch(`${url}/livez`)).rejects.toThrow()
  })
})
