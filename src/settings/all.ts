// Every setting, in one table. A name is declared once, in the file of its area.
import type { Declaration } from './declare.ts'
import { groupSettings } from './groups.ts'
import { keptSettings } from './kept.ts'
import { logSettings } from './log.ts'
import { networkSettings } from './network.ts'
import { ownSettings } from './own.ts'

const table = { ...ownSettings, ...logSettings, ...groupSettings, ...networkSettings, ...keptSettings }

/** The name of a setting. */
export type SettingName = keyof typeof table
/** What `settings.get(name)` gives. */
export type SettingValue<Name extends SettingName> = (typeof table)[Name] extends Declaration<infer Value> ? Value : never

/** Every declaration by its name, ours first. */
export const declarations: { readonly [Name in SettingName]: Declaration<SettingValue<Name>> } = table

/** Whether a text names a setting. */
export const isSettingName = (name: string): name is SettingName => Object.hasOwn(table, name)
