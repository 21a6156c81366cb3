import type { Designation } from '../../provider.js'
import type { Release } from '../../release/release.js'
import { table } from '../../release/text.js'
import type { Report } from '../../stored/put.js'
import { LOINC } from './kind.js'

const AXES = ['COMPONENT', 'PROPERTY', 'TIME_ASPCT', 'SYSTEM', 'SCALE_TYP', 'METHOD_TYP'] as const
const VARIANT = {
  required: ['LOINC_NUM'],
  optional: [...AXES, 'SHORTNAME', 'LONG_COMMON_NAME', 'LinguisticVariantDisplayName'],
} as const
const CONSUMER = { required: ['LoincNumber', 'ConsumerName'] } as const

/** `frCA8LinguisticVariant.csv` is the eighth, French of Canada. */
const NAME = /^([a-z]{2})([A-Z]{2})\d+LinguisticVariant\.csv$/

/** What terms are called in other languages, and by consumers. */
export async function readVariants(release: Release, report: Report): Promise<ReadonlyMap<string, Designation[]>> {
  const found = new Map<string, Designation[]>()
  const add = (code: string, designation: Designation) => {
    const known = found.get(code)
    if (known) known.push(designation)
    else found.set(code, [designation])
  }
  const consumer = release.find(/^ConsumerName\.csv$/i)
  if (consumer) {
    report(`${consumer.path} is read`)
    for await (const { get } of table(release, consumer, CONSUMER))
      add(get('LoincNumber'), {
        language: 'en',
        use: { system: LOINC, code: 'ConsumerName' },
        value: get('ConsumerName'),
      })
  }
  for (const file of release.all(NAME)) {
    const [, small, large] = NAME.exec(file.name)!
    const language = `${small}-${large}`
    report(`${file.path} is read`)
    for await (const { get } of table(release, file, VARIANT)) {
      const texts = [
        ['LONG_COMMON_NAME', get('LONG_COMMON_NAME')],
        ['LinguisticVariantDisplayName', get('LinguisticVariantDisplayName')],
        ['SHORTNAME', get('SHORTNAME')],
      ].filter(([, value]) => value) as [string, string][]
      const axes = AXES.map((axis) => get(axis)).filter(Boolean)
      // Many variants translate only the parts of the name.
      if (!get('LONG_COMMON_NAME') && axes.length) texts.push(['FullySpecifiedName', axes.join(':')])
      for (const [code, value] of texts) add(get('LOINC_NUM'), { language, use: { system: LOINC, code }, value })
    }
  }
  return found
}
