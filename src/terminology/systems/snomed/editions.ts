import { id } from './ids.js'

/**
 * Editions by their module, and the language reference sets that say which of their terms are preferred, first to last.
 * What is derived from one of them under another module (a subset) goes by the name of the International Edition, whose
 * content it holds.
 * @see https://confluence.ihtsdotools.org/display/DOC/List+of+SNOMED+CT+Edition+URIs
 */
const editions: Readonly<Record<string, readonly [name: string, ...languages: string[]]>> = {
  [id.coreModule]: ['International Edition', id.americanEnglish, id.britishEnglish],
  '11000172109': ['Belgian Edition', '21000172104', '31000172101'],
  '11000181102': ['Estonian Edition', '71000181105'],
  '11000220105': ['Irish Edition', '21000220103', id.britishEnglish],
  '11000221109': ['Argentinian Edition', '450828004'],
  '11000229106': ['Finnish Edition'],
  '11000234105': ['Austrian Edition'],
  '11000146104': ['Netherlands Edition', '31000146106'],
  '2011000195101': ['Swiss Edition'],
  '20611000087101': ['Canadian Edition', '19491000087109'],
  '21000210109': ['New Zealand Edition', '271000210107'],
  '32506021000036107': ['Australian Edition', '32570271000036106'],
  '449081005': ['Spanish Edition', '450828004'],
  '45991000052106': ['Swedish Edition', '46011000052107'],
  '51000202101': ['Norwegian Edition', '61000202103', '91000202106'],
  '5601000179104': ['Uruguay Edition', '5641000179103'],
  '554471000005108': ['Danish Edition', '554461000005103'],
  '731000124108': ['United States Edition', id.americanEnglish],
  '83821000000107': ['United Kingdom Edition', '999001261000000100', id.britishEnglish],
}

/** @param version  `http://snomed.info/sct/<module>/version/<date>`, or without a date, or of a test release (`xsct`) */
export function editionOf(version: string): string {
  const [, module] = /^http:\/\/snomed\.info\/x?sct\/(\d+)/.exec(version) ?? []
  return (editions[module ?? ''] ?? editions[id.coreModule]!)[0]
}

/** The module of the edition that these modules make up; undefined when that is none or several that we know. */
export function moduleOf(modules: ReadonlySet<string>): string | undefined {
  const known = [...modules].filter((module) => editions[module])
  const national = known.filter((module) => module !== id.coreModule)
  return national.length > 0 ? only(national) : only(known)
}

const only = (modules: readonly string[]) => (modules.length === 1 ? modules[0] : undefined)

/** Language reference sets in the order in which they decide which term is shown. */
export function languagesOf(version: string): readonly string[] {
  const [, module] = /^http:\/\/snomed\.info\/x?sct\/(\d+)/.exec(version) ?? []
  const [, ...languages] = editions[module ?? ''] ?? []
  return [...new Set([...languages, id.americanEnglish, id.britishEnglish])]
}
