// Waiting for the thing itself, where there is nothing to await.

/** Longer than anything takes that is not stuck. */
const patienceMs = 60_000

/** Settles once it is true; rejects with what was waited for in vain. */
export async function until(what: string, isTrue: () => boolean | Promise<boolean>): Promise<void> {
  const endMs = performance.now() + patienceMs
  while (!(await isTrue())) {
    if (performance.now() > endMs) throw new Error(`in vain: ${what}`)
    await new Promise((again) => setTimeout(again, 5))
  }
}
