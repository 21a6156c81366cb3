import { Random } from '../../seed/random.js'
import { withLuhn } from './check-digit.js'
import { csv, writeLines } from './file.js'
import { phrase, site, substance } from './words.js'

const COLUMNS =
  'LOINC_NUM COMPONENT PROPERTY TIME_ASPCT SYSTEM SCALE_TYP METHOD_TYP CLASS VersionLastChanged STATUS CLASSTYPE RELATEDNAMES2 SHORTNAME ORDER_OBS EXTERNAL_COPYRIGHT_NOTICE LONG_COMMON_NAME EXAMPLE_UCUM_UNITS COMMON_TEST_RANK VersionFirstReleased'.split(
    ' ',
  )
const AXES = ['COMPONENT', 'PROPERTY', 'TIME_ASPCT', 'SYSTEM', 'SCALE_TYP'] as const
const CHOICES: Record<'PROPERTY' | 'TIME_ASPCT' | 'SYSTEM' | 'SCALE_TYP' | 'CLASS', readonly string[]> = {
  PROPERTY: ['MCnc', 'SCnc', 'NCnc', 'PrThr', 'ACnc', 'Find', 'Imp', 'Type', 'Titr', 'Ratio'],
  TIME_ASPCT: ['Pt', '24H', '12H', '8H'],
  SYSTEM: ['Ser/Plas', 'Bld', 'Urine', 'CSF', 'Stool', 'Sputum', '^Patient', 'Plr fld', 'XXX'],
  SCALE_TYP: ['Qn', 'Ord', 'Nom', 'Nar', 'Doc', 'OrdQn'],
  CLASS: ['CHEM', 'MICRO', 'HEM/BC', 'SERO', 'DRUG/TOX', 'UA', 'RAD', 'PANEL.CHEM', 'SURVEY.GNHLTH'],
}

/**
 * A release in the layout of LOINC: terms, their parts, a hierarchy of components, and answer lists. Its terms mean
 * nothing.
 *
 * @returns codes of its terms
 */
export async function writeLoinc(folder: string, size: number): Promise<string[]> {
  const random = new Random('releases/loinc')
  const codes = Array.from({ length: size }, (_, i) => withLuhn(String(100_000 + i)))
  const components = Array.from({ length: Math.ceil(size / 4) }, (_, i) => ({
    part: withLuhn(String(900_000 + i)).replace(/^/, 'LP'),
    name: `${random.chance(0.3) ? substance(random) : phrase(random)} ${i}`,
  }))
  const parts = new Map<string, string>(
    AXES.slice(1).flatMap((axis, a) =>
      CHOICES[axis as keyof typeof CHOICES].map(
        (name, i) => [`${axis}|${name}`, `LP${withLuhn(`${10 + a}${i}`)}`] as const,
      ),
    ),
  )
  const terms = codes.map((code, i) => {
    const component = random.pick(components)
    const drawn = Object.fromEntries(
      Object.entries(CHOICES).map(([axis, names]) => [axis, random.pick(names)]),
    ) as Record<keyof typeof CHOICES, string>
    const name = `${component.name} [${drawn.PROPERTY}] in ${drawn.SYSTEM === 'Ser/Plas' ? 'Serum or Plasma' : drawn.SYSTEM} ${i}`
    return { code, component, drawn, name, rank: random.chance(0.1) ? random.whole(1, 20_000) : 0 }
  })
  await writeLines(folder, 'LoincTable/Loinc.csv', function* () {
    yield csv(COLUMNS)
    for (const { code, component, drawn, name, rank } of terms) {
      const { PROPERTY, TIME_ASPCT, SYSTEM, SCALE_TYP, CLASS } = drawn
      const before = [code, component.name, PROPERTY, TIME_ASPCT, SYSTEM, SCALE_TYP, '', CLASS, '2.80', 'ACTIVE', 1]
      yield csv([
        ...before,
        `${site(random)}; Point in time; Quantitative; Random`,
        `${component.name} ${SYSTEM}`,
        'Both',
        '',
        name,
        '',
        rank,
        '1.0',
      ])
    }
  })
  await writeLines(folder, 'AccessoryFiles/PartFile/Part.csv', function* () {
    yield csv(['PartNumber', 'PartTypeName', 'PartName', 'PartDisplayName', 'Status'])
    for (const { part, name } of components) yield csv([part, 'COMPONENT', name, name, 'ACTIVE'])
    for (const [named, part] of parts)
      yield csv([part, named.split('|')[0]!, named.split('|')[1]!, named.split('|')[1]!, 'ACTIVE'])
  })
  await writeLines(folder, 'AccessoryFiles/PartFile/LoincPartLink_Primary.csv', function* () {
    yield csv([
      'LoincNumber',
      'LongCommonName',
      'PartNumber',
      'PartName',
      'PartCodeSystem',
      'PartTypeName',
      'LinkTypeName',
      'Property',
    ])
    for (const { code, name, component, drawn } of terms)
      for (const axis of AXES) {
        const value = axis === 'COMPONENT' ? component.name : drawn[axis]
        const part = axis === 'COMPONENT' ? component.part : parts.get(`${axis}|${value}`)!
        yield csv([code, name, part, value, 'http://loinc.org', axis, 'Primary', `http://loinc.org/property/${axis}`])
      }
  })
  await writeLines(folder, 'AccessoryFiles/ComponentHierarchyBySystem/ComponentHierarchyBySystem.csv', function* () {
    yield csv(['PATH_TO_ROOT', 'SEQUENCE', 'IMMEDIATE_PARENT', 'CODE', 'CODE_TEXT'])
    yield csv(['', 1, '', 'LP1-1', 'Component'])
    for (const [i, { part, name }] of components.entries())
      yield csv(['', i, i < 30 ? 'LP1-1' : components[random.whole(0, i - 1)]!.part, part, name])
    for (const { code, component, name } of terms) yield csv(['', 1, component.part, code, name])
  })
  return codes
}
