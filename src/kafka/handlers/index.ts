// THE list of Kafka APIs that are served. Dispatch, the answer to ApiVersions, metric labels and the README's table all come from it.
// One line for each file beside this one; test/kafka/handlers.test.ts fails on a file that is not listed.

import type { Handler } from '../context.ts'
import { handleApiVersions } from './api-versions.ts'

export const handlers: readonly Handler[] = [handleApiVersions]
