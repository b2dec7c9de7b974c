// What the product is held against. None of it is a dependency: a peer is fetched into a temporary directory when somebody asks for it, and one that cannot be
// had is named and left out.
import { execFileSync, spawn } from 'node:child_process'
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { bareEnvironment, root, type ServerKind, twinlogBefore, twinlogMemory } from './servers.ts'

/** Apache Kafka is started by a script beside the project. */
const realKafka = resolve(root, '../shared/tools/real-kafka')
const shelf = join(tmpdir(), 'twinlog-bench-peers')
const quiet = 'ignore'
const fetchMsMax = 180_000
/** Compiling a peer on a small machine. */
const compileMsMax = 30 * 60_000

function kafka(name: string, durability: string, own: Record<string, string>): ServerKind {
  const placeOf = (directory: string, port: number, settings: Readonly<Record<string, string>>): string[] => {
    const sets = Object.entries({ 'auto.create.topics.enable': 'false', ...own, ...settings }).flatMap(([key, value]) => ['--set', `${key}=${value}`])
    return ['--port', String(port), '--dir', join(directory, 'kafka'), ...sets]
  }
  return {
    name,
    durability,
    doors: ['kafka'],
    obtain: () => (existsSync(realKafka) ? null : 'no script that starts Apache Kafka beside the project'),
    prepare: (directory, ports, settings) =>
      void execFileSync(realKafka, ['prepare', ...placeOf(directory, ports.kafka, settings)], { stdio: quiet }),
    launch: (directory, ports, settings) => spawn(realKafka, ['run', ...placeOf(directory, ports.kafka, settings)], { stdio: quiet }),
  }
}

/** kfake has no releases; this one needs a client newer than the one that it names. */
const kfakeModules = ['github.com/twmb/franz-go/pkg/kfake@v0.0.0-20260918054303-01f206a7e32c', 'github.com/twmb/franz-go@v1.22.2']

/** Fake Kafka brokers of a Go client's own tests, as one broker. Arguments: port, then a directory to sync to. */
const kfakeMain = `package main

import (
	"os"
	"os/signal"
	"strconv"

	"github.com/twmb/franz-go/pkg/kfake"
)

func main() {
	port, _ := strconv.Atoi(os.Args[1])
	options := []kfake.Opt{kfake.Ports(port), kfake.NumBrokers(1)}
	if len(os.Args) > 2 {
		options = append(options, kfake.DataDir(os.Args[2]), kfake.SyncWrites())
	}
	cluster := kfake.MustCluster(options...)
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, os.Interrupt)
	<-stop
	cluster.Close()
}
`

function kfake(name: string, durability: string, extra: (directory: string) => string[]): ServerKind {
  const folder = join(shelf, 'kfake')
  const binary = join(folder, 'kfake')
  return {
    name,
    durability,
    doors: ['kafka'],
    obtain: () => {
      if (existsSync(binary)) return null
      mkdirSync(folder, { recursive: true })
      writeFileSync(join(folder, 'main.go'), kfakeMain)
      const go = (...args: string[]): unknown => execFileSync('go', args, { cwd: folder, stdio: quiet, timeout: fetchMsMax })
      return attempt(() => {
        if (!existsSync(join(folder, 'go.mod'))) go('mod', 'init', 'kfakebench')
        go('get', ...kfakeModules)
        go('build', '-o', binary, '.')
      }, 'it needs Go and its module proxy')
    },
    launch: (directory, ports) => spawn(binary, [String(ports.kafka), ...extra(directory)], { stdio: quiet }),
  }
}

interface NpmServer {
  readonly name: string
  readonly version: string
  /** Its entry file, below its package. */
  readonly main: string
  arguments(port: number): string[]
  environment(port: number, tlsPort: number): Record<string, string>
}

function npmServer({ name, version, main, arguments: args, environment }: NpmServer): ServerKind {
  const folder = join(shelf, name)
  const home = join(folder, 'node_modules', name)
  return {
    name,
    durability: 'memory',
    doors: ['aws'],
    obtain: () => {
      if (existsSync(join(home, main))) return null
      mkdirSync(folder, { recursive: true })
      const line = ['install', '--prefix', folder, '--no-save', '--no-audit', '--no-fund', '--silent', `${name}@${version}`]
      return attempt(() => void execFileSync('npm', line, { stdio: quiet, timeout: fetchMsMax }), 'npm did not get it')
    },
    // It looks for files beside itself. The Kafka port is free here, and serves where a peer insists on a second one.
    launch: (_directory, { aws, kafka: second }) =>
      spawn(process.execPath, [join(home, main), ...args(aws)], {
        cwd: home,
        stdio: quiet,
        env: { ...bareEnvironment(), ...environment(aws, second) },
      }),
  }
}

const ferrokinesisVersion = '0.7.0'

/** In memory as it comes; with a state directory it writes ahead and syncs. */
function ferrokinesis(name: string, durability: string, extra: (directory: string) => string[]): ServerKind {
  const folder = join(shelf, 'ferrokinesis')
  const binary = join(folder, 'bin', 'ferrokinesis')
  return {
    name,
    durability,
    doors: ['aws'],
    obtain: () => {
      if (existsSync(binary)) return null
      const line = ['install', 'ferrokinesis', '--version', ferrokinesisVersion, '--root', folder, '--quiet']
      return attempt(() => void execFileSync('cargo', line, { stdio: quiet, timeout: compileMsMax }), 'it needs cargo and its registry')
    },
    launch: (directory, { aws }) => {
      const line = ['--port', String(aws), '--create-stream-ms', '0', '--shard-limit', '1000', '--log-level', 'error', ...extra(directory)]
      return spawn(binary, line, { stdio: quiet, env: bareEnvironment() })
    },
  }
}

function attempt(work: () => void, otherwise: string): string | null {
  try {
    work()
    return null
  } catch (error) {
    return `${otherwise} (${String((error as Error).message).split('\n')[0]})`
  }
}

export const peers: readonly ServerKind[] = [
  kafka('kafka', 'not synced', {}),
  kafka('kafka-synced', 'synced', { 'log.flush.interval.messages': '1' }),
  kfake('kfake', 'memory', () => []),
  kfake('kfake-synced', 'synced', (directory) => [join(directory, 'kfake')]),
  npmServer({
    name: 'kinesalite',
    version: '3.3.3',
    main: 'cli.js',
    arguments: (port) => ['--port', String(port), '--createStreamMs', '0', '--deleteStreamMs', '0', '--shardLimit', '1000'],
    environment: () => ({}),
  }),
  npmServer({
    name: 'kinesis-local',
    version: '0.6.2',
    main: 'main.js',
    arguments: () => [],
    environment: (port, tlsPort) => ({
      KINESIS_MOCK_PLAIN_PORT: String(port),
      KINESIS_MOCK_TLS_PORT: String(tlsPort),
      CREATE_STREAM_DURATION: '0ms',
      REGISTER_STREAM_CONSUMER_DURATION: '0ms',
      SHARD_LIMIT: '1000',
      LOG_LEVEL: 'ERROR',
    }),
  }),
  ferrokinesis('ferrokinesis', 'memory', () => []),
  ferrokinesis('ferrokinesis-synced', 'synced', (directory) => ['--state-dir', join(directory, 'ferrokinesis')]),
  twinlogMemory,
  twinlogBefore,
]
