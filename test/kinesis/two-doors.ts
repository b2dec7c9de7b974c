// A broker of its own for every test of a file, with a client at each door, for tests of what one door's clients see of the other's.
import { KinesisClient } from '@aws-sdk/client-kinesis'
import type { Kafka } from 'kafkajs'
import { afterEach, beforeEach } from 'vitest'
import { type Broker, createBroker } from '../../src/broker.ts'
import { kafkaJs } from '../clients/patient.ts'

export interface TwoDoors {
  broker: Broker
  kafka: Kafka
  kinesis: KinesisClient
}

/** Called at the top of a file; what it answers is filled before each test. */
export function twoDoors(): TwoDoors {
  const doors = {} as TwoDoors
  beforeEach(async () => {
    doors.broker = await createBroker()
    doors.kafka = kafkaJs(doors.broker.brokers)
    const credentials = { accessKeyId: 'a', secretAccessKey: 'b' }
    doors.kinesis = new KinesisClient({ endpoint: doors.broker.aws.url, region: 'us-east-1', credentials })
  })
  afterEach(async () => {
    doors.kinesis.destroy()
    await doors.broker.close()
  })
  return doors
}
