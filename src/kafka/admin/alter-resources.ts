// All resources of an IncrementalAlterConfigs or AlterConfigs request: each stands for itself, and none may be named twice.
import { errorCode } from '../../../protocol/error-code.ts'
import type { Engine } from '../../engine/engine.ts'
import type { Refused } from '../context.ts'
import { refusedBy } from '../error-map.ts'
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

export async function alterResources(
  resources: readonly Wanted[],
  options: { engine: Engine; replace: boolean; validateOnly: boolean },
): Promise<Altered[]> {
  const answers: Altered[] = []
  for (const { resourceType, resourceName, configs } of resources) {
    const namesakes = resources.filter((other) => other.resourceType === resourceType && other.resourceName === resourceName)
    const answer = (code: number, message: string | null): Altered => ({ errorCode: code, errorMessage: message, resourceType, resourceName })
    if (namesakes.length > 1) {
      answers.push(answer(errorCode.INVALID_REQUEST, 'Each resource must appear at most once.'))
      continue
    }
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
