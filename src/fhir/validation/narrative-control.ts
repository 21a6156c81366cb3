import { withoutNames } from '../xml/entities.js'
import { XmlReader } from '../xml/reader.js'
import { narrativeFault } from './narrative.js'

/** What a profile may ask of a narrative: that it says where its parts come from, and in which languages it is. */
export interface Outline {
  /** Texts that are in no element with a class that says where they come from. */
  readonly unlabelled: number
  /** Of the language sections, the `<div lang="de">` right below the outermost. */
  readonly languages: readonly string[]
}

const sources = new Set(['boilerplate', 'generated', 'extension', 'additional', 'original'])

/**
 * @returns undefined for what is no narrative, which is said elsewhere
 * @see https://hl7.org/fhir/extensions/StructureDefinition-narrative-source-control.html
 */
export function outlineOf(div: string): Outline | undefined {
  if (narrativeFault(div) !== undefined) return undefined
  const reader = new XmlReader(withoutNames(div))
  const labelled: boolean[] = []
  const languages: string[] = []
  let unlabelled = 0
  for (let event = reader.next(); event !== 'end'; event = reader.next()) {
    if (event === 'close') labelled.pop()
    else if (event === 'text') {
      if (/\S/.test(reader.text) && labelled.at(-1) !== true) unlabelled++
    } else {
      const of = (name: string) => reader.attributes.find((one) => one.name === name)?.value
      const language = of('lang')
      if (labelled.length === 1 && reader.name === 'div' && language) languages.push(language)
      const isSource = (of('class') ?? '').split(/\s+/).some((name) => sources.has(name))
      labelled.push(isSource || labelled.at(-1) === true)
    }
  }
  return { unlabelled, languages }
}
