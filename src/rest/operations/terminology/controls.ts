import type { Extension, ValueSet, ValueSetExpansionParameter } from '@medplum/fhirtypes'
import { Invalid } from '../../../base/errors.js'
import { Languages } from '../../../terminology/languages.js'
import type { Expanding } from '../../../terminology/valueset/expand.js'
import type { Values } from '../../operation.js'
import type { Asked } from './asked.js'

/** What of a value set is shown in an expansion, and how. */
export const controls = {
  filter: '0..1 string',
  date: '0..1 dateTime',
  offset: '0..1 integer',
  count: '0..1 integer',
  includeDesignations: '0..1 boolean',
  designation: '0..* string',
  includeDefinition: '0..1 boolean',
  activeOnly: '0..1 boolean',
  excludeNested: '0..1 boolean',
  excludeNotForUI: '0..1 boolean',
  excludePostCoordinated: '0..1 boolean',
  'exclude-system': '0..* canonical',
  property: '0..* string',
  versionsMatch: '0..1 boolean',
  allowMaximumSizeExpansion: '0..1 boolean',
} as const

export const aboutControls: Readonly<Record<keyof typeof controls, string>> = {
  filter: 'Text as it is typed: each word is the beginning of one in a display, a designation or the code',
  date: 'The versions of code systems that are in effect then',
  offset: 'How many codes come before the page',
  count: 'Codes of the page; 0 for the total alone. Without it all, or too-costly when there are too many',
  includeDesignations: 'All designations',
  designation: 'Designations of these languages (`de`, `urn:ietf:bcp:47|de`) and uses (`system|code`)',
  includeDefinition: 'The value set as it is defined, beside its codes',
  activeOnly: 'Without codes that are inactive',
  excludeNested: 'One code after the other, without the hierarchy',
  excludeNotForUI: 'Without codes that only group others',
  excludePostCoordinated: 'Makes no difference: codes that are made of others are never listed',
  'exclude-system': 'Without codes of these systems',
  property: 'Properties of the code systems that are shown with each code; `definition` is one',
  versionsMatch: 'A code is the same in every version of its system; by default unless a value set includes several',
  allowMaximumSizeExpansion: 'Ten times as many codes may be listed without a count',
}

/** The controls of a request, and of those that it does not have what the value set says of itself. */
export interface Controls extends Omit<Expanding, 'most' | 'echoed'> {
  readonly date?: string
  readonly versionsMatch?: boolean
  /** How they are told in the expansion, in the order of their names. */
  readonly echoed: ValueSetExpansionParameter[]
}

const PARAMETER = 'http://hl7.org/fhir/StructureDefinition/valueset-expansion-parameter'

/**
 * @param valueSet  its composition may say how it is expanded: `valueset-expansion-parameter`
 * @throws Invalid  one has a value that means nothing (400)
 */
export function controlsOf(
  params: Values<typeof controls> & { displayLanguage?: string },
  { compose }: ValueSet,
  { displayLanguages, acceptLanguages }: Asked,
): Controls {
  const said = new Map((compose?.extension ?? []).flatMap((one) => (one.url === PARAMETER ? [saidBy(one)] : [])))
  const flag = (name: 'activeOnly' | 'excludeNested' | 'excludeNotForUI' | 'includeDesignations' | 'versionsMatch') => {
    const text = said.get(name)
    return params[name] ?? (text === undefined ? undefined : text === 'true')
  }
  const { filter, date, offset, count, designation, includeDefinition, excludePostCoordinated, property } = params
  for (const [name, value] of Object.entries({ offset, count }))
    if (value !== undefined && value < 0) throw new Invalid(`${name} is 0 or more`)
  const own = said.get('displayLanguage')
  const languages = displayLanguages ?? (own === undefined ? acceptLanguages : Languages.read(own))
  const flags = {
    activeOnly: flag('activeOnly'),
    excludeNested: flag('excludeNested'),
    excludeNotForUI: flag('excludeNotForUI'),
    excludePostCoordinated,
    includeDefinition,
    includeDesignations: flag('includeDesignations'),
    versionsMatch: flag('versionsMatch'),
  }
  const language = params.displayLanguage ?? own ?? acceptLanguages?.toString()
  return {
    ...flags,
    text: filter,
    date,
    offset,
    count,
    languages,
    designations: designation.length ? designation : flags.includeDesignations ? 'all' : undefined,
    properties: property,
    echoed: [
      ...Object.entries(flags).flatMap(([name, value]) => (value === undefined ? [] : { name, valueBoolean: value })),
      ...Object.entries({ count, offset }).flatMap(([name, value]) =>
        value === undefined ? [] : { name, valueInteger: value },
      ),
      ...(date === undefined ? [] : [{ name: 'date', valueDateTime: date }]),
      ...designation.map((valueString) => ({ name: 'designation', valueString })),
      ...(language === undefined ? [] : [{ name: 'displayLanguage', valueCode: language }]),
      ...(filter === undefined ? [] : [{ name: 'filter', valueString: filter }]),
      ...params['exclude-system'].map((valueUri) => ({ name: 'exclude-system', valueUri })),
    ],
  }
}

function saidBy({ extension = [] }: Extension): [name: string, value: string] {
  const value = (part: string) => {
    const { url: _, ...rest } = extension.find(({ url }) => url === part) ?? {}
    return String(Object.values(rest)[0] ?? '')
  }
  return [value('name'), value('value')]
}
