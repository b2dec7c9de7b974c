// All resources of an IncrementalAlterConfigs or AlterConfigs request: each stands for itself, and none may be named twice.
import { errorCode } from '../../../protocol/error-code.ts'
import type { Engine } from '../../engine/engine.ts'
import type { Refused } from '../context.ts'
import { refusedBy } from '../error-map.ts'
import type { Turns } from '../turns.ts'
import { type Alteration, alterResource } from './alter-resource.ts'
import { ResourceRefusal } from './resource.ts'

interface Named {
  resourceType: number
  resourceName: string
}

interface Wanted extends Named {
  configs: readonly Alteration[]
}

interface Altered extends Named {
  errorCode: number
  errorMessage: string | null
}

const keyOf = ({ resourceType, resourceName }: Named): string => `${resourceType}/${resourceName}`

export async function alterResources(
  resources: readonly Wanted[],
  options: { engine: Engine; turns: Turns; replace: boolean; validateOnly: boolean },
): Promise<Altered[]> {
  const answers: Altered[] = []
  const counts = new Map<string, number>()
  for (const resource of resources) counts.set(keyOf(resource), (counts.get(keyOf(resource)) ?? 0) + 1)
  for (const { resourceType, resourceName, configs } of resources) {
    const answer = (code: number, message: string | null): Altered => ({ errorCode: code, errorMessage: message, resourceType, resourceName })
    if (counts.get(keyOf({ resourceType, resourceName }))! > 1) {
      answers.push(answer(errorCode.INVALID_REQUEST, 'Each resource must appear at most once.'))
      continue
    }
    if (options.turns.over) await options.turns.next()
    try {
      await alterResource(resourceType, resourceName, configs, options)
      answers.push(answer(errorCode.NONE, null))
    } catch (error) {
      const known = error instanceof ResourceRefusal ? { errorCode: error.code, errorMessage: error.message } : refusedBy(error)
      if (!known) throw error
      answers.push(answer(known.errorCode, known.errorMessage))
    }
  }
  return answers
}

/** The answer where the whole request is refused. */
export const refusedResources = (resources: readonly Named[], refused: Refused): Altered[] =>
  resources.map(({ resourceType, resourceName }) => ({ ...refused, resourceType, resourceName }))
