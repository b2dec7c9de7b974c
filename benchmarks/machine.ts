// What the figures were measured on. No figure is printed without it.
import { execFileSync } from 'node:child_process'
import { cpus, totalmem, type } from 'node:os'

/** One line: processor, cores, memory, system, Node, commit. */
export function describeMachine(): string {
  const [first] = cpus()
  return `${first?.model ?? 'unknown processor'}, ${cpus().length} cores, ${Math.round(totalmem() / 2 ** 30)} GiB, ${type()}, Node ${process.version}, commit ${commit()}`
}

function commit(): string {
  try {
    const id = execFileSync('git', ['rev-parse', '--short', 'HEAD'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim()
    const dirty = execFileSync('git', ['status', '--porcelain'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim() !== ''
    return dirty ? `${id} with changes` : id
  } catch {
    return 'unknown'
  }
}
