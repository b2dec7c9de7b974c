// What a person sees on a terminal when the broker is ready: a line to try for each door.

export interface BannerFacts {
  kafka: string
  aws: string
  admin: string
  data: string
  region: string
  /** Whether signatures are verified: then the person’s own keys are wanted, else any. */
  keysKnown: boolean
  version: string
  startMs: number
}

export function bannerText({ kafka, aws, admin, data, region, keysKnown, version, startMs }: BannerFacts): string {
  const anyKeys = keysKnown ? '' : 'AWS_ACCESS_KEY_ID=x AWS_SECRET_ACCESS_KEY=x '
  const where = data === 'memory' ? 'in memory: nothing is kept' : `in ${data}`
  return `
  twinlog ${version}  ready in ${startMs} ms, ${where}

  Kafka    echo hello | npx twinlog produce greetings -b ${kafka} && npx twinlog consume greetings -b ${kafka}
  Kinesis  ${anyKeys}aws kinesis list-streams --endpoint-url ${aws} --region ${region}
  Admin    curl ${admin}/metrics

  Ctrl-C stops.

`
}
