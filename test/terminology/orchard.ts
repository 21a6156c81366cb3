import type { OperationOutcome, Parameters } from '@medplum/fhirtypes'
import type { RestServer } from '../rest/server.js'

// Terminology of an orchard that never was: small, and with everything that a code can have wrong with it.

export const FRUIT = 'http://orchard.example/cs/fruit'
export const TOOLS = 'http://orchard.example/cs/tools'
export const LADDERS = 'http://orchard.example/cs/ladders'
export const DUTCH = 'http://orchard.example/cs/fruit-in-dutch'

const standard = (code: string, type: string) => ({ code, uri: `http://hl7.org/fhir/concept-properties#${code}`, type })

const fruit = (version: string, more: object[] = []) => ({
  resourceType: 'CodeSystem',
  id: `fruit-${version.replaceAll('.', '-')}`,
  url: FRUIT,
  version,
  name: 'Fruit',
  status: 'active',
  language: 'en',
  caseSensitive: true,
  content: 'complete',
  hierarchyMeaning: 'is-a',
  property: [
    standard('status', 'code'),
    standard('notSelectable', 'boolean'),
    standard('effectiveDate', 'dateTime'),
    standard('retirementDate', 'dateTime'),
    { code: 'ripe', type: 'code' },
    { code: 'weight', type: 'decimal' },
  ],
  concept: [
    {
      code: 'pome',
      display: 'Pome fruit',
      property: [{ code: 'notSelectable', valueBoolean: true }],
      concept: [
        {
          code: 'apple',
          display: 'Apple',
          definition: 'What falls not far from the tree.',
          designation: [
            { language: 'de', value: 'Apfel' },
            { language: 'fr', value: 'Pomme' },
          ],
          property: [
            { code: 'ripe', valueCode: 'autumn' },
            { code: 'weight', valueDecimal: 0.15 },
          ],
        },
        { code: 'pear', display: version === '1.0' ? 'Pear' : 'Pear, common' },
      ],
    },
    {
      code: 'medlar',
      display: 'Medlar',
      property: [
        { code: 'status', valueCode: 'retired' },
        { code: 'effectiveDate', valueDateTime: '1900-01-01' },
        { code: 'retirementDate', valueDateTime: '2019-12-31' },
      ],
    },
    { code: 'sloe', display: 'Sloe', property: [{ code: 'status', valueCode: 'deprecated' }] },
    ...more,
  ],
})

const valueSet = (id: string, compose: object, more: object = {}) => ({
  resourceType: 'ValueSet',
  id,
  url: `http://orchard.example/vs/${id}`,
  version: '1',
  status: 'active',
  compose,
  ...more,
})

const definitions = [
  fruit('1.0'),
  fruit('1.2', [{ code: 'plum', display: 'Plum' }]),
  {
    resourceType: 'CodeSystem',
    id: 'tools',
    url: TOOLS,
    version: '7',
    status: 'draft',
    experimental: true,
    caseSensitive: false,
    content: 'complete',
    concept: [
      { code: 'Shears', display: 'Pruning shears' },
      { code: 'apple', display: 'Apple picker' },
    ],
  },
  {
    resourceType: 'CodeSystem',
    id: 'ladders',
    url: LADDERS,
    version: '1',
    status: 'active',
    content: 'fragment',
    concept: [{ code: 'step', display: 'Stepladder' }],
  },
  {
    resourceType: 'CodeSystem',
    id: 'dutch',
    url: DUTCH,
    version: '1',
    status: 'active',
    content: 'supplement',
    supplements: FRUIT,
    concept: [{ code: 'apple', designation: [{ language: 'nl', value: 'Appel' }] }],
  },
  valueSet('all', { include: [{ system: FRUIT }] }),
  valueSet('old', { include: [{ system: FRUIT, version: '1.0' }] }),
  valueSet('any-1', { include: [{ system: FRUIT, version: '1.x' }] }),
  valueSet('lost', { include: [{ system: FRUIT, version: '9' }] }),
  valueSet('both', {
    include: [
      { system: FRUIT, version: '1.0' },
      { system: FRUIT, version: '1.2' },
    ],
  }),
  valueSet('pomes', { include: [{ system: FRUIT, filter: [{ property: 'concept', op: 'is-a', value: 'pome' }] }] }),
  valueSet('basket', {
    include: [
      {
        system: FRUIT,
        concept: [
          { code: 'apple', display: 'Red apple' },
          {
            code: 'sloe',
            extension: [{ url: 'http://hl7.org/fhir/StructureDefinition/valueset-deprecated', valueBoolean: true }],
          },
        ],
      },
    ],
  }),
  valueSet('fresh', { inactive: false, include: [{ system: FRUIT }] }),
  valueSet('but-pears', {
    include: [{ valueSet: ['http://orchard.example/vs/pomes'] }],
    exclude: [{ system: FRUIT, concept: [{ code: 'pear' }] }],
  }),
  valueSet('shed', { include: [{ system: TOOLS }, { system: LADDERS }, { system: FRUIT }] }),
  valueSet('importing', { include: [{ valueSet: ['http://orchard.example/vs/none'] }] }),
  valueSet('unknown', { include: [{ system: 'http://orchard.example/cs/none' }] }),
  valueSet('dutch', { include: [{ system: FRUIT }] }, supplementing(DUTCH)),
  valueSet('frisian', { include: [{ system: FRUIT }] }, supplementing('http://orchard.example/cs/fruit-in-frisian')),
  valueSet('german', { include: [{ system: FRUIT }] }, { language: 'de' }),
]

function supplementing(valueCanonical: string) {
  return { extension: [{ url: 'http://hl7.org/fhir/StructureDefinition/valueset-supplement', valueCanonical }] }
}

/** Stores it all. */
export async function plant(server: RestServer): Promise<void> {
  const entry = definitions.map((resource) => ({
    resource,
    request: { method: 'PUT', url: `${resource.resourceType}/${resource.id}` },
  }))
  const { status, text } = await server.transact(entry)
  if (status !== 200) throw new Error(text)
}

export const vs = (id: string) => `http://orchard.example/vs/${id}`

/** What was answered, by parameter; several of one name as a list. */
export function answered({ parameter = [] }: Parameters): Record<string, unknown> {
  const all: Record<string, unknown> = {}
  for (const { name, resource, part, ...value } of parameter) {
    const one = resource ?? part ?? Object.values(value)[0]
    all[name!] = name! in all ? [all[name!], one].flat() : one
  }
  return all
}

/** Each issue on a line: `error not-in-vs Coding.code: The provided code …` */
export const linesOf = (outcome: OperationOutcome | undefined): string[] =>
  (outcome?.issue ?? []).map(({ severity, details, expression }) => {
    const type = details?.coding?.[0]?.code
    return `${severity} ${type}${expression ? ` ${expression[0]}` : ''}: ${details?.text}`
  })
