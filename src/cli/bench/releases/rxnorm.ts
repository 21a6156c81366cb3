import { Random } from '../../seed/random.js'
import { writeLines } from './file.js'

const SYLLABLES =
  'ba ce di fo gu lan mer nix ol pra quin ros stat tel vir xa zol pril sar tan mycin cillin azole ide one'.split(' ')
const FORMS = ['Oral Tablet', 'Oral Capsule', 'Injectable Solution', 'Topical Cream', 'Oral Suspension', 'Nasal Spray']
const UNITS = ['MG', 'MG/ML', 'MCG', 'UNT/ML']

interface Drug {
  rxcui: string
  type: 'IN' | 'DF' | 'SCDC' | 'SCD' | 'SCDF' | 'BN' | 'SBD'
  name: string
}

/**
 * A release in Rich Release Format like RxNorm: ingredients, their components, clinical and branded drugs, dose forms,
 * relations both ways, and National Drug Codes. Its drugs do not exist.
 *
 * @param size  concepts, about
 * @returns  their RxCUIs
 */
export async function writeRxNorm(folder: string, size: number): Promise<string[]> {
  const random = new Random('releases/rxnorm')
  const drugs: Drug[] = []
  const relations: [subject: Drug, name: string, inverse: string, object: Drug][] = []
  const add = (type: Drug['type'], name: string): Drug => {
    const drug = { rxcui: String(2_000_000 + drugs.length), type, name }
    drugs.push(drug)
    return drug
  }
  const name = () => Array.from({ length: random.whole(2, 4) }, () => random.pick(SYLLABLES)).join('')
  const forms = FORMS.map((form) => add('DF', form))
  while (drugs.length < size) {
    const ingredient = add('IN', `${name()}${drugs.length}`)
    const form = random.pick(forms)
    const family = add('SCDF', `${ingredient.name} ${form.name}`)
    for (let n = random.whole(1, 6); n > 0; n--) {
      const strength = `${random.whole(1, 500)} ${random.pick(UNITS)}`
      const component = add('SCDC', `${ingredient.name} ${strength}`)
      const drug = add('SCD', `${ingredient.name} ${strength} ${form.name}`)
      relations.push(
        [component, 'has_ingredient', 'ingredient_of', ingredient],
        [drug, 'consists_of', 'constitutes', component],
      )
      relations.push([drug, 'has_dose_form', 'dose_form_of', form], [drug, 'isa', 'inverse_isa', family])
      if (random.chance(0.4)) {
        const brand = add('BN', `${name()}${drugs.length}`)
        const branded = add('SBD', `${drug.name} [${brand.name}]`)
        relations.push([branded, 'tradename_of', 'has_tradename', drug])
      }
    }
  }
  await writeLines(folder, 'rrf/RXNCONSO.RRF', function* () {
    for (const { rxcui, type, name } of drugs)
      yield `${rxcui}|ENG||||||${rxcui}|${rxcui}|${rxcui}||RXNORM|${type}|${rxcui}|${name}||N|4096|`
  })
  await writeLines(folder, 'rrf/RXNREL.RRF', function* () {
    for (const [subject, name, inverse, object] of relations) {
      yield `${object.rxcui}||CUI|RO|${subject.rxcui}||CUI|${name}|||RXNORM|RXNORM||||4096|`
      yield `${subject.rxcui}||CUI|RO|${object.rxcui}||CUI|${inverse}|||RXNORM|RXNORM||||4096|`
    }
  })
  await writeLines(folder, 'rrf/RXNSAT.RRF', function* () {
    for (const [i, { rxcui, type }] of drugs.entries())
      if (type === 'SCD' || type === 'SBD')
        yield `${rxcui}||||AUI|${rxcui}|||NDC|RXNORM|${String(10_000_000_000 + i)}|N|4096|`
  })
  await writeLines(folder, 'rrf/RXNSAB.RRF', () => [
    'C1|C2|RXNORM_26AA_260105F|RXNORM|RxNorm||26AA_260105F|||||||0|0|||||ENG|UTF-8|Y|Y|RXNORM||',
  ])
  return drugs.map(({ rxcui }) => rxcui)
}
