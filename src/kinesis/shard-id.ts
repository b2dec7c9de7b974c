// Shard names: shardId-000000000007 is shard 7. AWS also takes the short forms shardId-7 and 7.

const shardIndexMax = 2 ** 31 - 1

/** The name of a shard. AWS prints a negative number, which no shard has, with a sign and eleven digits. */
export const shardIdOf = (index: number): string => `shardId-${index < 0 ? `-${String(-index).padStart(11, '0')}` : String(index).padStart(12, '0')}`

/** The number in a shard's name; null when it is no shard's name. */
export function shardIndexOf(name: string): number | null {
  const digits = name.split('-')[1] || name
  if (!/^\d+$/.test(digits)) return null
  const index = Number(digits)
  return index <= shardIndexMax ? index : null
}
