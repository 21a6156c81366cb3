import { Unprocessable } from '../../../base/errors.js'
import type { ConceptProperty } from '../../provider.js'
import type { Release } from '../../release/release.js'
import { Draft, type Entry } from '../../stored/draft.js'
import { headerOf } from '../header.js'
import type { Loader } from '../loader.js'
import { ingredientsOf } from './ingredients.js'
import { RXNORM, rxnormKind } from './kind.js'
import { rrf } from './rrf.js'

/** Of several names the one that is the name; the others are synonyms. https://www.nlm.nih.gov/research/umls/rxnorm/docs/appendix5.html */
const TERM_TYPES = [
  ...['SCD', 'SBD', 'GPCK', 'BPCK', 'MIN', 'IN', 'PIN', 'BN', 'SCDC', 'SBDC', 'SCDF', 'SBDF', 'SCDFP', 'SBDFP'],
  ...['SCDG', 'SBDG', 'SCDGP', 'DF', 'DFG'],
]
const PREFERENCE = new Map(TERM_TYPES.map((type, at) => [type, at]))

/** Attributes that are kept; the others are RxNorm's own bookkeeping. */
const ATTRIBUTES: Readonly<Record<string, string>> = {
  NDC: 'National Drug Code of a package, eleven digits',
  RXN_AVAILABLE_STRENGTH: 'Strengths of its ingredients',
  RXN_STRENGTH: 'Strength with its unit',
  RXN_QUANTITY: 'Quantity',
  RXN_QUALITATIVE_DISTINCTION: 'What else tells it from others',
  RXN_HUMAN_DRUG: 'US: prescribed to people',
  RXN_VET_DRUG: 'US: prescribed to animals',
  RXN_IN_EXPRESSED_FLAG: 'How the strength of the ingredient is expressed',
  RXTERM_FORM: 'Dose form as RxTerms has it',
}

/** A concept while its files are being read. */
interface Drug {
  readonly names: { type: string; text: string; suppressed: boolean }[]
  readonly properties: ConceptProperty[]
  readonly parents: string[]
}

/** RxNorm as the National Library of Medicine publishes it, in RRF; part of it needs a UMLS licence. */
export const rxnorm: Loader = {
  name: 'rxnorm',
  title: 'RxNorm, medications (National Library of Medicine; free of charge, with a UMLS licence)',
  takes:
    'the release (RxNorm_full_MMDDYYYY.zip) or its folder rrf: RXNCONSO.RRF, RXNREL.RRF, RXNSAT.RRF, RXNSTY.RRF, RXNSAB.RRF',
  kinds: [rxnormKind],

  async *read(release, wishes, report) {
    const files = (name: string) =>
      release.all(new RegExp(`^${name}\\.RRF$`, 'i')).filter(({ path }) => !/prescribe/i.test(path))
    const [concepts] = files('RXNCONSO').length ? files('RXNCONSO') : [release.need(/^RXNCONSO\.RRF$/i, 'RXNCONSO.RRF')]
    const drugs = new Map<string, Drug>()
    report(`${concepts!.path} is read`)
    for await (const [rxcui, , , , , , , , , , , source, type, , text, , suppress] of rrf(release, concepts!, 18)) {
      if (source !== 'RXNORM') continue
      const drug = drugs.get(rxcui!) ?? { names: [], properties: [], parents: [] }
      drugs.set(rxcui!, drug)
      drug.names.push({ type: type!, text: text!, suppressed: suppress !== 'N' && suppress !== '' })
    }
    const relations = new Set<string>()
    for (const file of files('RXNREL')) {
      report(`${file.path} is read`)
      for await (const [of, , ofType, , subject, , , name, , , source] of rrf(release, file, 16)) {
        const drug = drugs.get(subject!)
        if (source !== 'RXNORM' || ofType !== 'CUI' || !name || !drug || !drugs.has(of!)) continue
        if (name === 'isa') drug.parents.push(of!)
        relations.add(name)
        drug.properties.push({ code: name, type: 'code', value: of!, description: nameOf(drugs.get(of!)!)?.text })
      }
    }
    for (const file of files('RXNSAT')) {
      report(`${file.path} is read`)
      for await (const [rxcui, , , , , , , , name, source, value] of rrf(release, file, 13)) {
        const drug = drugs.get(rxcui!)
        if (source === 'RXNORM' && drug && Object.hasOwn(ATTRIBUTES, name!))
          drug.properties.push({ code: name!, type: 'string', value: value! })
      }
    }
    for (const file of files('RXNSTY')) {
      report(`${file.path} is read`)
      for await (const [rxcui, type, , name] of rrf(release, file, 6))
        drugs.get(rxcui!)?.properties.push({ code: 'STY', type: 'code', value: type!, description: name })
    }
    const draft = new Draft()
    for (const [rxcui, drug] of drugs) {
      const ingredients = ingredientsOf(rxcui, (code) => drugs.get(code))
      draft.add(
        entryOf(
          rxcui,
          drug,
          ingredients.map((code) => [code, nameOf(drugs.get(code)!)?.text]),
        ),
      )
    }
    const version = wishes.version ?? (await versionOf(release))
    const header = headerOf({
      ...{ url: RXNORM, version, name: 'RxNorm', title: `RxNorm, ${version}`, hierarchy: 'is-a' },
      publisher: 'National Library of Medicine',
      copyright:
        'RxNorm is made by the National Library of Medicine; some of it is subject to the UMLS Metathesaurus License.',
      properties: [
        ['TTY', 'code', 'Term type: IN ingredient, BN brand, DF dose form, SCD clinical drug, SBD branded drug …'],
        ['ingredient', 'code', 'What is in it, directly or by its components'],
        ['STY', 'code', 'Semantic type'],
        ...[...relations].map((name) => [name, 'code', `Relation ${name}`] as const),
        ...Object.entries(ATTRIBUTES).map(([name, description]) => [name, 'string', description] as const),
      ],
    })
    yield { header, draft, details: { relations: [...relations] } }
  },
}

/** The name of a concept: not a suppressed one if there is another, and by type. */
function nameOf({ names }: Drug) {
  const rank = ({ type, suppressed }: Drug['names'][number]) =>
    (suppressed ? 1000 : 0) + (PREFERENCE.get(type) ?? TERM_TYPES.length)
  return names.toSorted((a, b) => rank(a) - rank(b))[0]
}

function entryOf(rxcui: string, drug: Drug, ingredients: readonly (readonly [string, string | undefined])[]): Entry {
  const name = nameOf(drug)!
  return {
    code: rxcui,
    display: name.text,
    inactive: drug.names.every(({ suppressed }) => suppressed),
    parents: drug.parents,
    designations: drug.names
      .filter((other) => other !== name && other.text !== name.text)
      .map(({ type, text }) => ({ language: 'en', use: { system: RXNORM, code: type }, value: text })),
    properties: [
      { code: 'TTY', type: 'code', value: name.type },
      ...ingredients.map(([value, description]) => ({ code: 'ingredient', type: 'code' as const, value, description })),
      ...drug.properties,
    ],
  }
}

/** RXNSAB says `RXNORM_20AA_250707F`, the version of FHIR is `07072025`. */
async function versionOf(release: Release): Promise<string> {
  const named = /RxNorm_\w+_(\d{8})/i.exec(release.named)?.[1]
  if (named) return named
  const file = release.find(/^RXNSAB\.RRF$/i)
  if (file)
    for await (const [, , versioned] of rrf(release, file, 25)) {
      const [, year, month, day] = /^RXNORM_\w+_(\d\d)(\d\d)(\d\d)F$/.exec(versioned!) ?? []
      if (year) return `${month}${day}20${year}`
    }
  throw new Unprocessable(`${release.named} does not say of which month it is; say it with --version, such as 07072025`)
}
