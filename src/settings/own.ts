// Settings that Kafka does not have: the options of `twinlog start`, the AWS door, storage, and the service around them.
import { counts, int, list, long, oneOf, string, stringOrNull } from './declare.ts'

/** HOST:PORT, with brackets around an IPv6 address. */
const address = /^(\[[0-9a-fA-F:.]+\]|[^\s:[\]]+):(\d{1,4}|[1-5]\d{4}|6[0-4]\d{3}|65[0-4]\d{2}|655[0-2]\d|6553[0-5])$/
const addressShape = 'HOST:PORT (a port up to 65535, an IPv6 address in brackets)'

export const ownSettings = {
  data: string({
    default: './twinlog-data',
    pattern: /\S/,
    shape: 'a directory, or memory',
    meaning: 'The data directory; one broker each. `memory` survives nothing and never touches the disk.',
  }),
  kafka: string({
    default: '127.0.0.1:9092',
    pattern: address,
    shape: addressShape,
    meaning: 'Where the Kafka protocol listens. Port 0: any free port.',
  }),
  aws: string({
    default: '127.0.0.1:4567',
    pattern: address,
    shape: addressShape,
    meaning: 'Where the AWS protocol listens. Port 0: any free port.',
  }),
  admin: string({
    default: '127.0.0.1:9644',
    pattern: address,
    shape: addressShape,
    meaning: 'Where /metrics, /livez and /readyz listen. Port 0: any free port.',
  }),
  advertise: stringOrNull({
    pattern: address,
    shape: addressShape,
    meaning: 'The address that Kafka clients are told. Without it: the one listened on.',
  }),
  flush: oneOf(['sync', 'async'], {
    default: 'sync',
    meaning:
      'sync: an answer follows the disk’s sync, kill -9 and a power cut lose nothing acknowledged. async: it follows the write; a power cut may lose the last moments.',
  }),
  'create.topics': counts({
    default: '',
    optional: true,
    isName: (text) => /^[a-zA-Z0-9._-]{1,249}$/.test(text),
    names: 'NAME',
    meaning:
      'Topics that a start makes where they are missing, as NAME or NAME:PARTITIONS with commas: orders:4,clicks. Each is a stream too. A reset makes them anew.',
  }),
  'journal.file.bytes': int({
    default: 32 * 1024 * 1024,
    min: 0,
    max: 1024 ** 3,
    meaning:
      'The size of journal.bin in the data directory, where small writes are synced before LMDB gathers them. 0: LMDB alone; acknowledgements of small writes take longer.',
  }),
  'aws.account.id': string({ default: '000000000000', pattern: /^\d{12}$/, shape: 'twelve digits', meaning: 'The account in ARNs.' }),
  'aws.region': string({
    default: 'us-east-1',
    pattern: /^[a-z]{2,}(-[a-z]+)+-\d+$/,
    shape: 'a region such as us-east-1',
    meaning: 'The region in ARNs.',
  }),
  'aws.credentials': stringOrNull({
    type: 'password',
    meaning:
      'Access keys whose signatures are verified: ID:SECRET pairs with commas, or a file in the form of ~/.aws/credentials. Their scope is aws.region. Without it every request that carries a signature is let in.',
  }),
  'aws.tls': oneOf(['off', 'on', 'required'], {
    default: 'off',
    meaning: 'on: the AWS port speaks TLS beside plain HTTP, told apart by the first byte; required: TLS only.',
  }),
  'aws.tls.certificate': stringOrNull({
    pattern: /\S/,
    shape: 'a PEM file',
    meaning: 'The certificate chain for TLS. Without it the broker makes one and keeps it.',
  }),
  'aws.tls.key': stringOrNull({ pattern: /\S/, shape: 'a PEM file', meaning: 'The private key that belongs to aws.tls.certificate.' }),
  'aws.max.connections': int({ default: 10000, min: 0, meaning: 'Connections of the AWS door at a time; above it a new one is closed at once.' }),
  // PutRecords takes 10 MiB of data and keys; base64 makes 13.4 MiB of it, JSON's other characters come on top.
  'aws.request.max.bytes': int({ default: 16777216, min: 1024, meaning: 'The largest HTTP body of the AWS door.' }),
  'aws.headers.timeout.ms': int({ default: 10000, min: 100, meaning: 'How long a client of the AWS door may take to send its headers.' }),
  'aws.request.timeout.ms': int({ default: 60000, min: 100, meaning: 'How long a client of the AWS door may take to send a whole request.' }),
  'kinesis.transition.ms': int({
    default: 0,
    min: 0,
    max: 600000,
    dynamic: true,
    meaning: 'How long a stream stays CREATING, UPDATING or DELETING. AWS takes tens of seconds.',
  }),
  'kinesis.limits': oneOf(['off', 'on'], {
    default: 'off',
    dynamic: true,
    meaning: 'on: the AWS door throttles as AWS does (throughput of shards, rates of calls, shards and streams of the account).',
  }),
  'kinesis.shards.max': int({
    default: 500,
    min: 1,
    dynamic: true,
    meaning: 'Open shards of the account that DescribeLimits tells; binding where kinesis.limits is on.',
  }),
  'kinesis.kms.keys': string({
    default: '',
    dynamic: true,
    pattern:
      /^$|^\s*[^=,\s]+=(disabled|pending-deletion|denied|missing|opt-in|throttled)\s*(,\s*[^=,\s]+=(disabled|pending-deletion|denied|missing|opt-in|throttled)\s*)*$/,
    shape: 'NAME=STATE with commas; states are disabled, pending-deletion, denied, missing, opt-in, throttled',
    meaning:
      'KMS keys that cannot be used, as NAME=STATE with commas: streams that are encrypted with one get AWS’s exception for disabled, pending-deletion, denied, missing, opt-in or throttled. Any other well-formed key is good.',
  }),
  'kinesis.on.demand.streams.max': int({ default: 50, min: 0, dynamic: true, meaning: 'On-demand streams of the account, in the same way.' }),
  'kinesis.on.demand.shards.max': int({
    default: 200,
    min: 1,
    max: 10000,
    dynamic: true,
    meaning: 'Open shards that an on-demand stream grows to, one MiB/s each. AWS: 200 in most regions, 10240 in the largest.',
  }),
  'kinesis.on.demand.growth.interval.ms': int({
    default: 900000,
    min: 0,
    dynamic: true,
    meaning: 'The least between two growths of an on-demand stream (kinesis.limits=on). AWS: a double peak within 15 minutes is throttled.',
  }),
  'kinesis.iterator.ttl.ms': int({ default: 300000, min: 1000, meaning: 'How long a shard iterator is good. AWS: 300000.' }),
  // Four producers cost 250 MB of memory with 32 MiB of kept chunks and 470 MB without a bound (measured).
  'recent.chunk.cache.bytes': long({
    default: 33554432,
    min: 0,
    meaning: 'Bytes of recently appended data kept in memory, for consumers that follow closely.',
  }),
  'log.level': oneOf(['silent', 'fatal', 'error', 'warn', 'info', 'debug', 'trace'], {
    default: 'info',
    dynamic: true,
    meaning: 'What is logged, on standard error. debug: also each request, with its error and the time that it took.',
  }),
  'shutdown.timeout.ms': int({
    default: 4000,
    min: 0,
    max: 600000,
    meaning: 'How long requests under way may take to finish on SIGTERM before their connections are closed.',
  }),
  'metrics.topics.max': int({ default: 200, min: 0, meaning: 'Topics with time series of their own in /metrics; the rest are summed under _other.' }),
  'metrics.partitions.max': int({
    default: 1000,
    min: 0,
    meaning: 'Partitions, and monitored shards, with time series of their own in /metrics; the rest are left out.',
  }),
  'metrics.groups.max': int({
    default: 200,
    min: 0,
    meaning: 'Groups, and fan-out consumers of streams, with time series of their own in /metrics; the rest are left out.',
  }),
  'metrics.client.series.max': int({
    default: 1000,
    min: 0,
    meaning: 'Time series in /metrics that clients pushed of themselves (KIP-714); more are left out.',
  }),
  'config.providers': list({ default: '', dynamic: true, inert: true, meaning: 'Java classes; there is no JVM here.' }),
}
