// A long array of an answer, made element by element: a few begin together, then others have their turn (turns.ts), and of what was made only the bytes are kept
// (protocol/items.ts). What the elements say is the handlers' business.
import { errorCode } from '../../protocol/error-code.ts'
import { type ElementOf, type Items, itemsOf } from '../../protocol/items.ts'
import type { Api, Field } from '../../protocol/schema.ts'
import type { Turns } from './turns.ts'

/** Elements that begin together: what waits for the disk waits together, and a short answer waits for nobody. */
const togetherMax = 16

export interface MadeInTurns<E extends Field> {
  readonly items: Items<ElementOf<E>>
  /** The first error code of an element, where elements have one; else NONE. */
  readonly errorCode: number
}

/** An element for each source, in order: `answerInTurns(listGroups, listGroups.response.fields.groups, found, context, (one) => ({ … }))`. */
export async function answerInTurns<E extends Field, Source>(
  api: Api,
  array: { readonly element: E },
  sources: readonly Source[],
  { version, turns }: { readonly version: number; readonly turns: Turns },
  make: (source: Source) => ElementOf<E> | Promise<ElementOf<E>>,
): Promise<MadeInTurns<E>> {
  const items = itemsOf(api, version, array)
  let firstError: number = errorCode.NONE
  for (let at = 0; at < sources.length; at += togetherMax) {
    if (at > 0 && turns.over) await turns.next()
    for (const element of await Promise.all(sources.slice(at, at + togetherMax).map(make))) {
      items.add(element)
      if (firstError === errorCode.NONE) firstError = (element as { errorCode?: number }).errorCode ?? errorCode.NONE
    }
  }
  return { items, errorCode: firstError }
}
