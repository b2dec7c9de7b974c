// The contract that scripts rely on, over real processes: the ready line, settings and their precedence, signals, the data directory.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { reachWarnings } from '../../src/cli/lib/reach.ts'
import { Settings } from '../../src/config.ts'
import { until } from '../until.ts'
import { endAll, executable, freePorts, logLines, Product, run, startProduct } from './process.ts'

let directory = ''
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'twinlog-start-'))
})
afterEach(async () => {
  await endAll()
  rmSync(directory, { recursive: true, force: true })
})

describe('the ready line', () => {
  it('is the only line on standard output, and every address in it answers', async () => {
    const product = startProduct()
    const ready = await product.ready()
    expect(ready).toMatchObject({ msg: 'ready', pid: product.child.pid, startMs: expect.any(Number) })
    expect((await fetch(`${ready.admin}/readyz`)).status).toBe(200)
    expect((await fetch(ready.aws)).status).toBeLessThan(500)
    const [host = '', port] = ready.kafka.split(':')
    await new Promise<void>((resolve, reject) => {
      const socket = connect(Number(port), host, () => {
        socket.destroy()
        resolve()
      }).on('error', reject)
    })
    expect(product.stdout.trim().split('\n')).toHaveLength(1)
    expect(product.stdout).not.toContain(':0"')
  })

  it('is printed whatever the log level is', async () => {
    const product = startProduct(['--memory', '--set', 'log.level=silent'])
    await product.ready()
    product.signal('SIGTERM')
    expect((await product.ended).stderr).toBe('')
  })
})

describe('settings', () => {
  it('an unknown one ends the start with its name and the nearest one', async () => {
    const { code, stderr, stdout } = await run(['--memory', '--set', 'num.partitoins=4'])
    expect(code).toBe(2)
    expect(stderr).toBe('twinlog: unknown setting num.partitoins (--set); did you mean num.partitions?\n')
    expect(stdout).toBe('')
  })

  it('a bad value ends the start with what would be right', async () => {
    const { code, stderr } = await run(['--memory'], { env: { TWINLOG_NUM_PARTITIONS: 'zero' } })
    expect(code).toBe(2)
    expect(stderr).toContain('num.partitions=zero (environment variable TWINLOG_NUM_PARTITIONS) is not a whole number from 1')
  })

  it('a file that is not there, options that exclude each other, and stray words end the start', async () => {
    const ends = await Promise.all([
      run(['--config', join(directory, 'none')]),
      run(['--memory', '--data', directory]),
      run(['start', 'now']),
      run(['--mem']),
    ])
    expect(ends.map(({ code }) => code)).toEqual([2, 2, 2, 2])
    expect(ends[0]?.stderr).toContain('cannot read the settings file')
    expect(ends[1]?.stderr).toContain('--memory and --data exclude each other')
    expect(ends[3]?.stderr).toContain('did you mean --memory?')
  })

  it('TWINLOG_MEMORY is true or false, and not beside a directory', async () => {
    const ends = await Promise.all([
      run(['config'], { env: { TWINLOG_MEMORY: 'yes' } }),
      run(['config'], { env: { TWINLOG_MEMORY: '1', TWINLOG_DATA: directory } }),
      run(['config', 'data'], { env: { TWINLOG_MEMORY: '0', TWINLOG_DATA: directory } }),
    ])
    expect(ends.map(({ code, stderr }) => [code, stderr])).toEqual([
      [2, 'twinlog: TWINLOG_MEMORY=yes is not true or false\n'],
      [2, 'twinlog: TWINLOG_MEMORY and TWINLOG_DATA exclude each other\n'],
      [0, ''],
    ])
    // A word that is a setting’s name asks for that one, not for all that contain it.
    expect(ends[2]?.stdout).toMatch(/^data = [^\n]+\n[^\n]+\n$/)
  })

  it('an option wins over the environment, that over the file', async () => {
    const file = join(directory, 'server.properties')
    writeFileSync(file, 'num.partitions=2\nmessage.max.bytes=2000\nlog.retention.hours=2\n')
    const env = { TWINLOG_NUM_PARTITIONS: '3', TWINLOG_MESSAGE_MAX_BYTES: '3000', TWINLOG_CONFIG: file }
    const { stdout } = await run(['config', '--json', '--changed', '--set', 'num.partitions=4'], { env })
    const rows = JSON.parse(stdout) as { name: string; value: string; source: string }[]
    expect(rows.map(({ name, value, source }) => [name, value, source])).toEqual([
      ['num.partitions', '4', 'option'],
      ['message.max.bytes', '3000', 'environment'],
      ['log.retention.hours', '2', 'file'],
    ])
  })

  it('that have no effect here are told in the log', async () => {
    const product = startProduct(['--memory', '--set', 'num.io.threads=3'])
    await product.ready()
    const line = await product.until(({ stderr }) => /^.*no effect.*$/m.exec(stderr)?.[0])
    expect(JSON.parse(line)).toMatchObject({ level: 'warn', settings: ['num.io.threads'] })
  })
})

describe('a broker that other machines can reach', () => {
  it('says so in its log, with the address that Kafka clients are told', async () => {
    const product = startProduct(['--memory', '--kafka', '0.0.0.0:0'])
    const { kafka } = await product.ready()
    product.signal('SIGTERM')
    const warnings = logLines((await product.ended).stderr, 'warn')
    expect(warnings).toMatchObject([
      { msg: expect.stringContaining('without authentication'), kafka: '0.0.0.0:0' },
      { msg: expect.stringContaining('--advertise'), told: kafka.replace('0.0.0.0', 'localhost') },
    ])
    expect(warnings[0]).not.toHaveProperty('aws')
  })

  it('is silent where nobody else can, or where an address is advertised and signatures are verified', () => {
    expect(reachWarnings(Settings.of({ kafka: '127.0.0.2:9092', aws: '[::1]:4567' }), 'x')).toEqual([])
    const aws = Settings.of({ aws: '0.0.0.0:4567' })
    expect(reachWarnings(aws, 'x').map(({ fields }) => fields)).toEqual([{ aws: '0.0.0.0:4567' }])
    expect(reachWarnings(Settings.of({ aws: '0.0.0.0:4567', 'aws.credentials': 'ID:SECRET' }), 'x')).toEqual([])
    const advertised = Settings.of({ kafka: '[::]:9092', advertise: 'broker.example:9092' })
    expect(reachWarnings(advertised, 'x').map(({ fields }) => fields)).toEqual([{ kafka: '[::]:9092' }])
  })
})

describe('stopping', () => {
  it.each(['SIGTERM', 'SIGINT'] as const)('%s ends with code 0, with clients connected', async (signal) => {
    const product = startProduct(['--memory', '--set', 'shutdown.timeout.ms=120000'])
    const ready = await product.ready()
    const socket = connect(Number(ready.kafka.split(':')[1]), '127.0.0.1')
    socket.on('error', () => {})
    await new Promise((connected) => socket.once('connect', connected))
    await fetch(`${ready.admin}/livez`)
    // Who waits for nothing is not waited for: this comes long before the time that a stop has.
    product.signal(signal)
    const { code, stderr } = await product.ended
    socket.destroy()
    expect(code).toBe(0)
    for (const line of stderr.trim().split('\n')) expect(JSON.parse(line)).toHaveProperty('msg')
    expect(stderr).toContain('"reason":"' + signal)
  })

  it.each(['node dist/bundle/main.cjs --memory', "'twinlog' '--memory'"])(
    'it stops when the shell that npm ran "%s" in is gone, since that passes no signal on',
    async (script) => {
      // Two commands, so that no shell gives its own process to the first.
      const shell = spawn('sh', ['-c', `"${process.execPath}" "${executable}" ${freePorts.join(' ')} --memory; true`], {
        env: { PATH: process.env['PATH'], npm_lifecycle_script: script },
        stdio: ['ignore', 'pipe', 'pipe'],
      })
      let [stdout, stderr] = ['', '']
      shell.stdout.on('data', (text: Buffer) => (stdout += text.toString()))
      shell.stderr.on('data', (text: Buffer) => (stderr += text.toString()))
      await until('the broker is ready', () => stdout.includes('"msg":"ready"'))
      shell.kill('SIGTERM')
      // Its output ends when the broker has.
      await once(shell, 'close')
      expect(stderr).toContain('"reason":"npm has ended"')
      expect(stderr).toContain('"msg":"stopped"')
    },
  )

  it('a second signal ends at once', async () => {
    const product = startProduct(['--memory', '--set', 'shutdown.timeout.ms=60000'])
    const ready = await product.ready()
    // A request whose body never ends holds up an orderly stop.
    const socket = connect(Number(new URL(ready.aws).port), '127.0.0.1')
    socket.on('error', () => {})
    const head = 'POST / HTTP/1.1\r\nhost: x\r\ncontent-type: application/x-amz-json-1.1\r\nx-amz-target: Kinesis_20131202.ListStreams\r\n'
    socket.write(`${head}content-length: 100\r\nexpect: 100-continue\r\n\r\n`)
    await new Promise((begun) => socket.once('data', begun))
    product.signal('SIGTERM')
    await product.until(({ stderr }) => stderr.includes('stopping'))
    product.signal('SIGTERM')
    const { code } = await product.ended
    socket.destroy()
    expect(code).toBe(143)
  })
})

describe('the data directory', () => {
  it('--memory never touches the disk', async () => {
    const product = startProduct(['--memory'], { cwd: directory })
    await product.ready()
    product.signal('SIGTERM')
    await product.ended
    expect(readdirSync(directory)).toEqual([])
  })

  it('is ./twinlog-data when nothing is said', async () => {
    const product = new Product([...freePorts], { cwd: directory })
    await product.ready()
    expect(readdirSync(directory)).toEqual(['twinlog-data'])
  })

  it('belongs to one process: the second is told who has it, and that ending the first helps', async () => {
    const data = join(directory, 'data')
    const first = startProduct(['--data', data])
    await first.ready()
    const { code, stderr, stdout } = await startProduct(['--data', data]).ended
    expect(code).toBe(1)
    expect(stdout).toBe('')
    expect(stderr).toContain(data)
    expect(stderr).toContain(String(first.child.pid))
    first.signal('SIGTERM')
    await first.ended
    await startProduct(['--data', data]).ready()
  })

  it('that cannot be made is named in the message', async () => {
    const file = join(directory, 'a-file')
    writeFileSync(file, '')
    const { code, stderr } = await startProduct(['--data', join(file, 'data')]).ended
    expect(code).toBe(1)
    expect(stderr).toContain(file)
    expect(stderr).not.toContain('    at ')
  })

  it('is made with the folders that lead to it', async () => {
    await startProduct(['--data', join(directory, 'far', 'off', 'data')]).ready()
    expect(readdirSync(join(directory, 'far', 'off'))).toEqual(['data'])
  })

  it.runIf(process.platform === 'linux')('on a file system where nothing can be made is refused, and not tried for ever', async () => {
    const { code, stderr } = await startProduct(['--data', '/proc/twinlog/data']).ended
    expect(code).toBe(1)
    expect(stderr).toContain('/proc/twinlog')
  })
})

describe('a port', () => {
  it('of a host that nobody knows is refused by the name of that host', async () => {
    const { code, stderr } = await run(['--memory', '--kafka', 'nobody.invalid:0', '--aws', '127.0.0.1:0', '--admin', '127.0.0.1:0'])
    expect(code).toBe(1)
    expect(stderr).toContain('this machine has no address nobody.invalid to listen on')
  })

  it('that is taken is named with the option that chooses another', async () => {
    const first = startProduct()
    const { admin } = await first.ready()
    const { code, stderr } = await startProduct(['--memory', '--admin', admin.slice('http://'.length)]).ended
    expect(code).toBe(1)
    expect(stderr).toContain('--admin HOST:PORT chooses another')
  })
})
