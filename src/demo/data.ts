// Real data for the demo: what the npm package vega-datasets ships. Reads files, knows no broker.
import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'

/** A record to write. */
export interface DemoRecord {
  key: string
  value: string
}

const dataFolder = (): string => join(dirname(createRequire(import.meta.url).resolve('vega-datasets')), '../data')

async function read(file: string): Promise<unknown> {
  return JSON.parse(await readFile(join(dataFolder(), file), 'utf8'))
}

/** Twenty thousand domestic flights in the United States, 2001, by airport of origin. */
export async function flights(): Promise<DemoRecord[]> {
  const rows = (await read('flights-20k.json')) as { origin: string }[]
  return rows.map((row) => ({ key: row.origin, value: JSON.stringify(row) }))
}

/** A week of earthquakes as the USGS published it, February 2018, by the network that measured them. */
export async function earthquakes(): Promise<DemoRecord[]> {
  const { features } = (await read('earthquakes.json')) as { features: { properties: { net: string } }[] }
  return features.map((feature) => ({ key: feature.properties.net, value: JSON.stringify(feature) }))
}
