// What the Kafka door makes for itself beside the broker's own services: sessions, quotas' meters, telemetry, the memory that answers lie in. One of each for all connections.
import { Faults } from '../faults.ts'
import { LentMemory } from '../lent-memory.ts'
import type { DoorServices, Handler, Services } from './context.ts'
import { FetchSessions } from './fetch-sessions.ts'
import { releaseSession } from './share/acknowledging.ts'
import { ShareSessions } from './share/sessions.ts'
import { ClientTelemetry } from './telemetry/client-telemetry.ts'
import { Throttle } from './throttle.ts'
import { Turns } from './turns.ts'

/** Memory of frames kept for the next ones: what four producers with five large requests each have under way. */
const keptFrameBytesMax = 24 * 1024 * 1024

/** The connections count what is unsent in `answers`. */
export interface OwnServices extends DoorServices {
  readonly answers: { bytes: number; readonly bytesMax: number }
}

export function doorServices(services: Services & { faults?: Faults }, handlers: readonly Handler[]): OwnServices {
  const { engine, shareGroups, settings, clock, random, logger } = services
  const shareSessions = new ShareSessions(
    () => settings.get('group.share.max.share.sessions'),
    (session) => void releaseSession(shareGroups, session).catch((error) => logger.error('releasing a share session failed', { error })),
  )
  return {
    engine,
    groups: services.groups,
    shareGroups,
    streamsGroups: services.streamsGroups,
    transactions: services.transactions,
    settings,
    clock,
    random,
    logger,
    counters: services.counters,
    advertised: services.advertised,
    served: handlers
      .filter(({ toldWith }) => toldWith === null || settings.get(toldWith))
      .map(({ key, name, min, max }) => ({ key, name, min, max }))
      .sort((a, b) => a.key - b.key),
    fetchSessions: new FetchSessions(random, settings.get('max.incremental.fetch.session.cache.slots')),
    shareSessions,
    answers: { bytes: 0, bytesMax: settings.get('queued.max.response.bytes') },
    memory: new LentMemory(keptFrameBytesMax),
    throttle: new Throttle(engine.quotas, settings, clock),
    telemetry: new ClientTelemetry(engine, clock, random),
    turns: new Turns(),
    faults: services.faults ?? new Faults(),
  }
}
