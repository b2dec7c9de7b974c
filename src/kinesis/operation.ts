// What an operation is: a name, a declared input and what it does. One file each in operations/; operations/index.ts is THE list,
// from which dispatch, validation, metric labels and the README's table follow.
import type { Clock } from '../clock.ts'
import type { Settings } from '../config.ts'
import type { Engine } from '../engine/engine.ts'
import type { TokenSeal } from './iterator.ts'
import { type InputOf, type Members, type StructureNode, structureNode } from './shape.ts'
import type { Streams } from './streams.ts'

/** What every operation may use. */
export interface Services {
  readonly engine: Engine
  readonly streams: Streams
  readonly seal: TokenSeal
  readonly settings: Settings
  readonly clock: Clock
}

/** Services, and the time at which the call began. */
export interface Context extends Services {
  readonly nowMs: number
}

/** Members by AWS's names; Buffers are blobs, WireTimes are timestamps, undefined members are left out. */
export type Output = Readonly<Record<string, unknown>>

export interface Operation {
  readonly name: string
  readonly input: StructureNode
  /** Undefined where AWS answers with an empty body. */
  run(input: never, context: Context): Promise<Output | undefined> | Output | undefined
}

/** Declares an operation; `run` gets an input that fits the declaration and AWS's constraints. */
export function operation<const M extends Members>(declaration: {
  name: string
  input: M
  run(input: InputOf<M>, context: Context): Promise<Output | undefined> | Output | undefined
}): Operation {
  return { name: declaration.name, input: structureNode(declaration.input), run: declaration.run }
}
