// Texts that Kafka takes for empty: those of Java's trim(), which takes away every character up to the space.

/** Is the text there, and is nothing in it? */
export function isBlank(text: string | null): boolean {
  if (text === null) return false
  for (const character of text) if (character > ' ') return false
  return true
}
