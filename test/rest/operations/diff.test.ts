import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { resourceTypes } from '../../../src/fhir/definitions.js'
import { diff } from '../../../src/fhir/patch/diff.js'
import { applyFhirPathPatch } from '../../../src/fhir/patch/fhirpath-patch.js'
import { minimal } from '../../support/minimal.js'
import { type Given, openServer, type RestServer } from '../server.js'

// The answer is a FHIRPath Patch (https://hl7.org/fhir/R4/fhirpatch.html) with the previous values beside it.

let server: RestServer
const put = (body: Given) => server.ask(`PUT ${body.resourceType}/${body.id}`, { body })
beforeAll(async () => {
  server = await openServer()
  await put({ resourceType: 'Patient', id: 'p', active: true, name: [{ family: 'Old', given: ['A', 'B'] }] })
  await put({ resourceType: 'Patient', id: 'p', birthDate: '2000-01-01', name: [{ family: 'New', given: ['A', 'B'] }] })
  await put({ resourceType: 'Patient', id: 'p', birthDate: '2001', name: [{ family: 'New', given: ['A', 'X', 'B'] }] })
  await put({ resourceType: 'Patient', id: 'q', birthDate: '2001' })
  await put({ resourceType: 'Basic', id: 'b', code: { text: 'x' } })
})
afterAll(() => server.stop())

type Part = { name: string } & Record<string, unknown>
const changes = async (request: string) => {
  const { json } = await server.expect(200, `GET ${request}`)
  expect(json.resourceType).toBe('Parameters')
  return ((json.parameter ?? []) as { part: Part[] }[]).map(({ part }) =>
    Object.fromEntries(part.map(({ name, ...value }) => [name, Object.values(value)[0]])),
  )
}

describe('[type]/[id]/$diff', () => {
  it('is from the version before to the current one', async () => {
    expect(await changes('Patient/p/$diff')).toEqual([
      { type: 'insert', path: 'Patient.name[0].given', index: 1, value: 'X' },
      { type: 'replace', path: 'Patient.birthDate', value: '2001', previousValue: '2000-01-01' },
    ])
  })

  it('is between the versions that are named, with each changed path and what was there', async () => {
    expect(await changes('Patient/p/$diff?fromVersion=1&toVersion=2')).toEqual([
      { type: 'add', path: 'Patient', name: 'birthDate', value: '2000-01-01' },
      { type: 'replace', path: 'Patient.name[0].family', value: 'New', previousValue: 'Old' },
      { type: 'delete', path: 'Patient.active', previousValue: true },
    ])
    expect(await changes('Patient/p/$diff?fromVersion=2&toVersion=2')).toEqual([])
    const meta = await changes('Patient/p/$diff?fromVersion=2&includeMeta=true')
    expect(meta.map(({ path }) => path)).toContain('Patient.meta.versionId')
  })

  it('applied as a patch makes the one of the other', async () => {
    const { json: patch } = await server.expect(200, 'GET Patient/p/$diff?fromVersion=3&toVersion=1')
    const { json } = await server.expect(200, 'PATCH Patient/p', { body: patch })
    expect(json).toMatchObject({ active: true, name: [{ family: 'Old', given: ['A', 'B'] }] })
    expect(json.birthDate).toBeUndefined()
  })

  it.each([
    [400, 'Basic/b/$diff', /no version before the first/],
    [404, 'Patient/p/$diff?fromVersion=99', /no version 99/],
    [404, 'Patient/none/$diff', /no resource/],
    [400, 'Patient/p/$diff?from=Patient/q', /fromVersion and toVersion/],
    [400, '$diff?fromVersion=1', /from and to name resources/],
    [400, '$diff?from=Patient/p', /to is needed/],
    [400, '$diff?from=Patient/p&to=Basic/b', /only two of one type/],
  ])('%i: %s', async (status, path, reason) => {
    expect(await server.refused(status, `GET ${path}`)).toMatch(reason)
  })
})

it('$diff of two resources, or versions of them', async () => {
  expect(await changes('$diff?from=Patient/p/_history/3&to=Patient/q')).toEqual([
    expect.objectContaining({ type: 'delete', path: 'Patient.name[0]' }),
  ])
})

describe('a difference, applied', () => {
  const kg = { value: 1, unit: 'kg' }
  const observation = (more: object): Given => ({
    resourceType: 'Observation',
    status: 'final',
    code: { text: 'c' },
    ...more,
  })
  it.each<[string, Given, Given]>([
    ['a choice of another type', observation({ valueQuantity: kg }), observation({ valueString: 'heavy' })],
    ['a backbone', observation({}), observation({ component: [{ code: { text: 'x' }, valueQuantity: kg }] })],
    [
      'backbones, fewer and other',
      observation({
        component: [{ code: { text: 'a' } }, { code: { text: 'b' }, valueInteger: 1 }, { code: { text: 'c' } }],
      }),
      observation({ component: [{ code: { text: 'b' }, valueBoolean: true }] }),
    ],
    [
      'extensions, and ids of primitives',
      observation({ status: 'final', _status: { id: 's' }, extension: [{ url: 'u', valueString: 'a' }] }),
      observation({
        _status: { extension: [{ url: 'w', valueCode: 'x' }] },
        extension: [{ url: 'v', extension: [{ url: 'n', valueDecimal: 1 }] }],
      }),
    ],
    [
      'a narrative and what is contained',
      observation({ text: { status: 'generated', div: '<div xmlns="http://www.w3.org/1999/xhtml">a</div>' } }),
      observation({
        text: { status: 'additional', div: '<div xmlns="http://www.w3.org/1999/xhtml">b</div>' },
        contained: [{ resourceType: 'Patient', id: 'c' }],
      }),
    ],
    [
      'values that are missing in a list',
      { resourceType: 'Patient', name: [{ given: ['a', 'b'], _given: [null, { id: 'x' }] }] },
      {
        resourceType: 'Patient',
        name: [{ given: ['a', null], _given: [null, { extension: [{ url: 'u', valueCode: 'c' }] }] }],
      },
    ],
    [
      'an element that is a word of FHIRPath',
      { resourceType: 'ValueSet', status: 'draft', expansion: { timestamp: '2020', contains: [{ code: 'a' }] } },
      {
        resourceType: 'ValueSet',
        status: 'draft',
        expansion: { timestamp: '2020', contains: [{ code: 'b', contains: [{ code: 'c' }] }] },
      },
    ],
    ['everything', { resourceType: 'Patient', active: true }, { resourceType: 'Patient', gender: 'male' }],
  ])('%s', (_, one, other) => {
    for (const [from, to] of [
      [one, other],
      [other, one],
    ] as const) {
      const parameter = diff(from, to)
      expect(applyFhirPathPatch(from, { resourceType: 'Parameters', parameter })).toEqual(to)
    }
  })

  it('to the least resource of each type and back', () => {
    for (const type of resourceTypes) {
      const [from, to] = [{ resourceType: type, language: 'en' }, minimal(type) as Given]
      const parameter = diff(from, to)
      expect(applyFhirPathPatch(from, { resourceType: 'Parameters', parameter }), type).toEqual(to)
    }
  })
})
