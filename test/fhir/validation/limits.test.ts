// What a validation may cost, and that it says the same each time.
import { describe, expect, it } from 'vitest'
import { parseJson } from '../../../src/fhir/json.js'
import { validate } from '../../../src/fhir/validation.js'
import { good, type Json } from '../../support/structures.js'
import { aProfile, errorsOf, issuesOf, url } from '../../support/validating.js'

const slice = (name: string) => ({
  [`Patient.identifier:${name}`]: { max: '1' },
  [`Patient.identifier:${name}.system`]: { min: 1, fixedUri: `urn:x:${name}` },
})

it('The issues are the same in the same order each time, however much was known before', async () => {
  const resource = {
    resourceType: 'Patient',
    meta: { profile: [url('p'), url('q')] },
    gender: 'x',
    name: [{ use: 'y' }],
    maritalStatus: { coding: [{ system: 'http://example.org/x', code: 'a' }] },
    extension: [{ url: url('e'), valueString: 'x' }],
  }
  const definitions = [aProfile('p', 'Patient', { 'Patient.birthDate': { min: 1 } })]
  const [first, second, third] = [
    await issuesOf(resource, { definitions }),
    await issuesOf(resource, { definitions }),
    await issuesOf(structuredClone(resource), { definitions }),
  ]
  expect(first.length).toBeGreaterThan(4)
  expect(second).toEqual(first)
  expect(third).toEqual(first)
})

it('Two at once do not disturb each other', async () => {
  const resources = good.map((one) => ({ ...one, nonsense: 1 }))
  const alone: unknown[] = []
  for (const one of resources) alone.push(await issuesOf(one))
  expect(await Promise.all(resources.map((one) => issuesOf(one)))).toEqual(alone)
})

describe('of more issues than are listed', () => {
  const name = Array.from({ length: 30 }, () => ({ use: 'x' }))
  it('a note says how many', async () => {
    const issues = await issuesOf({ resourceType: 'Patient', name }, { settings: { mostIssues: 10 } })
    expect(issues).toHaveLength(11)
    expect(issues[10]).toMatchObject({ severity: 'information', diagnostics: expect.stringContaining('more') })
  })

  it('none that is an error gives way to one that is less', async () => {
    const extension = Array.from({ length: 30 }, (_, i) => ({ url: url(`e${i}`), valueString: 'x' }))
    const issues = await issuesOf({ resourceType: 'Patient', extension, gender: 'x' }, { settings: { mostIssues: 10 } })
    expect(issues.filter(({ severity }) => severity === 'error')).toMatchObject([{ expression: ['Patient.gender'] }])
  })
})

it('A thousand slices and a thousand values end', async () => {
  const names = Array.from({ length: 1000 }, (_, i) => `s${i}`)
  const profile = aProfile('p', 'Patient', {
    'Patient.identifier': { slicing: { discriminator: [{ type: 'value', path: 'system' }], rules: 'open' } },
    ...Object.assign({}, ...names.map(slice)),
  })
  const identifier = names.map((name) => ({ system: `urn:x:${name}`, value: '1' }))
  const asked = { profiles: [profile.url], definitions: [profile] }
  expect(await errorsOf({ resourceType: 'Patient', identifier }, asked)).toEqual([])
  const twice = { resourceType: 'Patient', identifier: [...identifier, ...identifier, ...identifier] }
  expect(await errorsOf(twice, asked)).toContain('Patient Validation_Too_Costly')
})

it('A chain of references through profiles ends', async () => {
  const profile = aProfile('p', 'Patient', {
    'Patient.link.other': { type: [{ code: 'Reference', targetProfile: [url('p')] }] },
  })
  const uuid = (i: number) => `urn:uuid:c757873d-ec9a-4326-a141-${String(i).padStart(12, '0')}`
  const entry = Array.from({ length: 2000 }, (_, i) => ({
    fullUrl: uuid(i),
    resource: { resourceType: 'Patient', link: [{ type: 'seealso', other: { reference: uuid(i + 1) } }] },
  }))
  entry[0]!.resource = { ...entry[0]!.resource, meta: { profile: [profile.url] } } as never
  const bundle = {
    resourceType: 'Bundle',
    type: 'collection',
    entry: [...entry, { fullUrl: uuid(2000), resource: { resourceType: 'Patient' } }],
  }
  expect(await errorsOf(bundle, { definitions: [profile] })).toEqual([])
})

it('Deep elements are refused, not followed', async () => {
  const text = `{"resourceType":"Questionnaire","status":"draft","item":${'[{"linkId":"1","type":"group","item":'.repeat(110)}[{"linkId":"1","type":"group"}]${'}]'.repeat(110)}}`
  expect(await issuesOf(parseJson(text))).toContainEqual(expect.objectContaining({ code: 'too-long' }))
})

it('Definitions that lead to ever more definitions end', async () => {
  const next = (n: string) => url(String(Number(n) + 1))
  const library = {
    revision: 'endless',
    withId: async () => undefined,
    withUrl: async (type: string, canonical: string) => {
      const name = canonical.slice(url('').length)
      if (type !== 'StructureDefinition' || !/^\d+$/.test(name)) return []
      const snapshot = {
        element: [
          { id: 'Patient', path: 'Patient', min: 0, max: '*' },
          {
            id: 'Patient.name',
            path: 'Patient.name',
            min: 0,
            max: '*',
            type: [{ code: 'HumanName', profile: [next(name)] }],
          },
        ],
      }
      const human = {
        element: [
          {
            id: 'HumanName',
            path: 'HumanName',
            min: 0,
            max: '*',
            type: [{ code: 'HumanName', profile: [next(name)] }],
          },
        ],
      }
      return [
        { ...aProfile(name, name === '0' ? 'Patient' : 'HumanName', {}), snapshot: name === '0' ? snapshot : human },
      ]
    },
  } as never
  const resource: Json = { resourceType: 'Patient', meta: { profile: [url('0')] }, name: [{ text: 'A' }] }
  const terminology = { revision: 'none', membership: async () => [] }
  const issues = await validate(resource, { mode: 'full', library, terminology })
  expect(Array.isArray(issues)).toBe(true)
})

describe('a rule that breaks', () => {
  const rules = new Map([
    [
      'Patient',
      [
        () => {
          throw new TypeError('broken')
        },
      ],
    ],
  ])

  it('on what is malformed leaves what is said of the form', async () => {
    expect(await errorsOf({ resourceType: 'Patient', name: 'A' }, { rules })).toEqual([
      'Patient.name This_property_must_be_an_array',
    ])
  })

  it('on what is well formed is no fault of the sender', async () => {
    await expect(issuesOf({ resourceType: 'Patient' }, { rules })).rejects.toThrow('broken')
    expect(await errorsOf({ resourceType: 'Patient' })).toEqual([])
  })
})
