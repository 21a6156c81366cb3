import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openServer, type RestServer } from './server.js'

// What is sent to trouble the server gets an OperationOutcome, and others are served meanwhile.

let server: RestServer
beforeAll(async () => {
  server = await openServer({ INGLE_MAX_BODY_BYTES: String(64 * 1024 * 1024) })
})
afterAll(() => server.stop())

/** The doors that take a resource. */
const doors = ['POST Patient', 'PUT Patient/bad', 'POST Patient/$validate', 'POST $validate', 'POST ']

const deep = (open: string, close: string) =>
  `{"resourceType":"Patient","extension":${open.repeat(10_000)}${close.repeat(10_000)}}`

describe.each(doors)('%s', (door) => {
  it.each([
    ['truncated JSON', '{"resourceType":"Patient","name":[{"fam'],
    ['a key twice', '{"resourceType":"Patient","active":true,"active":false}'],
    ['10,000 arrays in each other', deep('[', ']')],
    ['10,000 objects in each other', deep('{"extension":', '1').replace(/1+}$/, `1${'}'.repeat(10_001)}`)],
    ['a character that no string may have', '{"resourceType":"Patient","name":[{"family":"a\\u0001b"}]}'],
    ['nothing', ''],
  ])('of %s is 400', async (_, body) => {
    await server.refused(400, door, { body, headers: { 'Content-Type': 'application/fhir+json' } })
  })

  it('of another media type is 415', async () => {
    await server.refused(415, door, { body: 'Patient', type: 'text/plain' })
  })

  it('of 50 MB is answered', async () => {
    const body = `{"resourceType":"Patient","photo":[{"data":"${'A'.repeat(50 * 1024 * 1024)}"}],"colour":"red"}`
    const { status, json } = await server.ask(door, { body })
    expect(json.resourceType).toBe('OperationOutcome')
    expect(status).toBeLessThan(500)
  })
})

it('10,000 faults are told as a hundred and how many more there are', async () => {
  const name = Array.from({ length: 10_000 }, () => ({ colour: 'red' }))
  const { json } = await server.expect(200, 'POST Patient/$validate', { body: { resourceType: 'Patient', name } })
  expect(json.issue.length).toBeLessThan(110)
  expect(JSON.stringify(json.issue.at(-1))).toMatch(/more/)
})

describe('a profile that is made to trouble', () => {
  const profile = (id: string, element: object[]) => ({
    resourceType: 'StructureDefinition',
    id,
    url: `http://hostile.example/${id}`,
    name: 'Hostile',
    status: 'active',
    kind: 'resource',
    abstract: false,
    type: 'Patient',
    baseDefinition: 'http://hl7.org/fhir/StructureDefinition/Patient',
    derivation: 'constraint',
    differential: { element: [{ id: 'Patient', path: 'Patient' }, ...element] },
  })
  const constrained = (expression: string) => [
    {
      id: 'Patient.name',
      path: 'Patient.name',
      constraint: [{ key: 'h-1', severity: 'error', human: 'h', expression }],
    },
  ]
  const slices = Array.from({ length: 1000 }, (_, i) => [
    { id: `Patient.identifier:s${i}`, path: 'Patient.identifier', sliceName: `s${i}`, min: 0, max: '1' },
    {
      id: `Patient.identifier:s${i}.system`,
      path: 'Patient.identifier.system',
      min: 1,
      max: '1',
      fixedUri: `http://s${i}`,
    },
  ]).flat()
  const slicing = { discriminator: [{ type: 'value', path: 'system' }], rules: 'open' }

  it.each([
    ['a-regex', constrained("family.matches('^(a+)+$')")],
    ['a-loop', constrained('repeat($this).repeat($this).repeat(%resource).count() > 1')],
    [
      'a-product',
      constrained(
        '%resource.descendants().select(%resource.descendants().select(%resource.descendants())).count() > 0',
      ),
    ],
    ['no-fhirpath', constrained('name.(')],
    ['slices', [{ id: 'Patient.identifier', path: 'Patient.identifier', slicing }, ...slices]],
    [
      'a-circle',
      [
        {
          id: 'Patient.link.other',
          path: 'Patient.link.other',
          type: [{ code: 'Reference', profile: ['http://hostile.example/a-circle'] }],
        },
      ],
    ],
  ])(
    'by %s keeps nobody waiting',
    async (id, element) => {
      const stored = await server.ask(`PUT StructureDefinition/${id}`, { body: profile(id, element) })
      expect(stored.status, stored.text.slice(0, 500)).toBeLessThan(500)
      const body = {
        resourceType: 'Patient',
        meta: { profile: [`http://hostile.example/${id}`] },
        identifier: Array.from({ length: 100 }, (_, i) => ({ system: `http://s${i * 7}`, value: '1' })),
        name: [{ family: `${'a'.repeat(60)}!` }, { family: 'b' }],
      }
      for (const door of ['POST Patient/$validate', 'POST Patient']) {
        const { status, json } = await server.ask(door, { body })
        expect(status).toBeLessThan(500)
        expect(['OperationOutcome', 'Patient']).toContain(json.resourceType)
      }
      await server.expect(200, 'GET metadata')
    },
    60_000,
  )
})
