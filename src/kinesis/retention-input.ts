// The bounds of a retention period, for the two operations that set it. Pure.
import { invalidArgument } from './aws-error.ts'

export const hourMs = 3_600_000
const hoursMin = 24
const hoursMax = 8760

export function checkRetentionHours(hours: number): void {
  if (hours < hoursMin) {
    throw invalidArgument(`Minimum allowed retention period is ${hoursMin} hours. Requested retention period (${hours} hours) is too short.`)
  }
  if (hours > hoursMax) {
    throw invalidArgument(`Maximum allowed retention period is ${hoursMax} hours. Requested retention period (${hours} hours) is too long.`)
  }
}
