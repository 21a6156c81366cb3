import type { Patient } from '@medplum/fhirtypes'
import { type Issue, TooCostly, Unprocessable } from '../../base/errors.js'
import { parseJson } from '../../fhir/json.js'
import type { Found } from '../../search/find.js'
import type { Core } from '../core.js'
import type { Exchange } from '../exchange.js'
import { matching } from '../matching.js'
import { operation } from '../operation.js'
import { type Entry, outcomeEntry, searchset } from '../searchset.js'
import { type Block, blocksOf } from './match/blocks.js'
import { type Score, scoreOf } from './match/score.js'

/** Patients that may share one thing before a narrower search takes its place. */
const MOST_IN_A_BLOCK = 500

/** Each of them is searched by, and compared with each of a candidate's. */
const LISTS = ['identifier', 'name', 'telecom', 'address'] as const
const MOST_ITEMS = 20

const GRADE = 'http://hl7.org/fhir/StructureDefinition/match-grade'

/**
 * Patients that may be the one who is described, best first.
 * @throws Unprocessable  what is described has nothing to look for (422)
 * @throws TooCostly      it has too many names, identifiers … (422)
 * @see https://hl7.org/fhir/R4/patient-operation-match.html
 */
export const match = operation({
  code: 'match',
  definition: 'http://hl7.org/fhir/OperationDefinition/Patient-match',
  title: 'Find patients by what is known of one',
  description:
    'Patients ranked by the chance that each is the one described: by identifiers, names, birth date, gender, telecom and address, allowing for mistakes.',
  on: { resource: ['Patient'], levels: ['type'] },
  affectsState: false,
  needs: { letters: ['r', 's'], of: 'type' },
  in: { resource: '1..1 Patient', onlyCertainMatches: '0..1 boolean', count: '0..1 positiveInt' },
  out: { return: '1..1 Bundle' },
  about: {
    resource: 'What is known; it may be the body',
    onlyCertainMatches: 'The one patient that is certain, or none: several are not certain',
    count: 'Matches at most',
  },

  async handle({ core, ctx, exchange, params }) {
    const known = params.resource as Patient
    const long = LISTS.find((name) => (known[name]?.length ?? 0) > MOST_ITEMS)
    if (long) throw new TooCostly(`$match looks at ${MOST_ITEMS} of a kind at most; Patient.${long} has more`)
    const blocks = blocksOf(known)
    if (blocks.length === 0)
      throw new Unprocessable(
        'There is nothing to look for: $match needs an identifier, a birthDate, a name with family and given, a phone or an email',
      )
    const warnings: Issue[] = []
    const found = new Map<bigint, Found>()
    for (const block of blocks)
      for (const one of await candidates(core, exchange, block, warnings)) found.set(one.key, one)

    const patients = await core.store.finder.count(ctx, 'Patient', [])
    const ranked = [...found.values()]
      .map((one) => ({ one, patient: parseJson(one.content) as Patient }))
      // What was merged into another is found there.
      .filter(({ patient }) => !patient.link?.some(({ type }) => type === 'replaced-by'))
      .map(({ one, patient }) => ({ one, ...scoreOf(known, patient, patients) }))
      .filter(({ grade }) => grade !== undefined)
      .sort((a, b) => b.score - a.score || (a.one.key < b.one.key ? -1 : 1))
    const certain = ranked.filter(({ grade }) => grade === 'certain')
    const shown = params.onlyCertainMatches ? (certain.length === 1 ? certain : []) : ranked
    const entries = shown.slice(0, params.count ?? core.config.maxCount).map((one) => entryOf(exchange.base, one))
    if (warnings.length > 0) entries.push(outcomeEntry(warnings))
    return searchset({ self: `${exchange.base}/Patient/$match` }, entries, shown.length)
  },
})

async function candidates(core: Core, exchange: Exchange, block: Block, warnings: Issue[]): Promise<Found[]> {
  const found = await matching(core, exchange, 'Patient', block.search, MOST_IN_A_BLOCK + 1)
  if (found.length <= MOST_IN_A_BLOCK) return found
  if (!block.narrower?.length) {
    const diagnostics = `More than ${MOST_IN_A_BLOCK} patients have the same ${block.name}: by it alone only the first were looked at`
    warnings.push({ severity: 'warning', code: 'incomplete', diagnostics })
    return found
  }
  const parts: Found[] = []
  for (const one of block.narrower) parts.push(...(await candidates(core, exchange, one, warnings)))
  return parts
}

function entryOf(base: string, { one, score, grade }: { one: Found } & Score): Entry {
  const search = { extension: [{ url: GRADE, valueCode: grade }], mode: 'match', score }
  return [`{"fullUrl":"${base}/${one.type}/${one.id}","resource":`, one.content, `,"search":${JSON.stringify(search)}}`]
}
