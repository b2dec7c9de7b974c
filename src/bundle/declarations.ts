// The library's declarations as they are published: those that index.d.ts reaches, as declarations of a CommonJS package, which ES modules and CommonJS alike may import.
// Called by build.ts; who makes the declarations is tsc.
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'

/** What a declaration says about its neighbours: from './broker.ts'. */
const neighbour = /(\bfrom '|\bimport\(')(\.{1,2}\/[^']+)\.ts'/g

/** Copies `entry`, a declaration somewhere below `root`, and whatever it names below `root`, to the same places below `target`, which is made anew. Answers how many there are. */
export function publishDeclarations(root: string, entry: string, target: string): number {
  rmSync(target, { recursive: true, force: true })
  const waiting = [entry]
  const seen = new Set(waiting)
  for (const file of waiting) {
    const text = readFileSync(file, 'utf8').replace(neighbour, (_, before: string, path: string) => {
      const named = join(dirname(file), `${path}.d.ts`)
      if (!seen.has(named)) waiting.push(named)
      seen.add(named)
      // Before TypeScript 5 no import could end in .ts.
      return `${before}${path}.js'`
    })
    const copy = join(target, relative(root, file))
    mkdirSync(dirname(copy), { recursive: true })
    writeFileSync(copy, text)
  }
  writeFileSync(join(target, 'package.json'), '{ "type": "commonjs" }\n')
  return waiting.length
}
