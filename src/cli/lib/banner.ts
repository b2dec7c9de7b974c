// What a person sees on a terminal when the broker is ready: a line to try for each door.

export interface BannerFacts {
  kafka: string
  aws: string
  admin: string
  data: string
  version: string
  startMs: number
}

export function bannerText({ kafka, aws, admin, data, version, startMs }: BannerFacts): string {
  const where = data === 'memory' ? 'in memory: nothing is kept' : `in ${data}`
  return `
  twinlog ${version}  ready in ${startMs} ms, ${where}

  Kafka    echo hello | npx twinlog produce greetings -b ${kafka} && npx twinlog consume greetings -b ${kafka}
  Kinesis  aws kinesis list-streams --endpoint-url ${aws} --region us-east-1
  Admin    curl ${admin}/metrics

  Ctrl-C stops.

`
}
